"""Rows without the person: each kind of row that knows of a message or a case loses its words, names and addresses.

What stays are labels, moments and our own identifiers, so that figures, deadlines and the audit hold as before. Every
function works within its caller's transaction and may be done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa

from api.store import tombstones
from api.store.database import Connection
from api.store.inbound import drop_told
from api.store.records import CaseRecord, EventType, MessageRecord, OutboxKind
from api.store.tables import (
    alerts,
    cases,
    feedback,
    history,
    inbound,
    inbox_mails,
    messages,
    outbox,
    steps,
    writebacks,
)

__all__ = ["ERASED", "blank_alerts", "blank_case", "blank_messages", "blank_notes", "drop_inbound", "hand_over"]

ERASED: Final = "erased-"
"""What the ``external_id`` of an erased message begins with; its own id follows."""

Gone = Counter[str]
"""How many rows of each table lost something."""


async def blank_messages(connection: Connection, found: Sequence[MessageRecord], at: datetime) -> Gone:
    """Take from messages, and from what was told, noted and kept of each, all that says who or in which words."""
    names = [tombstones.message_name(message.channel, message.external_id) for message in found]
    names += [tombstones.key_name(message.idempotency_key) for message in found if message.idempotency_key]
    await tombstones.bury(connection, names, at)
    for message in found:
        blank: dict[str, Any] = {
            "external_id": f"{ERASED}{message.id}",
            "idempotency_key": None,
            "content_hash": "",
            "text": "",
            "metadata": {},
            "customer": _country(message.customer),
            "customer_id": None,
            "thread_id": None,
            "classification": _bare(message.classification),
            "personal": [],
            "erased_at": at,
        }
        await connection.execute(messages.update().where(messages.c.id == message.id).values(blank))
    ids = [message.id for message in found]
    gone = Gone(messages=len(ids))
    gone["feedback"] = await _update(connection, feedback, ids, feedback.c.comment.is_not(None), comment=None)
    gone["inbound"] = await drop_told(connection, ids)
    gone["writebacks"] = (
        await connection.execute(writebacks.delete().where(writebacks.c.message_id.in_(ids)))
    ).rowcount
    gone["inbox_mails"] = await _blank_mails(connection, ids, at)
    gone["outbox"] = await _blank_events(connection, outbox.c.message_id.in_(ids))
    return gone


async def blank_case(connection: Connection, case: CaseRecord, at: datetime) -> Gone:
    """Take from a case whose customer is gone all that says who, and what agents noted; nobody checks again."""
    blank = {"customer": _country(case.customer), "customer_id": None, "thread_id": None, "erased_at": at}
    await connection.execute(cases.update().where(cases.c.id == case.id).values(blank))
    gone = Gone(cases=1) + await blank_notes(connection, case.id, lambda _: True)
    gone["outbox"] += await _blank_events(connection, outbox.c.case_id == case.id)
    return gone


async def hand_over(connection: Connection, case: CaseRecord, to: MessageRecord) -> Gone:
    """Make a case of several customers that of another one of them."""
    whose = {"customer": to.customer, "customer_id": to.customer_id, "thread_id": to.thread_id}
    await connection.execute(cases.update().where(cases.c.id == case.id).values(whose))
    return Gone(cases=1)


async def blank_notes(connection: Connection, case_id: str, is_about: Callable[[str], bool]) -> Gone:
    """Take the notes of agents from a case that are about who is erased."""
    gone = Gone()
    of_case = (steps.c.case_id == case_id, steps.c.note.is_not(None))
    query = sa.select(steps.c.revision, steps.c.id, steps.c.note).where(*of_case)
    for revision, name, note in (await connection.execute(query)).all():
        if is_about(note):
            this = (steps.c.case_id == case_id, steps.c.revision == revision, steps.c.id == name)
            await connection.execute(steps.update().where(*this).values(note=None))
            gone["steps"] += 1
    happened = sa.select(history.c.id, history.c.detail).where(history.c.case_id == case_id)
    for name, detail in (await connection.execute(happened)).all():
        if detail.get("note") and is_about(detail["note"]):
            kept = {**detail, "note": None}
            await connection.execute(history.update().where(history.c.id == name).values(detail=kept))
            gone["history"] += 1
    return gone


async def drop_inbound(connection: Connection, which: Callable[[Mapping[str, Any]], bool], at: datetime) -> int:
    """Delete what help desks sent of which the content fits and nothing was made yet; return how many."""
    waiting = sa.select(inbound.c.id, inbound.c.content).where(inbound.c.content.is_not(None))
    gone = 0
    for name, content in (await connection.execute(waiting)).all():
        if "external_id" in content and which(content):
            await tombstones.bury(connection, [tombstones.message_name(content["channel"], content["external_id"])], at)
            await connection.execute(inbound.delete().where(inbound.c.id == name))
            gone += 1
    return gone


async def blank_alerts(connection: Connection, message_ids: Sequence[str]) -> Gone:
    """Take the words of messages from alerts that show them as examples, and from what was told of these."""
    gone, ids = Gone(), frozenset(message_ids)
    for name, examples in (await connection.execute(sa.select(alerts.c.id, alerts.c.examples))).all():
        if (kept := _without_words(examples, ids)) != list(examples):
            await connection.execute(alerts.update().where(alerts.c.id == name).values(examples=kept))
            gone["alerts"] += 1
    told = sa.select(outbox.c.id, outbox.c.data).where(outbox.c.type == EventType.ALERT_RAISED)
    for name, data in (await connection.execute(told)).all():
        examples = data.get("examples", [])
        if (kept := _without_words(examples, ids)) != list(examples):
            changed = {**data, "examples": kept}
            await connection.execute(outbox.update().where(outbox.c.id == name).values(data=changed))
            gone["outbox"] += 1
    return gone


def _without_words(examples: Sequence[Mapping[str, Any]], ids: frozenset[str]) -> list[Mapping[str, Any]]:
    return [{**item, "phrase": None} if item["message_id"] in ids else item for item in examples]


async def _blank_events(connection: Connection, which: sa.ColumnElement[bool]) -> int:
    """Take from events the words, and the name by which another system knows the message."""
    found = await _events(connection, which)
    for name, message_id, data in found:
        blank = {**data, "external_id": f"{ERASED}{message_id}" if message_id else None}
        if data.get("classification"):
            blank["classification"] = _bare(data["classification"])
        await connection.execute(outbox.update().where(outbox.c.id == name).values(data=blank))
    return len(found)


async def _events(
    connection: Connection, which: sa.ColumnElement[bool]
) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return id, message and data of events that name a message by its own name."""
    query = sa.select(outbox.c.id, outbox.c.message_id, outbox.c.data).where(which, outbox.c.kind == OutboxKind.EVENT)
    found = (await connection.execute(query)).all()
    return [(name, message, data) for name, message, data in found if not _is_blank(data)]


