"""Names of people, told by lists of names, capitals and the words around them.

A given name that is hardly anything else stands for itself, in lower case too. One that is also a word, a town or a
firm needs a surname behind it or a word before it that people follow: *soy*, *dona*, *me atendió*, *mi hijo*. After
such a word a name that no list has is taken as well, if it is written as one.
"""

from __future__ import annotations

import re
from typing import Final

from classifier.redaction.cues import words as cue_words
from classifier.redaction.gazetteer import Sense, load_gazetteer
from classifier.redaction.judgement import accepts, ends_clause, is_brand, of_a_thing
from classifier.redaction.letters import LIKELY, VERY_LIKELY, score
from classifier.redaction.reading import Reading
from classifier.redaction.runs import (
    DAY_PARTS,
    HARD_INTROS,
    LINKS,
    NAME,
    NAMED_LINKS,
    PARTICLES,
    Run,
    Words,
)

__all__ = ["KIND", "find"]

KIND: Final = "name"
_NOT_UNKNOWN: Final = Sense.WORD | Sense.THING | Sense.ROLE | Sense.TITLE | Sense.INTRO | Sense.VERB | Sense.GREETING
_SHORT_TITLES: Final = frozenset(
    ("dr", "dra", "sr", "sra", "srta", "don", "doña", "dona", "señor", "señora", "senhor", "senhora")
)
_PRESENTERS: Final = frozenset(("soy", "sou"))
_INTRODUCING: Final = HARD_INTROS | _SHORT_TITLES | _PRESENTERS
_OF_OTHERS: Final = cue_words("of_others")
_CUES: Final = Sense.TITLE | Sense.ROLE | Sense.INTRO | Sense.GREETING | Sense.CLOSING | Sense.VERB
_BEFORE: Final = LINKS | NAMED_LINKS | DAY_PARTS | {"d", "dª", "dña", "yo", "eu"}
_FEW: Final = 6
_SHORTEST: Final = 3
_MOST_WORDS: Final = 6
_SHOUTED: Final = 0.6
_CAPITAL_INSIDE: Final = re.compile(r"(?<=[^.!?\n] )[A-ZÀ-Þ]")


def find(reading: Reading) -> None:
    """Take the names of people in what is free of a text."""
    words = _read(reading)
    if words is None:
        return
    end = 0
    for index in _candidates(words):
        if index >= end:
            run = _run_at(words, index)
            if run is not None:
                end = run.last
                reading.take(KIND, words.starts[index], words.ends[end - 1])


def _read(reading: Reading) -> Words | None:
    """Say of each word what it can be; ``None`` if none of them has to do with names."""
    gazetteer = load_gazetteer()
    if not reading.has(gazetteer.triggers) and not _CAPITAL_INSIDE.search(reading.text):
        return None
    text, low = reading.text, reading.words
    starts, ends = zip(*reading.spans, strict=True)
    look = gazetteer.senses.get
    senses = [look(word, 0) for word in low]
    capital = [text[start].isupper() for start in starts]
    if len(low) > _FEW and sum(capital) > _SHOUTED * len(low) and _shouts(text):
        capital = [False] * len(low)
    return Words(text, low, senses, starts, ends, capital, gazetteer)


def _candidates(words: Words) -> list[int]:
    """Return the words at which a name may begin: listed ones, and capitalised ones that are no everyday word."""
    senses, low = words.senses, words.low
    found = [
        index
        for index, (sense, capital) in enumerate(zip(senses, words.capital, strict=True))
        if (sense & NAME or (capital and not sense)) and _plausible(words, index)
    ]
    if not _INTRODUCING.isdisjoint(low):
        hidden = [index for index in range(1, len(low)) if not senses[index] and _after_hard_intro(words, index)]
        found = sorted({*found, *hidden})
    return found


def _plausible(words: Words, index: int) -> bool:
    """Tell at little cost whether a word that is no sure name has a chance: a telling word before, a capital behind."""
    sense = words.senses[index]
    if sense & NAME and not sense & Sense.WEAK:
        return True
    if not index:
        return words.capital[0]
    if words.senses[index - 1] & _CUES or words.low[index - 1] in _BEFORE:
        return True
    if not words.capital[index]:
        return False
    return (
        bool(sense & Sense.GIVEN)
        or (index + 1 < len(words.low) and words.capital[index + 1])
        or words.gap(index)[-1] == "\n"
    )


def _shouts(text: str) -> bool:
    """Tell whether a text is written in capitals, so that they say nothing."""
    upper = sum(map(str.isupper, text))
    return upper > _SHOUTED * sum(map(str.isalpha, text))


