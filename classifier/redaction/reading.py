"""A text as the rules read it, and the places in it that identify somebody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["PersonalData", "Reading"]

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Code points ``start`` to ``end`` (exclusive) of a text identify somebody; ``kind`` is one of ``KINDS``."""

    kind: str
    start: int
    end: int


class Reading:
    """A text, its words, and what has been found in it: a place that one rule has taken is lost to the next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lowered = _lowered(text)
        self.words: list[str] = _WORD.findall(self.lowered)
        self.found: list[PersonalData] = []
        self._covered = bytearray(len(text))

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each of the words starts and ends."""
        return [match.span() for match in _WORD.finditer(self.lowered)]

    def has(self, words: frozenset[str]) -> bool:
        """Tell whether one of some words is in the text."""
        return not words.isdisjoint(self.words)

    def take(self, kind: str, start: int, end: int) -> None:
        """Take a place unless a part of it is taken."""
        if not any(self._covered[start:end]):
            self._covered[start:end] = b"\1" * (end - start)
            self.found.append(PersonalData(kind, start, end))


def _lowered(text: str) -> str:
    """Return a text in lower case, each character at its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
