"""``recupera export``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.commands.recorded import Deed
    from api.settings import Settings
    from api.store.database import Store


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

    The file holds what customers wrote, clear also where the database is encrypted: keep it as such. It is for you
    alone, unless there was one whose mode it keeps. Where it is is remembered, so that recupera erase and the term of
    keep_messages_days reach it as long as it stays there; what you move, copy or write to standard output is yours to
    name by recupera erase --file.

    Example: recupera export --feedback --output runs/support/feedback.jsonl
    """
    from api.commands.stored import check_output
    from api.settings import read_settings

    if not feedback:
        raise InputError("say what to export: --feedback")
    settings = read_settings({"data": data})
    if output is not None:
        check_output(settings, output)
    count = asyncio.run(_export(settings, output, masked=not clear))
    typer.echo(f"{count} corrected messages" + (f" in {output}" if output else ""), err=True)


async def _export(settings: Settings, output: Path | None, *, masked: bool) -> int:
    """Write the lines; return how many."""
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
        deed = await stack.enter_async_context(recorded(store, settings, "export --feedback"))
        if output is not None:
            return await _to_file(store, output, deed, masked=masked)
        connection = await stack.enter_async_context(store.read())
        return await _write(feedback.training_lines(connection, masked=masked), sys.stdout.write)


async def _to_file(store: Store, output: Path, deed: Deed, *, masked: bool) -> int:
    """Write a file in one move once it is complete, remembered before there is a word in it: an erasure finds it."""
    from api.commands.recorded import operator
    from api.privacy.copies.cleaning import clean_file, host
    from api.privacy.copies.replacing import BusyError, Replacement
    from api.store import export_files, feedback
    from api.store.identifiers import new_id

    path = output.parent.resolve() / output.name
    record = export_files.ExportRecord(
        new_id(), host(), _storable(path), datetime.now(UTC), None, masked, operator().name
    )
    try:
        with Replacement.begin(path) as new:
            async with store.write() as connection:
                await export_files.begin(connection, record)
            deed.ids["export_id"] = record.id
            async with store.read() as connection:
                lines = feedback.training_lines(connection, masked=masked)
                count = await _write(lines, lambda line: new.file.write(line.encode()))
            new.commit()
    except BusyError:
        raise InputError(f"can't write {output}: another process is writing it") from None
    except OSError as error:
        if not path.is_file():
            async with store.write() as connection:
                await export_files.forget(connection, record.id)
        raise InputError(f"can't write {output}: {error.strerror}") from None
    async with store.write() as connection:
        await export_files.finish(connection, record.id, count)
    await clean_file(store, path)  # of what was erased while it was written
    return count


def _storable(path: Path) -> str:
    """Return a path as it is remembered."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError("--output: the name of the file, or of a folder on its way, is not UTF-8") from None
    return str(path)


async def _write(lines: AsyncIterator[dict[str, Any]], write: Callable[[str], object]) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    async for line in lines:
        write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count
