"""What a help desk's webhook says, once its shape is gone: a customer wrote, or a conversation has these tags now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import Any, Final

from api.channels.markup import words_of
from api.intake import Incoming
from api.schemas import storable
from api.store.identifiers import new_id
from api.store.inbound import InboundKind, InboundRecord
from classifier.limits import MAX_CHARACTERS

__all__ = [
    "Alike",
    "Arrival",
    "Reading",
    "ShapeError",
    "TagsSeen",
    "Wrote",
    "as_record",
    "attachment_names",
    "field",
    "identifier",
    "incoming",
    "moment",
    "only_tags",
    "plain",
]

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NAMED_ATTACHMENTS: Final = 20
_KEY_LENGTH: Final = 255
_LARGEST_NUMBER: Final = 10**20


class ShapeError(Exception):
    """The body is not what the vendor documents; the message says where and why, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Alike:
    """How a message is known that a help desk tells of by several names, or by none: by its words, and when."""

    words: str
    at: datetime
    within: timedelta
    named: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """A customer wrote. The same ``key`` of a channel is taken once, and what is ``alike`` too."""

    key: str
    message: Incoming
    alike: Alike | None = None


@dataclass(frozen=True, slots=True)
class TagsSeen:
    """The tags that a conversation bore when the help desk told of it."""

    channel: str
    thread_id: str
    tags: tuple[str, ...]


Arrival = Wrote | TagsSeen


@dataclass(frozen=True, slots=True)
class Reading:
    """What a webhook told; if nothing, ``reason`` says why it is left alone."""

    arrivals: tuple[Arrival, ...] = ()
    reason: str | None = None


def as_record(arrival: Arrival, now: datetime) -> InboundRecord:
    """Return what is kept of an arrival until it is looked at."""
    if isinstance(arrival, Wrote):
        message, thread = arrival.message, arrival.message.thread_id or arrival.message.external_id
        content = asdict(message)
        content["received_at"] = message.received_at and message.received_at.isoformat()
        record = InboundRecord(new_id(), message.channel, _key(arrival.key), InboundKind.MESSAGE, thread, content, now,
                               next_at=now)  # fmt: skip
        alike = arrival.alike
        return replace(record, alike=alike.words, named=alike.named, said_at=alike.at) if alike else record
    name = new_id()
    seen = {"tags": list(arrival.tags)}
    return InboundRecord(name, arrival.channel, name, InboundKind.TAGS, arrival.thread_id, seen, now, next_at=now)


def _key(key: str) -> str:
    """Return a key that fits its column."""
    return key if len(key) <= _KEY_LENGTH else sha256(key.encode()).hexdigest()


def incoming(record: InboundRecord) -> Incoming:
    """Return the message of a record: it came when the help desk told of it, not when it is looked at."""
    content = record.content or {}
    at = content["received_at"]
    told = {"received_at": at and datetime.fromisoformat(at), "arrived_at": record.received_at}
    return Incoming(**{**content, **told})


def field(payload: Any, *path: str) -> Any:
    """Return what is at the end of a path of keys, or ``None``."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def identifier(value: Any, where: str) -> str:
    """Return an identifier that came as a number or as a string of word characters."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[\w.:@+-]{1,128}", value.strip()):
        return value.strip()
    raise ShapeError(f"{where} is no identifier")


def plain(text: Any, *, html: bool = False) -> str:
    """Return a text as it is classified: without markup if it is HTML, cut to what is read at most."""
    if not isinstance(text, str):
        return ""
    text = unescape(words_of(text)).strip() if html else text
    cleaned: str = storable(text)
    return cleaned[:MAX_CHARACTERS]


def moment(value: Any, now: datetime) -> datetime | None:
    """Return a time that came as ISO 8601 or as seconds since 1970, if it can be true."""
    try:
        if isinstance(value, str) and not value.strip().isdigit():
            read = datetime.fromisoformat(value.strip())
        else:
            read = datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    return read if _EARLIEST < read <= now + timedelta(minutes=10) else None


def only_tags(value: Any, separator: str | None = None) -> tuple[str, ...]:
    """Return the tags of a list, or of a string with ``separator`` between them."""
    if isinstance(value, str):
        value = value.split(separator)
    return tuple(tag.strip() for tag in value if isinstance(tag, str) and tag.strip()) if _listed(value) else ()


def attachment_names(value: Any, *keys: str) -> list[str]:
    """Return what attachments are called, by the first of ``keys`` that each has."""
    found: Iterable[Any] = value if isinstance(value, list) else ()
    names = (next((item[key] for key in keys if isinstance(item.get(key), str)), "?") for item in found
             if isinstance(item, Mapping))  # fmt: skip
    return [plain(name)[:200] for name in names][:_NAMED_ATTACHMENTS]


def _listed(value: Any) -> bool:
    return isinstance(value, list)
