"""Every line of a message that was erased, taken out of the files that exports wrote.

A file is replaced as a whole, or stays as it is. Which messages were erased the store says, so that what one run did
not come to is done by the next.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from api.privacy.copies.forms import DamagedError, ForeignError, Part
from api.privacy.copies.reading import Copy
from api.privacy.copies.replacing import BusyError, Replacement, drop_leftover
from api.store import export_files
from api.store.database import Store
from api.store.export_files import ExportRecord
from classifier.errors import InputError

__all__ = ["Cleaned", "State", "check_named", "clean_all", "clean_file", "host"]

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHOWN: Final = 20
_TRIES: Final = 50
_PAUSE_SECONDS: Final = 0.2
_FOREIGN: Final = "no file of an export: it has neither message_id nor id"
_OF_ANOTHER: Final = "none of its messages is stored here: name the database that it was exported from"
_DAMAGED: Final = "it can't be read to its end"
_BUSY: Final = "another process is writing it: run it again"


class State(StrEnum):
    """What became of a file."""

    SEARCHED = "searched"  # every line was looked at
    ABSENT = "absent"  # it is not where it was written
    ELSEWHERE = "elsewhere"  # it was written on another machine, and is not on this one
    FAILED = "failed"  # it is as it was


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file: ``removed`` counts the lines that were taken out, ``unreadable`` those that were left unread.

    ``unread`` are the numbers of the first twenty of these. ``problem`` says what stood in the way, or what is still to
    be done. Of a file that is remembered: ``host`` is the machine that it was written on, ``at`` when (ISO 8601), and
    ``made_by`` says by whom.
    """

    path: str
    state: State
    removed: int = 0
    unreadable: int = 0
    unread: Sequence[int] = ()
    host: str | None = None
    problem: str | None = None
    at: str | None = None
    made_by: str | None = None

    @property
    def is_left(self) -> bool:
        """Whether something of who was erased may still be in it, for all that is known."""
        return self.state == State.FAILED or self.unreadable > 0


@dataclass(slots=True)
class _Tally:
    named: int = 0
    known: int = 0
    removed: int = 0
    unreadable: int = 0
    unread: list[int] = field(default_factory=list)

    def cannot_read(self, number: int) -> None:
        """Count a line; one that is too long comes in pieces."""
        if self.unread[-1:] != [number]:
            self.unreadable += 1
            self.unread = [*self.unread[:_SHOWN], number]

    def cleaned(self, path: Path, whose: str | None) -> Cleaned:
        """Return what was counted of a file."""
        first = tuple(self.unread[:_SHOWN])
        return Cleaned(str(path), State.SEARCHED, self.removed, self.unreadable, first, whose)


def host() -> str:
    """Return what this machine is called."""
    return socket.gethostname()[:255]


def check_named(path: Path) -> None:
    """Raise ``InputError`` unless a file can be read, and says which messages it is about."""
    try:
        Copy.open(path).close()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ForeignError:
        raise InputError(f"{path}: {_FOREIGN}; nothing was erased") from None


async def clean_all(
    store: Store, named: Sequence[Path] = (), *, also: Collection[str] = (), dry: bool = False
) -> list[Cleaned]:
    """Clean all files that the store remembers and that are on this machine, and those that are named.

    ``also`` are messages that count as erased; ``dry`` counts and changes nothing. What can't be cleaned says so, and
    is no error; raise ``UnavailableError`` if the store can't be asked.
    """
    async with store.read() as connection:
        records = await export_files.every(connection)
    wanted: dict[str, tuple[Path, ExportRecord | None]] = {}
    for path, record in [*((Path(one.path), one) for one in records), *((path, None) for path in named)]:
        wanted.setdefault(await asyncio.to_thread(os.path.realpath, path), (path, record))
    counted, done = frozenset(also), []
    for path, record in wanted.values():
        whose = None if record is None else record.host
        file = await clean_file(store, path, whose, also=counted, dry=dry)
        done.append(file if record is None else _written(file, record))
    return done


