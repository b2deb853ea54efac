"""A customer, a message, or what is old enough, erased: case by case, each in one transaction.

Begun again after a crash it goes on with what is left. What stays are labels, moments and our own identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from api.case_changes import cancel
from api.cases import conversation
from api.errors import NotFoundError
from api.privacy.traces import Traces
from api.store import cases, erasable, erasure, messages, outbox
from api.store.database import Connection, Store, lock_together
from api.store.records import CaseRecord, CaseStatus, EventType, MessageRecord

__all__ = ["Erased", "erase_customer", "erase_message", "erase_older"]

_PART: Final = 100


@dataclass(slots=True)
class Erased:
    """What was erased, or would be: rows by table, and what became of the cases.

    ``message_ids`` are those of the messages, ``since`` is when the oldest of them came in, ``traces`` what is looked
    for afterwards.
    """

    scope: str
    customer_id: str | None = None
    gone: Counter[str] = field(default_factory=Counter)
    message_ids: list[str] = field(default_factory=list)
    since: datetime | None = None
    cases_ended: int = 0
    cases_shared: int = 0
    events: int = 0
    traces: Traces = field(default_factory=Traces)


@dataclass(frozen=True, slots=True)
class _Order:
    """Whose messages go, when, on whose order; ``tell`` the destinations. A ``dry`` one changes nothing.

    ``threads`` are the conversations, by channel and thread, that a name was taken from.
    """

    is_theirs: Callable[[MessageRecord, Sequence[MessageRecord]], bool]
    at: datetime
    into: Erased
    actor: str | None = None
    tell: bool = True
    dry: bool = False
    over_only: bool = False
    threads: set[tuple[str, str]] = field(default_factory=set)


async def erase_customer(
    store: Store, customer_id: str, *, at: datetime, actor: str | None = None, dry: bool = False
) -> Erased:
    """Erase all of a customer, what came without a name in the same conversations too; end the customer's cases."""

    def is_theirs(message: MessageRecord, beside: Sequence[MessageRecord]) -> bool:
        if message.customer_id is None:
            return {other.customer_id for other in beside} <= {None, customer_id}
        return message.customer_id == customer_id

    order = _Order(is_theirs, at, Erased("customer", customer_id), actor, dry=dry)
    order.into.traces.note_customer(customer_id)
    await _all_alone(store, order, beside=customer_id)
    async with store.read() as connection:
        case_ids = await erasable.cases_of(connection, customer_id)
    for case_id in case_ids:
        await _in_transaction(store, order, partial(_case, case_id=case_id, order=order))
    await _all_alone(store, order, customer_id=customer_id)
    await _in_transaction(store, order, lambda connection: _inbound(connection, customer_id, order))
    for channel, thread_id in sorted(order.threads):
        await _late(store, order, channel, thread_id)
    return await _without_examples(store, order)


async def erase_message(
    store: Store, message_id: str, *, at: datetime, actor: str | None = None, dry: bool = False
) -> Erased:
    """Erase one message; its case ends if it holds no other. Raise ``NotFoundError`` if there is no such message.

    Of one that is erased already only what others show of it is looked for once more.
    """
    order = _Order(lambda message, _: message.id == message_id, at, Erased("message"), actor, dry=dry)
    async with store.read() as connection:
        message = await messages.get(connection, message_id)
    if message is None:
        raise NotFoundError("there is no such message")
    if message.erased_at is not None:
        order.into.message_ids.append(message.id)
        order.into.since = message.accepted_at
    elif message.case_id is None:
        await _in_transaction(store, order, lambda connection: _alone(connection, [message], order))
    else:
        case_id = message.case_id
        await _in_transaction(store, order, lambda connection: _case(connection, case_id, order))
    return await _without_examples(store, order)


async def erase_older(store: Store, before: datetime, *, at: datetime, dry: bool = False) -> Erased:
    """Erase messages received before a moment: those without a case, and those of cases that are over and all old.

    No case that runs, or is still to be checked again, is touched. Nobody is told.
    """
    order = _Order(lambda *_: True, at, Erased("age"), tell=False, dry=dry, over_only=True)
    while True:
        async with store.read() as connection:
            limit = None if dry else _PART
            case_ids = await erasable.old_cases(connection, before, limit=limit)
        for case_id in case_ids:
            await _in_transaction(store, order, partial(_case, case_id=case_id, order=order))
        if dry or not case_ids:
            break
    await _all_alone(store, order, before=before)
    return await _without_examples(store, order)


async def _in_transaction(store: Store, order: _Order, work: Callable[[Connection], Any]) -> None:
    """Do work that writes, unless the order is dry."""
    async with store.read() if order.dry else store.write() as connection:
        await work(connection)


async def _all_alone(store: Store, order: _Order, **which: Any) -> None:
    """Erase messages without a case, some in each transaction."""
    if order.dry:
        async with store.read() as connection:
            await _alone(connection, await erasable.lonely(connection, **which), order)
    while not order.dry and await _some_alone(store, order, **which):
        pass


async def _some_alone(store: Store, order: _Order, **which: Any) -> bool:
    """Erase some messages without a case; say whether there were any."""
    async with store.write() as connection:
        found = await erasable.lonely(connection, **which, limit=_PART)
        await _alone(connection, found, order)
    return bool(found)


