"""A look at what the service has stored, for commands that change nothing of it."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from api.settings import Settings
from api.store.cleaning import is_of
from api.store.database import Connection, Store, UnavailableError, database_url
from classifier.errors import InputError

__all__ = ["check_output", "inspected"]


@asynccontextmanager
async def inspected(settings: Settings) -> AsyncIterator[Connection]:
    """Lend a connection that sees one moment of the database and can't write; raise ``InputError`` if there is none."""
    setting = settings.database.get_secret_value() if settings.database else None
    store = await Store.inspect(database_url(setting, settings.data), settings.vault)
    try:
        async with store.read() as connection:
            yield connection
    except UnavailableError as error:
        raise InputError(str(error)) from None
    finally:
        await store.close()


def check_output(settings: Settings, path: Path) -> None:
    """Raise ``InputError`` if writing a file would put it in the place of a folder, a device or the database itself."""
    with suppress(OSError):  # whoever writes it says what stands in the way
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"can't write {path}: there is something that is no file")
    if is_of(settings.database_url, path):
        raise InputError(f"can't write {path}: it is a file of the database")
