"""``recupera restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def restore(
    *,
    file: Annotated[Path, typer.Argument(help="File that recupera backup wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what the database holds; it is gone then.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
) -> None:
    """Put a backup in the place of the database: whole or not at all, brought up to this version.

    Every byte is compared with the checksums of the backup before anything is touched. Stop the service and its
    workers first. When they start again, cases go on where they were at the moment of the backup; what was delivered
    since is delivered again, under the same ids.

    Example: recupera restore backups/monday.zip --data recupera-data && recupera audit --data recupera-data
    """
    from api.commands.recorded import Deed, write_down
    from api.settings import read_settings
    from api.store.backup import Archive, restore
    from classifier.progress import counted

    settings = read_settings({"data": data})
    with Archive.open(file) as archive, counted("restoring", 2 * archive.size) as advance:
        restore(settings.database_url, archive, force=force, advance=advance)
        manifest = archive.manifest
    write_down(settings, "restore", Deed())
    typer.echo(f"restored what Recupera {manifest.version} held at {manifest.made_at}; recupera audit looks it over")
    if manifest.sealed:
        typer.echo("some of it is encrypted: start the service with the RECUPERA_SECRET_KEY of that time", err=True)
