"""What people wrote, made harmless and marked: nothing hides, turns round, or identifies somebody unasked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any, Final, TypeVar

from classifier.redaction import redact

__all__ = ["Segment", "excerpt", "letter", "masked", "segments", "visible"]

S = TypeVar("S", bound=str)

# Controls but tab and line feed; what changes direction; what has no width, but the joiners that emoji are made with.
_ODD: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_PICTURES: Final = 0x2400
_MASK: Final = "••••"
_MOST_MARKS: Final = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text: what speaks for ``tasks``, personal data of a ``kind``, some of the ``facts``, or nothing.

    ``facts`` are the places in the list of facts; those in ``ends`` end here.
    """

    text: str
    tasks: tuple[str, ...] = ()
    kind: str | None = None
    facts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def visible(text: S) -> S:
    """Return a text whose controls, direction marks and invisible characters can be seen, and do nothing.

    Of marks that pile up on one letter a few are kept.
    """
    if _ODD.search(text):
        text = type(text)(_ODD.sub(_shown, text))
    return _thinned(text)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == ord("\r"):
        return ""
    return chr(_PICTURES + code) if code < ord(" ") else f"⟦U+{code:04X}⟧"


def _thinned(text: S) -> S:
    """Keep the first marks of each letter, so that none covers the lines above."""
    kept = _kept(text)
    return text if kept is None else type(text)("".join(compress(text, kept)))


def _kept(text: str) -> list[bool] | None:
    """Tell of each character whether it is one of the first marks of its letter, or none; ``None`` if all are kept."""
    if text.isascii() or not any(unicodedata.combining(character) for character in text):
        return None
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        kept.append(run <= _MOST_MARKS)
    return kept


def masked(text: str, *, mask: bool) -> str:
    """Return a text without personal data where ``mask`` asks for it."""
    return redact(text) if mask else text


def letter(place: int) -> str:
    """Return what a fact is referred to by: ``a`` to ``z``, then ``aa`` and so on."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)  # noqa: PLR2004, RUF100


def excerpt(text: str, length: int) -> str:
    """Return the beginning of a text on one line, cut between words."""
    line = " ".join(text[: length * 4].split())
    if len(line) <= length:
        return line
    return line[:length].rsplit(" ", 1)[0].rstrip(".,;:") + "…"


def segments(
    text: str,
    evidence: Sequence[Mapping[str, Any]],
    personal: Sequence[Mapping[str, Any]],
    *,
    mask: bool,
    facts: Sequence[Mapping[str, Any]] = (),
) -> list[Segment]:
    """Cut a text where evidence, facts and personal data begin and end; the last is masked where ``mask`` asks for it.

    A fact that begins or ends within masked data is not told apart from it.
    """
    hidden = list(_spans(personal, len(text)))
    marks = list(_spans(evidence, len(text)))
    told = [(start, end, place) for place, fact in enumerate(facts) for start, end, _ in _spans([fact], len(text))]
    edges = {0, len(text), *(edge for start, end, _ in (*hidden, *marks, *told) for edge in (start, end))}
    found: list[Segment] = []
    ordered, kept = sorted(edges), _kept(text)
    for start, end in pairwise(ordered):
        tasks = tuple(dict.fromkeys(span["task"] for first, last, span in marks if first <= start and end <= last))
        kind = next((span["kind"] for first, last, span in hidden if first <= start and end <= last), None)
        if kind is None or not mask:
            here = tuple(place for first, last, place in told if first <= start and end <= last)
            ends = tuple(place for _, last, place in told if last == end)
            words = text[start:end] if kept is None else "".join(compress(text[start:end], kept[start:end]))
            found.append(Segment(words, tasks, kind, here, ends))
        elif not found or found[-1].kind != kind or any(first == start for first, _, _ in hidden):
            found.append(Segment(_MASK, tasks, kind))
    return found


def _spans(spans: Sequence[Mapping[str, Any]], length: int) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    for span in spans:
        start, end = max(0, span["start"]), min(length, span["end"])
        if start < end:
            yield start, end, span
