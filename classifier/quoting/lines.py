"""A line of a text, and what lines are compared by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from classifier.accents import without_accents

READ: Final = 600
"""Characters of a line that are read: what is looked for stands in the first ones."""
ATTRIBUTION_LENGTH: Final = 300
SIGNATURE_LENGTH: Final = 100
_NO_WORD: Final = re.compile(r"<(?:NUM|EMAIL|URL)>|https?://\S+|www\.\S+|(?<!\S)[^\s@]++@\S+")
_WORD: Final = re.compile(r"[^\W\d_]{2}")
TOKEN: Final = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*|&")
ADDRESS: Final = re.compile(
    r"<(?:EMAIL|URL|NUM)>|<?(?:https?://|www\.)[^\s<>]++>?|(?:<|(?<![^\s<>@]))[^\s<>@]++@[^\s<>@]++>?", re.IGNORECASE
)
NUMBER: Final = re.compile(r"\d")
TIME: Final = re.compile(r"\d{1,2}[:.h]\d{2}")
RULE: Final = re.compile(r"[-_=*~#—–─\s]{2,}")
RULED: Final = " -_=*~#—–─>"


@dataclass(frozen=True)
class Line:
    """A line of a text, with its number, and what it is compared by."""

    number: int
    text: str

    @cached_property
    def folded(self) -> str:
        """The beginning in lower case, without accents, with single spaces."""
        start = self.text[:READ].lower()
        return " ".join(without_accents(start).split())

    @cached_property
    def bare(self) -> str:
        """The folded line without rules, signs and stops around it."""
        return self.folded.strip(f"{RULED} .,;:!")

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see."""
        return not self.text or self.text.isspace()

    @property
    def quoted(self) -> bool:
        """Whether it begins with the sign of a quotation."""
        return self.text.lstrip().startswith(">")


Lines = Sequence[Line]


def has_words(text: str) -> bool:
    """Tell whether the text holds a word: two letters in a row that are no mask and no address."""
    return _WORD.search(_NO_WORD.sub(" ", text)) is not None


def tokens_of(folded: str) -> list[str]:
    """Split a folded text into words, without the dots inside ("s.l." and "sl" are one)."""
    return [token.replace(".", "") for token in TOKEN.findall(folded)]
