"""What ticket systems have in common: a message is known by its own name, or by its words and when they were said.

They tell of one message in several ways (the ticket made, a comment added, a rule fired), each with another name or
none, and again whenever the rule fires once more. Its words are the same each time, and it is told of within moments.
Customers repeat themselves too: the same words hours later, or as another comment, are another message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from api.channels.arrival import Alike, Wrote, plain
from api.channels.desk import DeskError
from api.intake import Incoming

__all__ = ["number", "ticket_path", "with_subject", "wrote"]

_NUMBER: Final = re.compile(r"\d{1,20}")
_TOLD_WITHIN: Final = timedelta(minutes=2)
"""How far apart a help desk's own times of one message are, by the ways it is told."""

_ARRIVES_WITHIN: Final = timedelta(minutes=15)
"""The same where the help desk tells no time, and only that of arrival is known."""

_REPLY: Final = re.compile(r"(?i)^\s*((re|fwd?|rv|enc|res)\s*:\s*)+")


def wrote(
    channel: str,
    ticket: str,
    text: str,
    *,
    now: datetime,
    name: str | None = None,
    attachments: Sequence[str] = (),
    subject: str = "",
    received_at: datetime | None = None,
    customer: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Wrote:
    """Return a message of a ticket, by its own ``name`` in it if it has one; without text it has ``attachments``."""
    said = [" ".join(text.split()), *attachments]
    words = f"{ticket}/{sha256(chr(0).join(said).encode()).hexdigest()[:24]}"
    at = received_at or now
    message = Incoming(
        channel=channel,
        external_id=f"{words}@{int(at.timestamp())}" if name is None else f"{ticket}/{name}",
        text=with_subject(subject, text),
        received_at=received_at,
        customer=customer,
        thread_id=ticket,
        metadata={**(metadata or {}), **({"attachments": list(attachments)} if attachments else {})},
    )
    within = _TOLD_WITHIN if received_at else _ARRIVES_WITHIN
    return Wrote(message.external_id, message, Alike(words, at, within, named=name is not None))


def with_subject(subject: str, text: str) -> str:
    """Return a text with the subject before it, unless it says that already or is a reply's."""
    subject = " ".join(subject.split())
    if not subject or _REPLY.match(subject) or text.strip().casefold().startswith(subject.casefold()):
        return text
    if not text.strip():
        return plain(subject)
    return plain(f"{subject}\n\n{text}")


def number(value: str) -> str | None:
    """Return the number that a ticket's name ends with: ``11`` of ``11`` and of ``PREFIX-11``."""
    found = re.search(r"\d{1,20}$", value)
    return found and found[0]


def ticket_path(prefix: str, thread_id: str) -> str:
    """Return the path of a ticket."""
    if not _NUMBER.fullmatch(thread_id):
        raise DeskError("this message is in no ticket of the help desk", final=True)
    return f"{prefix}/{thread_id}"
