"""The words of a text as names are looked for in them, and a run of words that may be one name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from classifier.redaction.cues import words as cue_words
from classifier.redaction.gazetteer import Gazetteer, Sense

__all__ = [
    "DAY_PARTS",
    "HARD_INTROS",
    "LINKS",
    "NAME",
    "NAMED_LINKS",
    "PARTICLES",
    "Run",
    "Words",
]

NAME: Final = Sense.GIVEN | Sense.SURNAME
PARTICLES: Final = cue_words("particles")
LINKS: Final = cue_words("links")
NAMED_LINKS: Final = cue_words("named_links")
DAY_PARTS: Final = cue_words("day_parts")
HARD_INTROS: Final = cue_words("hard_intros")
_CODE: Final = frozenset("0123456789_@/*+")
_CAMEL: Final = re.compile("[a-zà-ÿ][A-ZÀ-Þ]")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text: as looked up, what each can be, where each starts and ends, which are capitalised."""

    text: str
    low: list[str]
    senses: list[int]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    capital: list[bool]
    gazetteer: Gazetteer

    def gap(self, index: int) -> str:
        """Return what stands between a word and the one before."""
        return self.text[self.ends[index - 1] : self.starts[index]] if index else "\n"

    def initial(self, index: int) -> bool:
        """Tell whether a word is one capital letter with a dot, and a name or another one follows."""
        start, end = self.starts[index], self.ends[index]
        if end - start > 1 or not self.capital[index] or self.text[end : end + 1] != "." or index + 1 >= len(self.low):
            return False
        return self.gap(index + 1) in (". ", ".") and self.capital[index + 1]

    def unknown(self, index: int) -> bool:
        """Tell whether a word looks like a name that no list has: capitalised, no everyday word, nothing odd."""
        word = self.text[self.starts[index] : self.ends[index]]
        if not self.capital[index] or self.senses[index] or not word.isalpha() or _CAMEL.search(word):
            return False
        after = self.text[self.ends[index] : self.ends[index] + 2]
        return len(word) > (3 if word.isupper() else 1) and not (after[:1] in _CODE or after[1:].isdigit())


@dataclass(slots=True)
class Run:
    """Words ``first`` to ``last`` (exclusive) that may be one name, and how many of them are of which kind."""

    first: int
    last: int
    given: int = 0
    weak: int = 0
    surnames: int = 0
    weak_surnames: int = 0
    unknown: int = 0
