"""Backups of what the service has stored, and of its running workflows with it, as of one moment.

On SQLite the two files, by SQLite's own backup; on PostgreSQL the rows of both schemas, by COPY. Keys from the
environment are never in a backup: what they encrypted stays encrypted in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.store.backup import sqlite
from api.store.backup.archive import Archive, Manifest, Writer, being_written
from api.store.database import Store
from api.store.migrate import check_known, head
from api.store.tables import destinations, seals, server_secrets
from classifier.errors import InputError

__all__ = ["Archive", "Manifest", "backup", "being_written", "restore", "secrets_kept", "size"]

Advance = Callable[[int], None]
"""Told how many bytes more are done."""


async def secrets_kept(url: URL) -> tuple[bool, int]:
    """Return whether anything in a database is encrypted, and how many secrets are in it as they are.

    Raise ``InputError`` if there is no database, or one with the tables of another version.
    """
    store = await Store.inspect(url)
    try:
        async with store.read() as connection:
            kept = [*(await connection.execute(sa.select(server_secrets.c.secret))).scalars()]
            for several in (await connection.execute(sa.select(destinations.c.secrets))).scalars():
                kept += several
            seal = (await connection.execute(sa.select(seals.c.name).limit(1))).first()
    finally:
        await store.close()
    return seal is not None or any("sealed" in secret for secret in kept), sum("secret" in secret for secret in kept)


def backup(url: URL, stream: BinaryIO, folder: Path | None, *, sealed: bool, advance: Advance) -> Manifest:
    """Write a backup of a database that ``secrets_kept`` has looked at, beside whoever uses it.

    ``folder`` is where copies are made meanwhile, by default where this machine keeps temporary files.
    """
    writer = Writer(stream)
    try:
        with _engine(url, writing=True) as engine:
            engine.dump(url, writer, folder or Path(tempfile.gettempdir()), advance)
    except BaseException:
        writer.abandon()
        raise
    return writer.close(database=url.get_backend_name(), revision=head(), sealed=sealed)


def size(url: URL) -> int:
    """Return how many bytes there are to write, about."""
    with _engine(url) as engine:
        return int(engine.size(url))


def restore(url: URL, archive: Archive, *, force: bool = False, advance: Advance = lambda _: None) -> None:
    """Put what a backup holds in the place of what is there, whole or not at all, and bring its tables up to date.

    Raise ``InputError`` if the backup is damaged, of the other kind of database or of a newer Recupera; if a service
    or a worker uses the database; or if that holds anything and ``force`` is not given.
    """
    made_on, here = archive.manifest.database, url.get_backend_name()
    if made_on != here:
        raise InputError(f"the backup is of {made_on}, and this database is {here}: set RECUPERA_DATABASE to one")
    check_known(archive.manifest.revision)
    archive.verify(advance)
    with _engine(url) as engine:
        engine.load(url, archive, force=force, advance=advance)


@contextmanager
def _engine(url: URL, *, writing: bool = False) -> Iterator[ModuleType]:
    """Lend what knows the kind of a database, and say plainly what database or disk said.

    Of a stream that can't be written to, the caller who opened it says what it is.
    """
    module, where = _module(url), url.render_as_string(hide_password=True)
    try:
        yield module
    except (DBAPIError, *module.ERRORS) as error:
        said = str(getattr(error, "orig", error)).splitlines() or [type(error).__name__]
        raise InputError(f"the database {where}: {said[0]}") from None
    except OSError as error:
        if writing and error.filename is None:
            raise
        raise InputError(f"{error.filename or where}: {error.strerror}") from None


def _module(url: URL) -> ModuleType:
    if url.get_backend_name() == "sqlite":
        return sqlite
    try:
        from api.store.backup import postgres
    except ModuleNotFoundError as error:
        raise InputError(f"PostgreSQL needs {error.name}: pip install 'recupera[postgres]'") from None
    return postgres
