"""A look at what the service has stored, for commands that change nothing of it."""

from __future__ import annotations

import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.settings import Settings
from api.store.cleaning import is_of
from api.store.database import Connection, Store, UnavailableError, database_url
from classifier.errors import InputError

__all__ = ["advancing", "check_output", "inspected"]


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


@contextmanager
def advancing(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; the function given back is told how many more are done."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        job = bar.add_task(what, total=total)
        yield lambda more: bar.advance(job, more)
