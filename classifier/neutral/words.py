"""One wording: one name for firms and places, one of the words that differ by country, each in its usual spelling.

The lists are ``lexicon/proper_names.txt`` and ``lexicon/wording_es.txt``, ``wording_pt.txt``. A capital inside a
sentence on a word that no list has makes it a name too. Shouted words stay shouted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from classifier.neutral.grammar import CLITICS, gerund, preterite, ustedes
from classifier.neutral.people import NAME
from classifier.neutral.spelling import load_spelling
from classifier.ngrams import fold
from classifier.taxonomy import LANGUAGES

__all__ = ["PROPER_NAME", "one_wording"]

PROPER_NAME: Final = "Nova"
"""Stands for every firm and place."""

_WORD: Final = re.compile(r"<(?:NUM|EMAIL|URL)>|#\w+|@\w+|[^\W\d_]+")
_SPANISH: Final = re.compile("[¿¡ñÑ]")
_PORTUGUESE: Final = re.compile("[ãõçÃÕÇ]")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_BREAK: Final = re.compile(r"[.!?…:]|\n")
_LINKS: Final = frozenset(("de", "do", "da", "del", "dos", "das", "la", "las", "los", "el"))
_ANY_CASE: Final = 5
"""Letters from which a listed name is known without its capital."""

_SHOUTED: Final = 0.5
_MOST_TILT: Final = 3.0
_KEPT, _WITH_CAPITAL, _ANYHOW = "kept", "capital", "name"
_STAR: Final = " *"
"""Ends a listed name that is known by its capitals only."""

_ALREADY: Final = 1 << 16
"""Words that are kept looked up."""

_LONGEST: Final = 32
"""Letters of the longest word that is kept: what is pasted into a message shall not fill the memory."""

Keys = tuple[str, ...]


class Phrases:
    """Words and runs of words by their letters, the longest first."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._longer: dict[tuple[str, str], list[tuple[Keys, str]]] = {}
        self._first: set[str] = set()

    def __contains__(self, first: str) -> bool:
        return first in self._first

    def add(self, phrase: str, meaning: str) -> None:
        """Know a phrase; its first meaning stays."""
        keys = tuple(map(fold, _LETTERS.findall(phrase)))
        self._first.add(keys[0])
        if len(keys) == 1:
            self._words.setdefault(keys[0], meaning)
            return
        known = self._longer.setdefault((keys[0], keys[1]), [])
        if all(keys != other for other, _ in known):
            known.append((keys, meaning))
            known.sort(key=lambda each: -len(each[0]))

    def at(self, keys: Sequence[str], place: int) -> tuple[int, str] | None:
        """Return how many words the longest phrase has that begins at a place, and what it means."""
        key = keys[place]
        if place + 1 < len(keys):
            for phrase, meaning in self._longer.get((key, keys[place + 1]), ()):
                if tuple(keys[place : place + len(phrase)]) == phrase:
                    return len(phrase), meaning
        meaning_of_word = self._words.get(key)
        return None if meaning_of_word is None else (1, meaning_of_word)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it stands in a text, and what there is to know of it wherever it stands.

    ``tilt`` says how much more Spanish than Portuguese it is; ``forms`` are its spellings in both languages, none if
    it is not known; ``phrases`` and ``name``, whether a phrase of either language or a listed name begins with it.
    """

    raw: str
    key: str
    tilt: float = 0.0
    capital: bool = False
    shouted: bool = False
    forms: tuple[str, str] | None = None
    phrases: tuple[bool, bool] = (False, False)
    name: bool = False

    @classmethod
    def of(cls, raw: str) -> _Word:
        if raw[0] in "<#@" or raw == NAME:
            return cls(raw, raw, forms=(raw, raw), name=raw[0] == "@")
        key, shouted = fold(raw), len(raw) > 1 and raw.isupper()
        spelling = load_spelling()
        counts, forms = spelling.counts.get(key), spelling.forms.get(key)
        if forms and shouted:
            forms = (forms[0].upper(), forms[1].upper())
        phrases = (key in _phrases(LANGUAGES[0]), key in _phrases(LANGUAGES[1]))
        tilt = counts[0] - counts[1] if counts else _MOST_TILT * (phrases[0] - phrases[1])
        tilt = max(-_MOST_TILT, min(_MOST_TILT, tilt))
        name = key in _proper_names()
        return cls(raw, key, tilt, capital=raw[0].isupper(), shouted=shouted, forms=forms, phrases=phrases, name=name)


class _Words(dict[str, _Word]):
    """Words looked up before."""

    def __missing__(self, raw: str) -> _Word:
        word = _Word.of(raw)
        if len(raw) <= _LONGEST:
            if len(self) >= _ALREADY:
                self.clear()
            self[raw] = word
        return word


_words: Final = _Words()


def _tilt_of_signs(text: str) -> float:
    """Return how much more Spanish than Portuguese the signs and letters of a text are that only one of them has."""
    spanish, portuguese = _SPANISH.search(text) is not None, _PORTUGUESE.search(text) is not None
    return _MOST_TILT * (spanish - portuguese)


class _Text:
    """The words of a text and where they are."""

    def __init__(self, text: str) -> None:
        found = list(_WORD.finditer(text))
        self.text = text
        self.words = [_words[match[0]] for match in found]
        self.spans = [match.span() for match in found]
        self.language = int(sum(word.tilt for word in self.words) + _tilt_of_signs(text) < 0)
        letters = "".join(word.raw for word in self.words)
        self.shouts = sum(map(str.isupper, letters)) > _SHOUTED * len(letters)
        self.letters = [word.key for word in self.words]
        self.keys = [word.key if word.forms else self._mended(word.key) for word in self.words]
        self.named = self._names()

    def _mended(self, key: str) -> str:
        return load_spelling().mended(key, self.language)

    def first(self, place: int) -> bool:
        """Say whether a word begins a sentence."""
        if not place:
            return True
        between = self._between(place - 1)
        return between != " " and _BREAK.search(between) is not None

    def inside(self, place: int) -> bool:
        """Say whether a word has a capital though it does not begin a sentence."""
        return self.words[place].capital and not self.shouts and not self.first(place)

    def joined(self, place: int, size: int) -> bool:
        """Say whether words follow each other with nothing but a space or a hyphen between them."""
        return all(self._between(i) in (" ", "-") for i in range(place, place + size - 1))

    def _names(self) -> set[int]:
        """Return the places of words that are part of the name of a firm or place."""
        named, kept, end = set[int](), set[int](), 0
        for place, word in enumerate(self.words):
            if place < end:
                continue
            if word.name and (size := self._listed(place)):
                end = place + abs(size)
                (named if size > 0 else kept).update(range(place, end))
            elif word.forms is None and not word.shouted and self.keys[place] == word.key and self.inside(place):
                named.add(place)
        if named:
            for place in range(len(self.words)):  # Banco Sereno, Clínica Lumen: a capital beside a name is part of it
                if place not in kept and self._beside(named, place) and self.inside(place):
                    named.add(place)
        return named

    def _listed(self, place: int) -> int:
        """Return how many words a listed name has here: none if it isn't meant, negative if its words are kept."""
        word = self.words[place]
        if word.raw[0] == "@":
            return 1
        found = _proper_names().at(self.letters, place)
        if found is None or not self.joined(place, found[0]):
            return 0
        size, kind = found
        last = self.words[place + size - 1]
        if kind == _KEPT:
            return -size
        if kind == _WITH_CAPITAL:
            meant = word.capital and last.capital and not self.shouts and (size > 1 or not self.first(place))
        else:
            meant = last.capital or sum(len(each.raw) for each in self.words[place : place + size]) >= _ANY_CASE
        return size if meant else 0

    def _beside(self, named: set[int], place: int) -> bool:
        before = place - 1 in named and self.joined(place - 1, 2)
        return len(self.words[place].raw) > 1 and (before or (place + 1 in named and self.joined(place, 2)))

    def name_at(self, place: int) -> int:
        """Return how many words the name has that begins at a place, with what links its parts."""
        size = last = 1
        while place + size < len(self.words) and self.joined(place + size - 1, 2):
            if place + size in self.named:
                last = size + 1
            elif self.keys[place + size] not in _LINKS:
                break
            size += 1
        return last

    def turned(self, place: int, written: str) -> tuple[int, str] | None:
        """Return how many words a turn of grammar has here, and how it is read; the first of them as ``written``."""
        if not self.language:
            past = preterite(self.keys, place)
            return (2, past) if past is not None and self.joined(place, 2) else None
        if (progressive := gerund(self.keys, place)) is not None and self.joined(place - 1, 3):
            return 2, progressive
        if place + 1 < len(self.keys) and self.keys[place + 1] in CLITICS and self._between(place) == "-":
            return 2, f"{self.keys[place + 1]} {written}"
        return None

    def _between(self, place: int) -> str:
        """Return what stands between a word and the next."""
        return self.text[self.spans[place][1] : self.spans[place + 1][0]]

    def cased(self, form: str, place: int, size: int) -> str:
        """Write a form in capitals if all its words were shouted."""
        if all(word.shouted for word in self.words[place : place + size]):
            return form.upper()
        return form


