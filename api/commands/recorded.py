"""What commands change or hand out, in the trail: who ran which, and about which of our ids; never a word of it.

A command whose change is one transaction is written down in it: both are kept, or neither. One that makes several, or
hands out what customers wrote, is written down as soon as it ends, whichever way; a process that is killed leaves no
record of that kind. What changes nothing, and shows nothing that customers wrote, is not recorded.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

import typer

from api.access.principal import Principal
from api.access.scopes import EVERY_SCOPE
from api.access.trail import entry
from api.observability import traced
from api.settings import Settings
from api.store import trail
from api.store.database import Connection, Store
from classifier.errors import RecuperaError

__all__ = ["COMMAND", "Deed", "Note", "operator", "record", "recorded", "recorded_apart", "write_down"]

COMMAND: Final = "COMMAND"
"""What stands in the place of a request's method."""
Note = Callable[..., Awaitable[None]]
"""``record`` of a command: takes the connection of the change, and by their names the ids of what it is about."""
_LONGEST_ID: Final = 36
_LONGEST_NAME: Final = 128
_FAILED: Final = 1


@dataclass(slots=True)
class Deed:
    """What came of a command: the ids of what it was about, and whether it did all it was to do."""

    ids: dict[str, str] = field(default_factory=dict)
    whole: bool = True


def operator() -> Principal:
    """Return who runs this command: the user of the operating system."""
    try:
        import pwd
    except ImportError:  # not a POSIX system
        name = getpass.getuser()
    else:
        number = os.getuid()
        try:
            name = pwd.getpwuid(number).pw_name
        except KeyError:  # in a container, for instance
            name = f"uid {number}"
    return Principal("operator", name[:_LONGEST_ID], name[:_LONGEST_NAME], EVERY_SCOPE)


async def record(connection: Connection, *, settings: Settings, command: str, **ids: str) -> None:
    """Write a command down in the transaction of what it changes."""
    await _add(connection, settings, command, ids, 0)


@asynccontextmanager
async def recorded(store: Store, settings: Settings, command: str) -> AsyncIterator[Deed]:
    """Write down what is done in the block when it ends, also if it fails; it may say more by what it is lent."""
    deed = Deed()
    try:
        with _judged(deed):
            yield deed
    finally:
        await _after(store, settings, command, deed)


@contextmanager
def recorded_apart(settings: Settings, command: str) -> Iterator[Deed]:
    """Do as ``recorded`` does, for what has no store open and no event loop."""
    deed = Deed()
    try:
        with _judged(deed):
            yield deed
    finally:
        write_down(settings, command, deed)


@contextmanager
def _judged(deed: Deed) -> Iterator[None]:
    """Hold that a deed is not whole if its block fails."""
    try:
        yield
    except BaseException:
        deed.whole = False
        raise


def write_down(settings: Settings, command: str, deed: Deed) -> None:
    """Write a deed down, where no store is open; no key is needed for that."""

    async def write() -> None:
        store = await Store.attach(settings.database_url)
        try:
            await _after(store, settings, command, deed)
        finally:
            await store.close()

    try:
        asyncio.run(write())
    except RecuperaError as error:
        _warn(command, str(error))


async def _after(store: Store, settings: Settings, command: str, deed: Deed) -> None:
    """Write a deed down; what was done is not undone, nor an error hidden, because that fails."""
    try:
        async with store.write() as connection:
            await _add(connection, settings, command, deed.ids, 0 if deed.whole else _FAILED)
    except Exception as error:  # noqa: BLE001, RUF100 - the database may refuse in many ways
        _warn(command, traced(error))


async def _add(connection: Connection, settings: Settings, command: str, ids: Mapping[str, str], status: int) -> None:
    if settings.access.trail_days:
        await trail.add(connection, [entry(operator(), COMMAND, command, ids, status)])


def _warn(command: str, why: str) -> None:
    typer.echo(f"warning: the trail does not hold this {command}: {why}", err=True)