async def _alone(connection: Connection, found: Sequence[MessageRecord], order: _Order) -> None:
    """Erase messages without a case."""
    await _messages(connection, found, order, thread=True)
    if order.tell and not order.dry:
        for message in found:
            await _tell(connection, order, message.channel, None, [message.id])


async def _case(connection: Connection, case_id: str, order: _Order) -> None:
    """Erase what is theirs of a case, and the case itself if nothing of others is in it."""
    found = await erasable.messages_of_case(connection, case_id)
    names = {name for message in found for name in conversation(message).names}
    if names and not order.dry:
        await lock_together(connection, *names)
    case = await cases.get(connection, case_id, lock=not order.dry)
    if case is None or (order.over_only and (case.status == CaseStatus.OPEN or case.next_at is not None)):
        return
    left = [message for message in await erasable.messages_of_case(connection, case_id) if message.erased_at is None]
    theirs = [message for message in left if order.is_theirs(message, left)]
    others = [message for message in left if message not in theirs]
    await _messages(connection, theirs, order, thread=not others)
    if others:
        await _shared(connection, case, theirs, others, order)
    elif case.erased_at is None:
        await _own(connection, case, order)
    if theirs and order.tell and not order.dry:
        await _tell(connection, order, case.channel, case.id, [message.id for message in theirs])


async def _messages(connection: Connection, theirs: Sequence[MessageRecord], order: _Order, *, thread: bool) -> None:
    into = order.into
    into.message_ids += [message.id for message in theirs]
    moments = [message.accepted_at for message in theirs]
    into.since = min(moments if into.since is None else [into.since, *moments], default=None)
    if order.tell:
        for message in theirs:
            into.traces.note(message, thread=thread)
    if order.dry:
        into.gone["messages"] += len(theirs)
    elif theirs:
        order.threads.update((m.channel, m.thread_id) for m in theirs if m.customer_id and m.thread_id)
        into.gone += await erasure.blank_messages(connection, theirs, order.at)


async def _own(connection: Connection, case: CaseRecord, order: _Order) -> None:
    """End a case whose customer is gone, if it runs, and take from it what tells who it was."""
    into, runs = order.into, case.status == CaseStatus.OPEN
    into.cases_ended += runs
    if order.dry:
        into.gone["cases"] += 1
        return
    if runs:
        case = await cancel(connection, case.id, by=order.actor, note=None, now=order.at)
    elif case.next_at is not None:
        await cases.save(connection, case := replace(case, next_at=None))
    into.gone += await erasure.blank_case(connection, case, order.at)


async def _shared(
    connection: Connection,
    case: CaseRecord,
    theirs: Sequence[MessageRecord],
    others: Sequence[MessageRecord],
    order: _Order,
) -> None:
    """Leave a case to the others whose messages it holds."""
    if not theirs:
        return
    order.into.cases_shared += 1
    if order.dry:
        return
    named = next((message for message in others if message.customer_id), others[0])
    if case.customer_id is not None and case.customer_id not in {message.customer_id for message in others}:
        order.into.gone += await erasure.hand_over(connection, case, named)
    order.into.gone += await erasure.blank_notes(connection, case.id, order.into.traces.occur_in)


async def _inbound(connection: Connection, customer_id: str, order: _Order) -> None:
    """Drop what waits to be taken in: the customer's, and what has no name in a conversation of nobody else."""
    if order.dry:
        return
    theirs = {thread for thread in order.threads if not await erasable.is_named(connection, *thread)}

    def is_theirs(content: Mapping[str, Any]) -> bool:
        who = (content.get("customer") or {}).get("id")
        return who == customer_id or (who is None and (content["channel"], content.get("thread_id")) in theirs)

    order.into.gone["inbound"] += await erasure.drop_inbound(connection, is_theirs, order.at)


async def _late(store: Store, order: _Order, channel: str, thread_id: str) -> None:
    """Erase what came without a name into a conversation while the customer's name was taken from it.

    What is just being taken in is waited for. Later on nothing would tell whose it is.
    """
    async with store.write() as connection:
        await lock_together(connection, *cases.Conversation(channel, thread_id, None).names)
        found = await erasable.of_nameless_thread(connection, channel, thread_id)
        await _alone(connection, [message for message in found if message.case_id is None], order)
    for case_id in sorted({message.case_id for message in found if message.case_id is not None}):
        await _in_transaction(store, order, partial(_case, case_id=case_id, order=order))


async def _without_examples(store: Store, order: _Order) -> Erased:
    """Take the words from alerts too."""
    if not order.dry and order.into.message_ids:
        async with store.write() as connection:
            order.into.gone += await erasure.blank_alerts(connection, order.into.message_ids)
    order.into.gone = +order.into.gone
    return order.into


async def _tell(
    connection: Connection, order: _Order, channel: str, case_id: str | None, message_ids: Sequence[str]
) -> None:
    """Tell by our own names alone what is to be erased elsewhere; it comes after all else that was told of a case."""
    data = {
        "message_id": message_ids[0] if len(message_ids) == 1 else None,
        "external_id": None,
        "channel": channel,
        "case_id": case_id,
        "message_ids": list(message_ids),
        "scope": order.into.scope,
    }
    await outbox.add(connection, outbox.event(EventType.CUSTOMER_ERASED, data, order.at))
    order.into.events += 1