def one_wording(text: str) -> str:
    """Write a text as anybody else would have written it who says the same."""
    read = _Text(text)
    language, pieces, end, place = read.language, [], 0, 0
    while place < len(read.words):
        word, size = read.words[place], 1
        if place in read.named:
            size, written = read.name_at(place), PROPER_NAME
        else:
            written, listed = word.forms[language] if word.forms else _unlisted(read, place), False
            if word.phrases[language] or read.keys[place] is not word.key:
                found = _phrases(LANGUAGES[language]).at(read.keys, place)
                if found and read.joined(place, found[0]) and read.named.isdisjoint(range(place, place + found[0])):
                    size, written, listed = found[0], read.cased(found[1], place, found[0]), True
            if size == 1 and (turned := read.turned(place, written)) is not None:
                size, written = turned[0], read.cased(turned[1], place, turned[0])
            elif not language and not listed and (they := ustedes(read.keys[place])) is not None:
                written = read.cased(they, place, 1)
            if read.first(place):
                written = written[0].upper() + written[1:]
        pieces += [text[end : read.spans[place][0]], written]
        end = read.spans[place + size - 1][1]
        place += size
    return "".join([*pieces, text[end:]])


def _unlisted(read: _Text, place: int) -> str:
    """Write a word that isn't known: as the one that was meant, else by its letters."""
    key = read.keys[place]
    form = load_spelling().form(key, read.language) or key
    return form.upper() if read.words[place].shouted and (read.shouts or form is not key) else form


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """Yield section and line of a list."""
    section = ""
    for line in (files("classifier") / "lexicon" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            yield section, line


@lru_cache(maxsize=2)
def _phrases(language: str) -> Phrases:
    phrases = Phrases()
    for _, line in _lines(f"wording_{language}.txt"):
        meaning, _, others = line.partition(" < ")
        for other in others.split(", "):
            phrases.add(other, meaning)
    return phrases


@lru_cache(maxsize=1)
def _proper_names() -> Phrases:
    names = Phrases()
    listed = list(_lines("proper_names.txt"))
    for section, line in sorted(listed, key=lambda each: each[0] != "not_names"):
        name = line.removesuffix(_STAR)
        names.add(name, _KEPT if section == "not_names" else _WITH_CAPITAL if name != line else _ANYHOW)
    return names
