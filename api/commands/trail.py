"""``recupera trail``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from api.store.trail import TrailFilter, TrailRecord


def trail(
    *,
    about: Annotated[str | None, typer.Option("--object", help="Only about this message, case, key, ….")] = None,
    principal: Annotated[str | None, typer.Option(help="Only by this key, account or system user: its id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most, the newest.")] = 100,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a record.")] = False,
) -> None:
    """Print who read or changed what, newest first; never a word of it.

    Commands are in it too, by the user of the operating system: status 0 is done, 1 failed on its way. No request to
    an open service is: nobody is known to it.

    Example: recupera trail --object 01a22757-2fd5-7348-bb0b-c8d20c39ce32
    """
    from api.settings import read_settings
    from api.store.trail import TrailFilter

    wanted = TrailFilter(object=about, principal=principal)
    found = asyncio.run(_found(read_settings({"data": data}), wanted, limit))
    for record in found:
        typer.echo(_line(record, as_json=as_json))
    if not found:
        typer.echo("nothing is recorded of that", err=True)


async def _found(settings: Settings, wanted: TrailFilter, limit: int) -> list[TrailRecord]:
    from api.commands.stored import inspected
    from api.store import trail as stored

    async with inspected(settings) as connection:
        return await stored.page(connection, wanted, before=None, limit=limit)


def _line(record: TrailRecord, *, as_json: bool) -> str:
    from api.store.rows import values

    if as_json:
        return json.dumps(values(record), ensure_ascii=False, default=lambda moment: moment.isoformat())
    who = f"{record.principal_kind} {record.principal_name}"
    about = " ".join(f"{name}={value}" for name, value in record.objects.items())
    return f"{record.at:%Y-%m-%d %H:%M:%S}Z  {record.status}  {who}: {record.method} {record.route}  {about}".rstrip()
