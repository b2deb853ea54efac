"""What is done while a mailbox is open: old tags finished, new mail taken in, people's changes heard.

The order of a mail: read, judged, noted in the ledger with the tags it is to have, tagged, noted as tagged. A process
may die between any two: what is noted and not tagged is tagged at the next start, what is not noted is read again, and
the intake knows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from api import corrections as kept_corrections
from api.channels.email import corrections, mime
from api.channels.email.connection import Mailbox
from api.channels.email.judging import Judge, Verdict
from api.channels.email.parking import parked
from api.channels.email.responses import Fetched
from api.channels.email.settings import InboxSettings, Write
from api.channels.email.tagging import REVIEW
from api.channels.email.writing import Writer
from api.errors import ErasedError
from api.observability import traced
from api.store import inbox as ledger
from api.store import messages, tombstones
from api.store.database import Store, UnavailableError
from api.store.identifiers import new_id
from api.store.inbox import FolderRecord, MailRecord, MailState
from api.store.records import ReviewStatus

__all__ = ["Desk", "Session"]

_BATCH: Final = 64
_BATCH_BYTES: Final = 24 * 1024 * 1024
_ERASED: Final = "erased before"
_WATCHED: Final = 500
"""Mails, the latest ones, whose tags are looked at on servers that can't say what changed."""

R = TypeVar("R")
log = logging.getLogger("recupera.inbox")


class Threaded(Protocol):
    """Runs what blocks, in the one thread that may use the connection."""

    def __call__(self, function: Callable[..., R], *arguments: Any) -> Awaitable[R]:
        """Run it there."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a mailbox's mail is worked on with; ``advance`` is told how many mails more are done.

    ``siblings`` are the names of the other inboxes of the same account: mail that is moved to them is the same mail.
    """

    inbox: InboxSettings
    store: Store
    judge: Judge
    writer: Writer | None
    advance: Callable[[int], None] = lambda _: None
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """A mail out of its bytes; ``reason`` says why it is parked or can't be read."""

    fetched: Fetched
    digest: str
    mail: mime.Mail | None
    reason: str | None
    parked: bool


