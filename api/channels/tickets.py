"""What ticket systems have in common: a message is known by its ticket and its words.

They tell of one message in several ways (the ticket made, a comment added, a rule fired), each with another name or
none, and again whenever the rule fires once more. Its words are the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from api.channels.arrival import Wrote, plain
from api.channels.desk import DeskError
from api.intake import Incoming

__all__ = ["number", "ticket_path", "with_subject", "wrote"]

_NUMBER: Final = re.compile(r"\d{1,20}")
_REPLY: Final = re.compile(r"(?i)^\s*((re|fwd?|rv|enc|res)\s*:\s*)+")


def wrote(
    channel: str,
    ticket: str,
    text: str,
    *,
    subject: str = "",
    received_at: datetime | None = None,
    customer: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Wrote:
    """Return a message of a ticket; the same words in the same ticket are the same message."""
    words = sha256(" ".join(text.split()).encode()).hexdigest()[:24]
    message = Incoming(
        channel=channel,
        external_id=f"{ticket}/{words}",
        text=with_subject(subject, text),
        received_at=received_at,
        customer=customer,
        thread_id=ticket,
        metadata=metadata or {},
    )
    return Wrote(message.external_id, message)


def with_subject(subject: str, text: str) -> str:
    """Return a text with the subject before it, unless it says that already or is a reply's."""
    subject = " ".join(subject.split())
    if not subject or _REPLY.match(subject) or text.strip().casefold().startswith(subject.casefold()):
        return text
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
