"""Text as it comes from a telephone: no accents, no capitals, wrong keys, short forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from classifier import accents
from training.robustness.lists import Chance, read, whole

_WORD: Final = re.compile(r"(?<![<\w@.])[^\W\d_]{5,}(?![\w>@])")
_ALL_WORDS: Final = re.compile(r"\w+")
_MASK: Final = re.compile(r"<(?:NUM|EMAIL|URL)>")
_WORDS_A_TYPO: Final = 12
"""One typo in so many words, and at least one a text."""

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {key: row[max(0, i - 1) : i] + row[i + 1 : i + 2] for row in _ROWS for i, key in enumerate(row)}

Spoil = Callable[[str, int, Chance], str]
"""From a word, a place inside it and chance to the word with a slip."""


def without_accents(text: str, _language: str, _chance: Chance) -> str:
    """Take accents, tildes and cedillas off."""
    return accents.without_accents(text)


def lower_case(text: str, _language: str, _chance: Chance) -> str:
    """Write everything small, except the masks of preprocessing, which no writer typed."""
    pieces, end = [], 0
    for mask in _MASK.finditer(text):
        pieces += [text[end : mask.start()].lower(), mask[0]]
        end = mask.end()
    return "".join([*pieces, text[end:].lower()])


def wrong_keys(text: str, _language: str, chance: Chance) -> str:
    """Hit the key beside."""
    return _spoil(text, chance, _beside)


def dropped_letters(text: str, _language: str, chance: Chance) -> str:
    """Leave a letter out of some longer words."""
    return _spoil(text, chance, lambda word, i, _: word[:i] + word[i + 1 :])


def doubled_letters(text: str, _language: str, chance: Chance) -> str:
    """Write a letter of some longer words twice."""
    return _spoil(text, chance, lambda word, i, _: word[: i + 1] + word[i:])


def abbreviations(text: str, language: str, chance: Chance) -> str:
    """Shorten what people shorten: ``q`` or ``k`` for ``que``, ``vc`` for ``você``."""
    short = {long: forms[int(chance.integers(len(forms)))] for long, *forms in read("words")[language]["abbreviations"]}
    return re.sub(whole(short), lambda match: short[match[0].lower()], text, flags=re.IGNORECASE)


def _spoil(text: str, chance: Chance, spoil: Spoil) -> str:
    """Put a slip inside some words of five letters or more, never on their first letter."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    number = min(len(words), max(1, len(_ALL_WORDS.findall(text)) // _WORDS_A_TYPO))
    pieces, end = [], 0
    for i in sorted(chance.choice(len(words), size=number, replace=False)):
        word = words[i]
        place = int(chance.integers(1, len(word[0])))
        pieces += [text[end : word.start()], spoil(word[0], place, chance)]
        end = word.end()
    return "".join([*pieces, text[end:]])


def _beside(word: str, place: int, chance: Chance) -> str:
    """Put the neighbour on the keyboard; a letter that has none is typed twice."""
    old = word[place]
    keys = _NEIGHBOURS.get(old.lower())
    new = keys[int(chance.integers(len(keys)))] if keys else old * 2
    return word[:place] + (new.upper() if old.isupper() else new) + word[place + 1 :]