def _run_at(words: Words, index: int) -> Run | None:
    """Return the name that begins at a word, or ``None``."""
    if not words.capital[index]:
        if not words.senses[index]:
            return Run(index, _lower_case_end(words, index)) if _after_hard_intro(words, index) else None
        if any(map(str.isdigit, words.low[index - 1])) and index:
            return None
    elif not words.senses[index] & NAME and not words.unknown(index) and not words.initial(index):
        return None
    run = _extended(words, index)
    if not run.last or is_brand(words, run) or of_a_thing(words, run):
        return None
    return run if accepts(words, run) else None


def _extended(words: Words, index: int) -> Run:
    """Follow a name over its words: capitalised ones, listed ones, particles and initials between them."""
    run = Run(index, index)
    at = index
    while at < len(words.low) and run.last - run.first < _MOST_WORDS:
        if at > index and not _joined(words, at):
            break
        if _fits(words, at, run):
            _count(words, at, run)
            at += 1
            run.last = at
            continue
        step = _over_particles(words, at) if at > index else 0
        if not step or not _fits(words, step, run):
            break
        at = step
    return run


def _joined(words: Words, at: int) -> bool:
    """Tell whether a word goes on from the one before: a space or a hyphen, or the dot of an initial between them."""
    gap = words.gap(at)
    return gap in (" ", "-", "'", "’") or (gap in (". ", ".") and words.ends[at - 1] - words.starts[at - 1] == 1)


def _fits(words: Words, at: int, run: Run) -> bool:
    """Tell whether a word can be a part of a name."""
    sense = words.senses[at]
    cased = words.capital[run.first]
    if cased:
        if not words.capital[at]:
            return False
        if words.ends[at] - words.starts[at] == 1:
            return words.initial(at)
        return bool(sense & NAME) or words.unknown(at)
    if at == run.first:
        return True
    if not sense and ends_clause(words, at):
        cue = words.senses[run.first - 1] if run.first else 0
        return bool(cue & Sense.TITLE) or (run.first > 0 and words.low[run.first - 1] in HARD_INTROS)
    return bool(sense & NAME) and not sense & Sense.WORD and (not sense & Sense.WEAK or not sense & _NOT_UNKNOWN)


def _over_particles(words: Words, at: int) -> int:
    """Return the word behind up to three particles of a name (*de la*, *dos*, *y*), or 0."""
    for step in (1, 2, 3):
        if at + step >= len(words.low) or words.low[at + step - 1] not in PARTICLES:
            return 0
        if not _joined(words, at + step) or words.gap(at + step) != " ":
            return 0
        if words.low[at + step] in PARTICLES and not words.capital[at + step]:
            continue
        sense = words.senses[at + step]
        if sense & Sense.THING or (sense & Sense.WORD and not sense & Sense.SURNAME):
            return 0
        if sense & NAME or words.capital[at + step]:
            link = words.low[at + step - 1]
            return at + step if link not in ("y", "e", "i") or sense & Sense.SURNAME else 0
    return 0


def _count(words: Words, at: int, run: Run) -> None:
    sense = words.senses[at]
    weak = sense & Sense.WEAK
    if sense & Sense.GIVEN and not weak:
        run.given += 1
    elif sense & Sense.SURNAME and not weak:
        run.surnames += 1
    elif sense & Sense.GIVEN:
        run.weak += 1
        run.weak_surnames += bool(sense & Sense.SURNAME)
    elif sense & Sense.SURNAME:
        run.weak_surnames += 1
    else:
        run.unknown += 1


def _after_hard_intro(words: Words, index: int) -> bool:
    """Tell whether *me llamo*, *meu nome é* or *nombre:* stands right before a word in small letters.

    After *soy* and *dr* its letters must be a name's as well.
    """
    at = index - 1
    if at >= 0 and words.gap(index) in (" ", ". ") and words.low[at] in _SHORT_TITLES | _PRESENTERS:
        likely = VERY_LIKELY if words.low[at] in _PRESENTERS else LIKELY
        return not words.capital[index] and words.low[index].isalpha() and score(words.low[index]) > likely
    if words.capital[index] or words.ends[index] - words.starts[index] < _SHORTEST or words.low[index].isdigit():
        return False
    while at > 0 and words.low[at] in ("es", "é") and words.gap(at) == " ":
        at -= 1
    if at < 0 or words.low[at] not in HARD_INTROS or words.low[at] in _OF_OTHERS:
        return False
    if words.low[at] in ("nombre", "nome") and at == index - 1 and ":" not in words.gap(index):
        return False
    return words.gap(index) in (" ", ": ", ":")


def _lower_case_end(words: Words, index: int) -> int:
    """Return where a name in small letters ends that no list has: before the next everyday word."""
    last = index + 1
    while last < len(words.low) and last - index < _MOST_WORDS and words.gap(last) == " ":
        sense = words.senses[last]
        if words.ends[last] - words.starts[last] < _SHORTEST or (sense and (not sense & NAME or sense & Sense.WORD)):
            break
        if not sense and score(words.low[last]) < LIKELY and not ends_clause(words, last):
            break
        last += 1
    return last
