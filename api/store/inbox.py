"""What was read of each mailbox: the ledger that keeps every mail from being read twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

import sqlalchemy as sa

from api.store import rows
from api.store.database import Connection, lock_together
from api.store.tables import inbox_folders, inbox_mails

__all__ = [
    "FolderRecord",
    "MailRecord",
    "MailState",
    "add",
    "counts",
    "folder",
    "in_state",
    "latest",
    "mark",
    "of_uids",
    "relabel",
    "save_folder",
    "twins",
    "uids",
]

T = TypeVar("T")
_PART: Final = 500
"""How many values one statement names."""


class MailState(StrEnum):
    """How far a mail has come."""

    READ = "read"  # its tags are decided and still to be written
    TAGGED = "tagged"  # its tags are on the server
    SHADOW = "shadow"  # its tags are decided and, in shadow mode, not to be written
    PARKED = "parked"  # no person wrote it to us, or it is our own: not classified
    GONE = "gone"  # somebody took it away before its tags could be written


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail at one place; ``reason`` says why it is parked, or what of it could not be read."""

    id: str
    inbox: str
    folder: str
    uidvalidity: int
    uid: int
    identifier: str | None
    digest: str
    message_id: str | None
    state: str
    reason: str | None
    decided: Sequence[str]
    present: Sequence[str]
    read_at: datetime
    tagged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FolderRecord:
    """How far a folder was read; ``changes`` is the server's HIGHESTMODSEQ (RFC 7162), 0 where it has none."""

    inbox: str
    folder: str
    uidvalidity: int
    upto: int
    changes: int


async def folder(connection: Connection, inbox: str, name: str) -> FolderRecord | None:
    """Return how far a folder was read; ``None`` if it never was."""
    mine = (inbox_folders.c.inbox == inbox, inbox_folders.c.folder == name)
    return await rows.fetch_one(connection, inbox_folders, FolderRecord, *mine)


async def save_folder(connection: Connection, record: FolderRecord) -> None:
    """Store how far a folder was read."""
    await lock_together(connection, f"folder\0{record.inbox}\0{record.folder}")
    mine = (inbox_folders.c.inbox == record.inbox, inbox_folders.c.folder == record.folder)
    changed = await connection.execute(inbox_folders.update().where(*mine).values(**rows.values(record)))
    if not changed.rowcount:
        await rows.insert(connection, inbox_folders, [record])


async def add(connection: Connection, mails: Sequence[MailRecord]) -> None:
    """Store mails; those that another process has stored at the same place are left as they are."""
    if not mails:
        return
    first = mails[0]
    await lock_together(connection, f"folder\0{first.inbox}\0{first.folder}")
    there = await uids(connection, first.inbox, first.folder, first.uidvalidity, [mail.uid for mail in mails])
    await rows.insert(connection, inbox_mails, [mail for mail in mails if mail.uid not in there])


async def uids(connection: Connection, inbox: str, name: str, uidvalidity: int, among: Iterable[int]) -> set[int]:
    """Return those UIDs of a folder that were read."""
    found: set[int] = set()
    for part in _parts(sorted(set(among))):
        where = (*_place(inbox, name, uidvalidity), inbox_mails.c.uid.in_(part))
        found.update((await connection.execute(sa.select(inbox_mails.c.uid).where(*where))).scalars())
    return found


async def of_uids(
    connection: Connection, inbox: str, name: str, uidvalidity: int, wanted: Iterable[int], state: MailState
) -> list[MailRecord]:
    """Return the mails of a folder with these UIDs that are in a state."""
    found: list[MailRecord] = []
    for part in _parts(sorted(set(wanted))):
        where = (*_place(inbox, name, uidvalidity), inbox_mails.c.uid.in_(part), inbox_mails.c.state == state)
        found += await rows.fetch(connection, inbox_mails, MailRecord, *where)
    return found


async def latest(connection: Connection, inbox: str, name: str, uidvalidity: int, *, limit: int) -> list[int]:
    """Return the highest ``limit`` UIDs of a folder's tagged mails."""
    where = (*_place(inbox, name, uidvalidity), inbox_mails.c.state == MailState.TAGGED)
    query = sa.select(inbox_mails.c.uid).where(*where).order_by(inbox_mails.c.uid.desc()).limit(limit)
    return list((await connection.execute(query)).scalars())


async def in_state(
    connection: Connection, inbox: str, states: Collection[MailState], *, limit: int, after: str = ""
) -> list[MailRecord]:
    """Return the first ``limit`` mails of an inbox in one of ``states``, of those past the one called ``after``."""
    where = (inbox_mails.c.inbox == inbox, inbox_mails.c.state.in_(states), inbox_mails.c.id > after)
    query = inbox_mails.select().where(*where).order_by(inbox_mails.c.id).limit(limit)
    return [MailRecord(**row) for row in (await connection.execute(query)).mappings()]


async def twins(connection: Connection, inboxes: Collection[str], digests: Iterable[str]) -> dict[str, MailRecord]:
    """Return by digest the latest record of mails that were read at any place of these inboxes."""
    found: dict[str, MailRecord] = {}
    for part in _parts(sorted(set(digests))):
        where = (inbox_mails.c.inbox.in_(inboxes), inbox_mails.c.digest.in_(part))
        found.update({mail.digest: mail for mail in await rows.fetch(connection, inbox_mails, MailRecord, *where)})
    return found


async def mark(connection: Connection, mails: Sequence[MailRecord], state: MailState, at: datetime | None) -> None:
    """Put mails into a state, at a time if it is that of tagging."""
    for part in _parts([mail.id for mail in mails]):
        changed = inbox_mails.update().where(inbox_mails.c.id.in_(part)).values(state=state, tagged_at=at)
        await connection.execute(changed)


async def relabel(connection: Connection, mail_id: str, present: Sequence[str]) -> None:
    """Say which tags a mail bears now."""
    await connection.execute(inbox_mails.update().where(inbox_mails.c.id == mail_id).values(present=list(present)))


async def counts(connection: Connection, inbox: str) -> Mapping[tuple[str, str | None, tuple[str, ...]], int]:
    """Return how many mails of an inbox there are by state, reason and decided tags, each mail once."""
    latest = sa.select(sa.func.max(inbox_mails.c.id)).where(inbox_mails.c.inbox == inbox).group_by(inbox_mails.c.digest)
    query = sa.select(inbox_mails.c.state, inbox_mails.c.reason, inbox_mails.c.decided)
    found: dict[tuple[str, str | None, tuple[str, ...]], int] = {}
    for state, reason, decided in await connection.execute(query.where(inbox_mails.c.id.in_(latest))):
        key = (state, reason, tuple(decided))
        found[key] = found.get(key, 0) + 1
    return found


def _place(inbox: str, name: str, uidvalidity: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that a mail is of a folder in its present numbering."""
    table = inbox_mails.c
    return table.inbox == inbox, table.folder == name, table.uidvalidity == uidvalidity


def _parts(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut values so that no statement names too many."""
    return (values[start : start + _PART] for start in range(0, len(values), _PART))