class Session:
    """One open mailbox. Work ends between two batches once ``ended`` says so; what is left is done the next time."""

    def __init__(self, desk: Desk, mailbox: Mailbox, threaded: Threaded, ended: Callable[[], bool]) -> None:
        self._desk = desk
        self._inbox = desk.inbox
        self._mailbox = mailbox
        self._threaded = threaded
        self._ended = ended
        self._place = FolderRecord(
            desk.inbox.name, desk.inbox.folder, mailbox.state.uidvalidity, 0, mailbox.state.changes
        )

    async def begin(self) -> None:
        """Find where an earlier session stopped, and finish what it left."""
        async with self._desk.store.read() as connection:
            known = await ledger.folder(connection, self._inbox.name, self._inbox.folder)
        if known is not None and known.uidvalidity == self._place.uidvalidity:
            self._place = known
        elif known is not None:
            log.warning("inbox %s: the server has numbered the folder anew; mail is recognised", self._inbox.name)
        await self._finish_pending()

    async def take_new(self) -> int:
        """Take in what arrived since the last look, and what arrives meanwhile before it; return how many mails."""
        left = await self._above(self._place.upto)
        highest, done = max(left, default=self._place.upto), 0
        while left:
            part = left[:_BATCH]
            done += await self.take(part)
            if self._ended():
                break
            await self._threaded(self._mailbox.refresh)
            newer = await self._above(highest)
            highest = max(newer, default=highest)
            left = [*newer, *left[len(part) :]]
        upto = min(left) - 1 if left else highest
        if upto > self._place.upto:
            await self._save(replace(self._place, upto=upto))
        return done

    async def _above(self, uid: int) -> list[int]:
        """Return the UIDs of mails above one."""
        return await self._threaded(lambda: self._mailbox.uids(above=uid, since=self._inbox.since))

    async def take(self, uids: Sequence[int]) -> int:
        """Take in those of ``uids`` that were not read before, unless it is to end; return how many there were."""
        place = self._place
        async with self._desk.store.read() as connection:
            seen = await ledger.uids(connection, place.inbox, place.folder, place.uidvalidity, uids)
        self._desk.advance(len(seen))
        new = [uid for uid in uids if uid not in seen]
        sizes = await self._threaded(self._mailbox.sizes, new)
        for batch in self._batches(sizes):
            if self._ended():
                break
            fetched = await self._threaded(self._mailbox.read, batch)
            await self._take_batch(fetched)
            self._desk.advance(len(batch))
        self._desk.advance(len(new) - len(sizes))
        return len(sizes)

    async def write_shadow(self) -> int:
        """Write the tags that were decided in shadow mode; return how many mails have them now."""
        if self._desk.writer is None:
            return 0
        return await self._finish(MailState.SHADOW)

    async def hear(self) -> int:
        """Take people's changes of our tags as corrections; return how many."""
        if self._desk.writer is None or not self._desk.writer.reads_back:
            return 0
        seen, changes = await self._changed()
        place, there = self._place, self._desk.writer.there
        async with self._desk.store.read() as connection:
            mails = await ledger.of_uids(
                connection, place.inbox, place.folder, place.uidvalidity, seen, MailState.TAGGED
            )
        differing = [(mail, now) for mail in mails if (now := there(seen[mail.uid])) != tuple(mail.present)]
        if corrections.lost_at_once([(mail.present, now) for mail, now in differing]):
            log.warning("inbox %s: %d mails lost all tags at once: not a correction", place.inbox, len(differing))
            async with self._desk.store.write() as connection:
                for mail, now in differing:
                    await ledger.relabel(connection, mail.id, now)
            differing = []
        for mail, now in differing:
            await self._correct(mail, now)
        if changes != place.changes:
            await self._save(replace(self._place, changes=changes))
        return len(differing)

    async def _changed(self) -> tuple[dict[int, Fetched], int]:
        """Return by UID the mails whose flags may have changed, and how far the changes were read."""
        place = self._place
        if "CONDSTORE" in self._mailbox.capabilities and place.changes:
            found = await self._threaded(self._mailbox.changes, place.changes)
            return {mail.uid: mail for mail in found}, max([place.changes, *(mail.change for mail in found)])
        async with self._desk.store.read() as connection:
            uids = await ledger.latest(connection, place.inbox, place.folder, place.uidvalidity, limit=_WATCHED)
        return await self._threaded(self._mailbox.marks, uids), place.changes

    async def _correct(self, mail: MailRecord, now: Sequence[str]) -> None:
        """Keep one correction, and that it was heard, together."""
        meant = corrections.correction(mail.present, now)
        async with self._desk.store.write() as connection:
            await ledger.relabel(connection, mail.id, now)
            message = await messages.get(connection, mail.message_id) if mail.message_id and meant else None
            if message is None or meant is None:
                return
            if meant.labels is None:
                await messages.set_review(connection, message.id, ReviewStatus.DONE)
                return
            reviewer = f"inbox {self._inbox.name}"
            await kept_corrections.keep(connection, message, meant.labels, reviewer=reviewer, comment=meant.comment)

    async def _take_batch(self, fetched: Sequence[Fetched]) -> None:
        """Read, judge, note, tag."""
        read = await asyncio.to_thread(lambda: [_read(mail, self._inbox) for mail in fetched])
        async with self._desk.store.read() as connection:
            digests = [mail.digest for mail in read]
            twins = await ledger.twins(connection, self._desk.siblings, digests)
            twins = {digest: twin for digest, twin in twins.items() if self._may_stand(twin)}
            twins |= await ledger.twins(connection, [self._inbox.name], digests)
            erased = await tombstones.erased_mails(connection, digests)
        records = await asyncio.gather(
            *(self._record(mail, twins.get(mail.digest), erased=mail.digest in erased) for mail in read)
        )
        async with self._desk.store.write() as connection:
            await ledger.add(connection, records)
        pending = [record for record in records if record.state == MailState.READ]
        await self._tag(pending, {mail.uid: mail for mail in fetched})

    def _may_stand(self, twin: MailRecord) -> bool:
        """Say whether what was noted in another inbox says enough here, where mail may be kept that was not there."""
        final = twin.message_id is not None or twin.state == MailState.PARKED or twin.reason == _ERASED
        return final or not self._inbox.store

    async def _record(self, read: _Read, twin: MailRecord | None, *, erased: bool) -> MailRecord:
        """Return what the ledger notes of a mail: what it noted before, if the mail was only moved or numbered anew."""
        state, reason, message_id = self._state_of_new, read.reason, None
        decided: Sequence[str] = ()
        if twin is not None:
            decided = twin.present if twin.state == MailState.TAGGED else twin.decided
            reason, message_id = twin.reason, twin.message_id
            if twin.state == MailState.PARKED:
                state = MailState.PARKED
            elif self._inbox.write is Write.FOLDERS and twin.state == MailState.TAGGED:
                state = MailState.TAGGED  # somebody has moved it back
        elif read.parked:
            state = MailState.PARKED
        elif read.mail is None:
            decided = (REVIEW,)
        elif erased:
            reason = _ERASED
        else:
            verdict, reason = await self._judged(read.mail, read.fetched)
            decided, message_id = verdict.tags, verdict.message_id
        return MailRecord(
            id=new_id(),
            inbox=self._inbox.name,
            folder=self._inbox.folder,
            uidvalidity=self._place.uidvalidity,
            uid=read.fetched.uid,
            identifier=read.mail.identifier if read.mail and reason != _ERASED else None,
            digest=read.digest,
            message_id=message_id,
            state=state,
            reason=reason,
            decided=list(decided),
            present=list(decided) if state != MailState.PARKED else [],
            read_at=datetime.now(UTC),
        )

    async def _judged(self, mail: mime.Mail, fetched: Fetched) -> tuple[Verdict, str | None]:
        """Return the verdict on a mail; one that can't be judged is for a person, and does not stop its neighbours."""
        try:
            return await self._desk.judge.judge(self._inbox.name, mail, fetched.received_at), None
        except UnavailableError:
            raise
        except ErasedError:
            return Verdict(()), _ERASED
        except Exception as error:
            log.error("inbox %s: a mail can't be judged: %s", self._inbox.name, traced(error))  # noqa: TRY400, RUF100
            return Verdict((REVIEW,)), f"failed: {type(error).__name__}"[:64]

    @property
    def _state_of_new(self) -> MailState:
        return MailState.SHADOW if self._desk.writer is None else MailState.READ

    async def _finish_pending(self) -> None:
        """Write the tags that an earlier session decided and may not have written."""
        if self._desk.writer is not None:
            await self._finish(MailState.READ)

    async def _finish(self, state: MailState) -> int:
        """Write the tags of all mails in a state; those that are not here any more are noted as gone."""
        done, last, place = 0, "", self._place
        while True:
            async with self._desk.store.read() as connection:
                pending = await ledger.in_state(connection, place.inbox, [state], limit=_BATCH * 4, after=last)
            if not pending or self._ended():
                return done
            last = pending[-1].id
            here = [mail for mail in pending if (mail.folder, mail.uidvalidity) == (place.folder, place.uidvalidity)]
            there = await self._threaded(self._mailbox.marks, [mail.uid for mail in here])
            await self._gone([mail for mail in here if mail.uid not in there])
            await self._gone([m for m in pending if m.folder == place.folder and m.uidvalidity != place.uidvalidity])
            found = [mail for mail in here if mail.uid in there]
            await self._tag(found, there)
            done += len(found)

    async def _gone(self, mails: Sequence[MailRecord]) -> None:
        """Note mails that are not where they were: in folder mode it was us who moved them."""
        moved = self._inbox.write is Write.FOLDERS
        state = MailState.TAGGED if moved else MailState.GONE
        async with self._desk.store.write() as connection:
            await ledger.mark(connection, mails, state, datetime.now(UTC) if moved else None)

    async def _tag(self, mails: Sequence[MailRecord], there: dict[int, Fetched]) -> None:
        """Write tags, of mails with the same ones together; a mail that bears tags of ours already keeps them."""
        writer = self._desk.writer
        if writer is None or not mails:
            return
        groups: dict[tuple[str, ...], list[int]] = {}
        done: set[int] = set()
        for mail in mails:
            if (bears := writer.there(there[mail.uid])) or not mail.decided:
                done.add(mail.uid)
                if bears and bears != tuple(mail.present):
                    async with self._desk.store.write() as connection:
                        await ledger.relabel(connection, mail.id, bears)
            else:
                groups.setdefault(tuple(mail.decided), []).append(mail.uid)
        for tags, uids in groups.items():
            done |= await self._threaded(writer.write, self._mailbox, uids, tags)
        tagged = [mail for mail in mails if mail.uid in done]
        async with self._desk.store.write() as connection:
            await ledger.mark(connection, tagged, MailState.TAGGED, datetime.now(UTC))
        if missing := [mail for mail in mails if mail.uid not in done]:
            await self._not_kept(missing)

    async def _not_kept(self, mails: Sequence[MailRecord]) -> None:
        """Note mails that went away while they were tagged; say so if the server has dropped tags."""
        there = await self._threaded(self._mailbox.marks, [mail.uid for mail in mails])
        await self._gone([mail for mail in mails if mail.uid not in there])
        if there:
            log.error("inbox %s: the server did not keep the tags of %d mails", self._inbox.name, len(there))

    async def _save(self, place: FolderRecord) -> None:
        async with self._desk.store.write() as connection:
            await ledger.save_folder(connection, place)
        self._place = place

    def _batches(self, sizes: dict[int, int]) -> Iterator[list[int]]:
        """Cut mails into batches of bounded number and size, in the order of their UIDs."""
        batch: list[int] = []
        total = 0
        for uid in sorted(sizes):
            size = min(sizes[uid], self._inbox.max_bytes)
            if batch and (len(batch) >= _BATCH or total + size > _BATCH_BYTES):
                yield batch
                batch, total = [], 0
            batch.append(uid)
            total += size
        if batch:
            yield batch


def _read(fetched: Fetched, inbox: InboxSettings) -> _Read:
    """Make sense of a mail's bytes; nothing in a mail can stop its neighbours."""
    try:
        message = mime.parse(fetched.raw)
        why = parked(message, inbox)
        mail = mime.read(message, fetched.raw)
    except Exception as error:
        why_not = str(error) if isinstance(error, mime.UnreadableError) else type(error).__name__
        return _Read(fetched, mime.rough_digest(fetched.raw), None, f"unreadable: {why_not}"[:64], parked=False)
    return _Read(fetched, mail.digest, mail, why and why.value, parked=why is not None)