def _is_blank(data: Mapping[str, Any]) -> bool:
    named = data.get("external_id")
    words = data.get("classification") or {}
    return (named is None or named.startswith(ERASED)) and not (words.get("evidence") or words.get("facts"))


async def _blank_mails(connection: Connection, ids: Sequence[str], at: datetime) -> int:
    """Forget which mails of a server these messages were; they are not read again, wherever they are moved."""
    query = sa.select(inbox_mails.c.id, inbox_mails.c.digest).where(inbox_mails.c.message_id.in_(ids))
    found = (await connection.execute(query)).all()
    await tombstones.bury(connection, [tombstones.mail_name(digest) for _, digest in found], at)
    for name, _ in found:
        blank = {"identifier": None, "digest": sha256(f"{ERASED}{name}".encode()).hexdigest()}
        await connection.execute(inbox_mails.update().where(inbox_mails.c.id == name).values(blank))
    return len(found)


async def _update(
    connection: Connection, table: sa.Table, ids: Sequence[str], where: sa.ColumnElement[bool], **values: Any
) -> int:
    of_messages = table.update().where(table.c.message_id.in_(ids), where)
    return (await connection.execute(of_messages.values(values))).rowcount


def _bare(classification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the labels without what they rest on."""
    return {**classification, "evidence": [], "facts": []}


def _country(customer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what figures count a customer by."""
    country = (customer or {}).get("country")
    return None if country is None else {"country": country}
