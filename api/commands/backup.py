"""``recupera backup``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.errors import InputError

if TYPE_CHECKING:
    from api.settings import Settings
    from api.store.backup import Manifest


def backup(
    *,
    file: Annotated[str, typer.Argument(help="File to write, or - for standard output.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
) -> None:
    """Back up the database as it is at one moment, running cases included, while the service runs.

    SQLite or PostgreSQL, as the settings say; no other program is needed. The file holds what customers wrote: keep it
    as you keep the database. Keys from the environment (RECUPERA_SECRET_KEY) are not in it: keep them elsewhere.

    Example: recupera backup backups/monday.zip --data recupera-data
    """
    from api.commands.recorded import recorded_apart
    from api.commands.stored import check_output
    from api.settings import read_settings

    settings = read_settings({"data": data})
    if file != "-":
        check_output(settings, Path(file))
    sealed, bare = asyncio.run(_secrets(settings))
    if bare:
        typer.echo(f"warning: {bare} secrets are in it as they are: set RECUPERA_SECRET_KEY to encrypt them", err=True)
    with recorded_apart(settings, "backup"):
        manifest = _written(settings, file, sealed=sealed)
    bytes_read = sum(member.size for member in manifest.members.values())
    kept = "; keep RECUPERA_SECRET_KEY apart, it can't be read without" if manifest.sealed else ""
    typer.echo(f"{bytes_read:,} bytes of tables {manifest.revision} as of {manifest.made_at}{kept}", err=True)


async def _secrets(settings: Settings) -> tuple[bool, int]:
    from api.store.backup import secrets_kept

    return await secrets_kept(settings.database_url)


def _written(settings: Settings, file: str, *, sealed: bool) -> Manifest:
    """Write the backup, a file in one move once it is complete."""
    from api.store.backup import backup, being_written, size
    from classifier.progress import counted

    url = settings.database_url
    with counted("backing up", size(url)) as advance:
        if file != "-":
            path = Path(file)
            with being_written(path) as stream:
                return backup(url, stream, path.absolute().parent, sealed=sealed, advance=advance)
        if sys.stdout.isatty():
            raise InputError("a backup is no text for a terminal: name a file, or pipe it to a program")
        return backup(url, sys.stdout.buffer, None, sealed=sealed, advance=advance)