async def clean_file(
    store: Store, path: Path, whose: str | None = None, *, also: frozenset[str] = frozenset(), dry: bool = False
) -> Cleaned:
    """Clean one file, written on the machine called ``whose``, as ``clean_all`` does.

    It is read once to see whether there is anything to take out, and only then written anew.
    """
    name, tries = str(path), _TRIES
    while tries:
        try:
            return await _clean(store, path, whose, also, dry=dry)
        except BusyError:
            tries -= 1
            await asyncio.sleep(_PAUSE_SECONDS)
        except DamagedError:
            return Cleaned(name, State.FAILED, host=whose, problem=_DAMAGED)
        except OSError as error:
            return Cleaned(name, State.FAILED, host=whose, problem=error.strerror or _DAMAGED)
    return Cleaned(name, State.FAILED, host=whose, problem=_BUSY)


async def _clean(store: Store, path: Path, whose: str | None, also: frozenset[str], *, dry: bool) -> Cleaned:
    try:
        copy = await asyncio.to_thread(_opened, path, dry=dry)
    except (OSError, ForeignError) as error:
        return _not_there(path, whose, error)
    try:
        found = await _counted(store, copy, also)
        if found.named and not found.known and whose != host():
            return _not_there(path, whose, None)
        if dry or not found.removed:
            return found.cleaned(path, whose)
        return await _without(store, copy, also, found.cleaned(path, whose))
    finally:
        copy.close()


async def _without(store: Store, copy: Copy, also: frozenset[str], found: Cleaned) -> Cleaned:
    """Write a file anew, and look through it: nothing is left, and lines have the numbers that they have now."""
    removed = await _rewrite(store, copy, also)
    new = await asyncio.to_thread(Copy.open, copy.path, copy.form)
    try:
        left = await _counted(store, new, also)
    finally:
        new.close()
    if left.removed:
        raise BusyError
    others = copy.status.st_nlink - 1
    problem = f"{others} more names (hard links) keep what it held" if others else None
    return replace(left.cleaned(Path(found.path), found.host), removed=removed, problem=problem)


def _written(file: Cleaned, record: ExportRecord) -> Cleaned:
    return replace(file, at=record.at.isoformat(timespec="seconds"), made_by=record.made_by)


def _opened(path: Path, *, dry: bool) -> Copy:
    if not dry:
        drop_leftover(Path(os.path.realpath(path)))
    return Copy.open(path)


def _not_there(path: Path, whose: str | None, error: Exception | None) -> Cleaned:
    """Return what to say where there is no file, or one that is none of ours: it may be on another machine."""
    name = str(path)
    if whose not in (None, host()):
        return Cleaned(name, State.ELSEWHERE, host=whose)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Cleaned(name, State.ABSENT, host=whose)
    problem = _OF_ANOTHER if error is None else _FOREIGN
    if isinstance(error, OSError):
        problem = error.strerror or _DAMAGED
    return Cleaned(name, State.FAILED, host=whose, problem=problem)


async def _rewrite(store: Store, copy: Copy, also: frozenset[str]) -> int:
    """Put a file without the lines of erased messages in the place of one, and return how many these were.

    Raise ``BusyError`` if it changes meanwhile.
    """
    tally = _Tally()
    new = await asyncio.to_thread(partial(Replacement.begin, copy.path, like=copy.status))
    try:
        sink = await asyncio.to_thread(copy.form.sink, copy.file, new.file)
        try:
            async for part, keep in _judged(store, copy, also, tally):
                await asyncio.to_thread(sink.write, part, keep)
        finally:
            await asyncio.to_thread(sink.finish)
        if not copy.is_unchanged():
            raise BusyError
        await asyncio.to_thread(new.commit)
    finally:
        new.close()
    return tally.removed


async def _counted(store: Store, copy: Copy, also: frozenset[str]) -> _Tally:
    tally = _Tally()
    async for _ in _judged(store, copy, also, tally):
        pass
    return tally


async def _judged(
    store: Store, copy: Copy, also: frozenset[str], tally: _Tally
) -> AsyncGenerator[tuple[Part, Sequence[bool]]]:
    """Yield the parts of a file, and which lines of each stay."""
    parts = copy.form.parts(copy.file)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        ours = [name for name in part.ids if name and _ID.fullmatch(name)]
        known, erased = await store.look(partial(export_files.known_and_erased, ids=ours))
        keep = [name is None or (name not in erased and name not in also) for name in part.ids]
        tally.named += sum(map(bool, part.ids))
        tally.known += known
        tally.removed += len(keep) - sum(keep)
        for number in (number for number, name in zip(part.numbers, part.ids, strict=True) if name is None):
            tally.cannot_read(number)
        yield part, keep
