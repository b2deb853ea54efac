"""The same text as it would be worded in another variety of its language: es-ES and es-AR, pt-BR and pt-PT.

Words and short phrases come from ``words.toml``; of grammar only the Portuguese progressive is turned (``está
fazendo``, ``está a fazer``). A text that uses none of them stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from training.robustness.lists import Chance, read, whole

_PROGRESSIVE: Final = (
    r"(?i)\b(est(?:ou|ás|á|amos|ão|ava|avas|ávamos|avam|ive|eve|ivemos|iveram)|and[oa]m?|fic(?:o|a|am|ou))"
)
_GERUND: Final = re.compile(rf"{_PROGRESSIVE} (\w+?)([aei])ndo\b")
_INFINITIVE: Final = re.compile(rf"{_PROGRESSIVE} a (\w+?)([aei])r\b(?<! par)(?<! mar)(?<! lar)(?<! bar)")


@dataclass(frozen=True, slots=True)
class _Table:
    """What is replaced on the way to one variety."""

    pattern: re.Pattern[str]
    phrases: Mapping[str, str]


def varieties(language: str) -> tuple[str, str]:
    """Name the two varieties of a language between which words are known."""
    first, second = read("words")[language]["varieties"]
    return first, second


def reword(text: str, variety: str) -> str:
    """Word ``text`` as in ``variety`` (es-ES, es-AR, pt-BR or pt-PT)."""
    table = _table(variety)
    text = table.pattern.sub(lambda match: _like(match[0], table.phrases[match[0].casefold()]), text)
    if variety == "pt-PT":
        return _GERUND.sub(r"\1 a \2\3r", text)
    if variety == "pt-BR":
        return _INFINITIVE.sub(r"\1 \2\3ndo", text)
    return text


def swap_wording(text: str, language: str, _chance: Chance) -> str:
    """Word ``text`` as in the variety that it is not written in, if it has a word that tells."""
    first, second = varieties(language)
    changed = reword(text, second)
    return changed if changed != text else reword(text, first)


@cache
def _table(variety: str) -> _Table:
    """Read the phrases of one direction, the first of several translations; what is there already stays."""
    lists = read("words")[variety[:2]]
    backwards = variety == lists["varieties"][0]
    phrases: dict[str, str] = {}
    for first, second in lists["both"]:
        old, new = (second, first) if backwards else (first, second)
        phrases.setdefault(old, new)
        phrases.setdefault(new, new)
    for old, new in lists[f"to_{variety.replace('-', '_')}"]:
        phrases.setdefault(old, new)
    return _Table(re.compile(whole(phrases), re.IGNORECASE), phrases)


def _like(old: str, new: str) -> str:
    """Write ``new`` with the capitals of ``old``."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new
