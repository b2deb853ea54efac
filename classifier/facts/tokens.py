"""Words, numbers, dates and signs of a text, with their exact places.

A token carries a symbol: the word itself, without accents and capitals, or the class of a number. Symbols that the
lexicon doesn't know become one and the same, so a long-running service remembers no customer's words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from typing import Final

__all__ = ["CODE", "DATE", "NUMBER", "UNKNOWN", "Token", "fold", "tokenize"]

NUMBER: Final = "#number"
CODE: Final = "#code"
DATE: Final = "#date"
UNKNOWN: Final = "#unknown"

_UNITS: Final = "h|hs|hrs|hras|mil|k|reais|euros|pesos|soles|dias|dia"
_TOKEN: Final = re.compile(
    rf"""
    (?P<mask> <(?:num|email|url)> | https?://\S++ )
  | (?P<date> (?<![\w.,/-])(?: \d{{1,2}}([/.-])\d{{1,2}}\3(?:\d{{4}}|\d{{2}}) | (?:20|19)\d{{2}}-\d{{1,2}}-\d{{1,2}}
            | \d{{1,2}}/\d{{2}} )(?![\w/-]|[.,]\d) )
  | (?P<sign> (?<!\w)(?:r\$|usd?\$|u\$s|mx\$|s/\.?(?=\s?\d)) | [$€£] )
  | (?P<number> (?<![\w.,])\d++(?:[.,]\d++)*+(?: (?=(?:{_UNITS})\b) | (?![\w]|[/-]\w) ) )
  | (?P<code> (?:[a-z]{{1,6}}-?)?\d[\da-z]*+(?:[./-][\da-z]++)*+ )
  | (?P<word> n[º°] | [^\W\d_]++(?:['’-][^\W\d_]++)*+ )
  | (?P<other> \S )
    """,
    re.VERBOSE,
)
_CLASSES: Final = {"date": DATE, "number": NUMBER, "code": CODE, "mask": UNKNOWN}


@dataclass(frozen=True, slots=True)
class Token:
    """A symbol, and the code points of the text that it stands for."""

    symbol: str
    start: int
    end: int


class _Folding(dict[int, str]):
    """Code point to its lower-case letter without accent, worked out once; always one character for one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        base = unicodedata.normalize("NFD", character)[0].lower()
        folded = base if len(base) == 1 else character
        if len(self) < 4096:
            self[code] = folded
        return folded


_FOLDING: Final = _Folding()


def fold(text: str) -> str:
    """Lower the case and take accents off, character by character: the length stays."""
    return text.translate(_FOLDING)


def tokenize(text: str, known: Set[str]) -> list[Token]:
    """Cut a text into tokens; a word that is not ``known`` gets the symbol ``UNKNOWN``."""
    tokens = []
    for match in _TOKEN.finditer(fold(text)):
        symbol = _CLASSES.get(match.lastgroup or "") or match[0].rstrip("." if match.lastgroup == "sign" else "")
        if not symbol.startswith("#") or symbol == "#":
            symbol = symbol if symbol in known else UNKNOWN
        tokens.append(Token(symbol, match.start(), match.end()))
    return tokens
