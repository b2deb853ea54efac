"""What an IMAP server answers to FETCH, as records (RFC 3501 section 7.4.2, RFC 7162, Gmail's X-GM-EXT-1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from api.channels.email.tagging import PREFIX, known_tags

__all__ = ["Fetched", "fetched", "label", "tags_among"]

EARLIEST: Final = 1980
_UID: Final = re.compile(rb"\bUID (\d+)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")
_FLAGS: Final = re.compile(rb"\bFLAGS \(([^)]*)\)")
_LABELS: Final = re.compile(rb'\bX-GM-LABELS \(((?:[^")]|"(?:[^"\\]|\\.)*")*)\)')
_DATE: Final = re.compile(rb'\bINTERNALDATE "([^"]+)"')
_CHANGE: Final = re.compile(rb"\bMODSEQ \((\d+)\)")
_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server says of one mail; what was not asked for is empty."""

    uid: int
    raw: bytes = b""
    size: int = 0
    change: int = 0
    received_at: datetime | None = None
    flags: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


def fetched(data: Iterable[Any]) -> Iterator[Fetched]:
    """Yield a record for each answer that names a UID; ``data`` is what ``imaplib`` makes of the answers.

    A literal, such as a mail, comes as a pair of what stands before it and itself; what stands after it is the next
    item.
    """
    before, raw = b"", b""
    for item in data:
        if isinstance(item, tuple):
            yield from _record(before, raw)
            before, raw = bytes(item[0]), bytes(item[1])
        elif isinstance(item, bytes):
            if before and not re.match(rb"\d+ \(", item):
                yield from _record(before + b" " + item, raw)
            else:
                yield from _record(before, raw)
                yield from _record(item, b"")
            before, raw = b"", b""
    yield from _record(before, raw)


def label(prefix: str, tag: str) -> str:
    """Return the Gmail label of a tag: ``Recupera/severity-high``."""
    return f"{prefix}/{tag.removeprefix(PREFIX)}"


def tags_among(record: Fetched, prefix: str | None) -> tuple[str, ...]:
    """Return the tags that a mail bears, as keywords, or, given the labels' ``prefix``, as labels."""
    if prefix is None:
        return known_tags(record.flags)
    start = f"{prefix}/".lower()
    return known_tags(PREFIX + name[len(start) :] for name in record.labels if name.lower().startswith(start))


def _record(told: bytes, raw: bytes) -> Iterator[Fetched]:
    uid = _UID.search(told)
    if uid is None:
        return
    yield Fetched(
        uid=int(uid[1]),
        raw=raw,
        size=_number(_SIZE, told),
        change=_number(_CHANGE, told),
        received_at=_moment(told),
        flags=_words(_FLAGS, told),
        labels=_words(_LABELS, told),
    )


def _number(pattern: re.Pattern[bytes], told: bytes) -> int:
    match = pattern.search(told)
    return int(match[1]) if match else 0


def _moment(told: bytes) -> datetime | None:
    """Return the moment at which the server received a mail; one that can't be is none."""
    match = _DATE.search(told)
    try:
        moment = parsedate_to_datetime(match[1].decode("ascii").strip().replace("-", " ", 2)) if match else None
        return moment.astimezone(UTC) if moment and moment.year > EARLIEST else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _words(pattern: re.Pattern[bytes], told: bytes) -> frozenset[str]:
    """Return the atoms and quoted strings of a list."""
    match = pattern.search(told)
    if match is None:
        return frozenset()
    found = _WORD.findall(match[1].decode("utf-8", "replace"))
    return frozenset(re.sub(r"\\(.)", r"\1", quoted) or atom for quoted, atom in found)
