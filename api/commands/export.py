"""``recupera export``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.settings import Settings


def export(
    *,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="The latest correction of each message, as lines that train reads.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSONL file to write; standard output by default.")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Write the texts as customers wrote them, personal data and all.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
) -> None:
    """Write what the service has stored, for other programs: what identifies somebody is put as <PHONE> and the like.

    The file holds what customers wrote: keep it as such, and remember it when one of them is to be erased.

    Example: recupera export --feedback --output runs/support/feedback.jsonl
    """
    from api.settings import read_settings

    if not feedback:
        raise InputError("say what to export: --feedback")
    count = asyncio.run(_export(read_settings({"data": data}), output, masked=not clear))
    typer.echo(f"{count} corrected messages" + (f" in {output}" if output else ""), err=True)


async def _export(settings: Settings, output: Path | None, *, masked: bool) -> int:
    """Write the lines, a file in one move once it is complete; return how many."""
    from api.commands.recorded import recorded
    from api.store import feedback
    from api.store.database import Store, database_url

    setting = settings.database.get_secret_value() if settings.database else None
    url = database_url(setting, settings.data)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise InputError(f"{settings.data} holds no database: name the service's folder by --data")
    store = await Store.open(url, settings.vault)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await stack.enter_async_context(recorded(store, settings, "export --feedback"))
        connection = await stack.enter_async_context(store.read())
        lines = feedback.training_lines(connection, masked=masked)
        if output is None:
            return await _write(lines, sys.stdout)
        partial = output.with_name(f".{output.name}.part")
        try:
            with partial.open("w", encoding="utf-8") as file:
                count = await _write(lines, file)
            partial.replace(output)
        except OSError as error:
            raise InputError(f"can't write {output}: {error.strerror}") from None
        finally:
            partial.unlink(missing_ok=True)
        return count


async def _write(lines: AsyncIterator[dict[str, Any]], file: TextIO) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    async for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count
