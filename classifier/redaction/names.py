"""Names of people, told by lists of names, capitals and the words around them.

A given name that is hardly anything else stands for itself, in lower case too. One that is also a word, a town or a
firm needs a surname behind it or a word before it that people follow: *soy*, *dona*, *me atendió*, *mi hijo*. After
such a word a name that no list has is taken as well, if it is written as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from classifier.redaction.cues import words as cue_words
from classifier.redaction.gazetteer import Gazetteer, Sense, load_gazetteer
from classifier.redaction.letters import score
from classifier.redaction.reading import Reading

__all__ = ["KIND", "find"]

KIND: Final = "name"

_NAME: Final = Sense.GIVEN | Sense.SURNAME
_NOT_UNKNOWN: Final = Sense.WORD | Sense.THING | Sense.ROLE | Sense.TITLE | Sense.INTRO | Sense.VERB | Sense.GREETING
_PARTICLES: Final = cue_words("particles")
_LINKS: Final = cue_words("links")
_NAMED_LINKS: Final = cue_words("named_links")
_DAY_PARTS: Final = cue_words("day_parts")
_HARD_INTROS: Final = cue_words("hard_intros")
_WARM: Final = cue_words("warm_greetings")
_PRONOUNS: Final = cue_words("pronouns")
_ARTICLES: Final = cue_words("articles")
_STREETS: Final = cue_words("streets")
_SPEAKS: Final = (
    "atend", "habl", "fal", "convers", "dij", "diss", "contest", "respond", "promet", "asegur", "garanti", "inform",
    "explic", "colg", "deslig", "pregunt", "pergunt", "procur", "firm", "assin",
)  # fmt: skip
_BEFORE_PLACES: Final = frozenset(("em", "en", "na", "no", "de", "del", "desde", "hacia", "até", "hasta"))
_MOST_UNKNOWN: Final = 3
_LIKELY: Final = -0.5
_VERY_LIKELY: Final = 1.0
_UNLIKELY: Final = -1.5
_LIKELY_ALONE: Final = 0.9
_BEFORE_PEOPLE: Final = frozenset(("con", "com", "pra", "pro", "pela", "pelo", "c", "pero", "mas"))
_SHORT_TITLES: Final = frozenset(
    ("dr", "dra", "sr", "sra", "srta", "don", "doña", "dona", "señor", "señora", "senhor", "senhora")
)
_PRESENTERS: Final = frozenset(("soy", "sou"))
_INTRODUCING: Final = _HARD_INTROS | _SHORT_TITLES | _PRESENTERS
_OF_OTHERS: Final = cue_words("of_others")
_CUES: Final = Sense.TITLE | Sense.ROLE | Sense.INTRO | Sense.GREETING | Sense.CLOSING | Sense.VERB
_BEFORE: Final = _LINKS | _NAMED_LINKS | _DAY_PARTS | {"d", "dª", "dña", "yo", "eu"}
_FEW: Final = 6
_SHORTEST: Final = 3
_MOST_WORDS: Final = 6
_SHOUTED: Final = 0.6
_CODE: Final = frozenset("0123456789_@/*+")
_CAPITAL_INSIDE: Final = re.compile(r"(?<=[^.!?\n] )[A-ZÀ-Þ]")
_CAMEL: Final = re.compile("[a-zà-ÿ][A-ZÀ-Þ]")


@dataclass(frozen=True, slots=True)
class _Words:
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
class _Run:
    """Words ``first`` to ``last`` (exclusive) that may be one name, and how many of them are of which kind."""

    first: int
    last: int
    given: int = 0
    weak: int = 0
    surnames: int = 0
    weak_surnames: int = 0
    unknown: int = 0


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


def _read(reading: Reading) -> _Words | None:
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
    return _Words(text, low, senses, starts, ends, capital, gazetteer)


def _candidates(words: _Words) -> list[int]:
    """Return the words at which a name may begin: listed ones, and capitalised ones that are no everyday word."""
    senses, low = words.senses, words.low
    found = [
        index
        for index, (sense, capital) in enumerate(zip(senses, words.capital, strict=True))
        if (sense & _NAME or (capital and not sense)) and _plausible(words, index)
    ]
    if not _INTRODUCING.isdisjoint(low):
        hidden = [index for index in range(1, len(low)) if not senses[index] and _after_hard_intro(words, index)]
        found = sorted({*found, *hidden})
    return found


def _plausible(words: _Words, index: int) -> bool:
    """Tell at little cost whether a word that is no sure name has a chance: a telling word before, a capital behind."""
    sense = words.senses[index]
    if sense & _NAME and not sense & Sense.WEAK:
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


def _run_at(words: _Words, index: int) -> _Run | None:
    """Return the name that begins at a word, or ``None``."""
    if not words.capital[index]:
        if not words.senses[index]:
            return _Run(index, _lower_case_end(words, index)) if _after_hard_intro(words, index) else None
        if any(map(str.isdigit, words.low[index - 1])) and index:
            return None
    elif not words.senses[index] & _NAME and not words.unknown(index) and not words.initial(index):
        return None
    run = _extended(words, index)
    if not run.last or _is_brand(words, run) or _of_a_thing(words, run):
        return None
    return run if _accepts(words, run) else None


def _extended(words: _Words, index: int) -> _Run:
    """Follow a name over its words: capitalised ones, listed ones, particles and initials between them."""
    run = _Run(index, index)
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


def _joined(words: _Words, at: int) -> bool:
    """Tell whether a word goes on from the one before: a space or a hyphen, or the dot of an initial between them."""
    gap = words.gap(at)
    return gap in (" ", "-", "'", "’") or (gap in (". ", ".") and words.ends[at - 1] - words.starts[at - 1] == 1)


def _fits(words: _Words, at: int, run: _Run) -> bool:
    """Tell whether a word can be a part of a name."""
    sense = words.senses[at]
    cased = words.capital[run.first]
    if cased:
        if not words.capital[at]:
            return False
        if words.ends[at] - words.starts[at] == 1:
            return words.initial(at)
        return bool(sense & _NAME) or words.unknown(at)
    if at == run.first:
        return True
    if not sense and _ends_clause_at(words, at):
        cue = words.senses[run.first - 1] if run.first else 0
        return bool(cue & Sense.TITLE) or (run.first > 0 and words.low[run.first - 1] in _HARD_INTROS)
    return bool(sense & _NAME) and not sense & Sense.WORD and (not sense & Sense.WEAK or not sense & _NOT_UNKNOWN)


def _over_particles(words: _Words, at: int) -> int:
    """Return the word behind up to three particles of a name (*de la*, *dos*, *y*), or 0."""
    for step in (1, 2, 3):
        if at + step >= len(words.low) or words.low[at + step - 1] not in _PARTICLES:
            return 0
        if not _joined(words, at + step) or words.gap(at + step) != " ":
            return 0
        if words.low[at + step] in _PARTICLES and not words.capital[at + step]:
            continue
        sense = words.senses[at + step]
        if sense & Sense.THING or (sense & Sense.WORD and not sense & Sense.SURNAME):
            return 0
        if sense & _NAME or words.capital[at + step]:
            link = words.low[at + step - 1]
            return at + step if link not in ("y", "e", "i") or sense & Sense.SURNAME else 0
    return 0


def _count(words: _Words, at: int, run: _Run) -> None:
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


def _accepts(words: _Words, run: _Run) -> bool:
    """Decide whether a run is a person's name, by what it is made of and what stands around it."""
    first = words.senses[run.first]
    cased = words.capital[run.first]
    if run.given and (cased or not first & Sense.WEAK):
        return True
    size = run.last - run.first
    if (
        cased
        and first & Sense.GIVEN
        and size > 1
        and (run.surnames or run.weak_surnames - bool(first & Sense.SURNAME) > 0)
    ):
        return True
    if cased and run.surnames and size > 1 and not _begins_sentence(words, run.first):
        return True
    return _announced(words, run) or _says(words, run) or _signs(words, run) or _looks_like_one(words, run)


def _looks_like_one(words: _Words, run: _Run) -> bool:
    """Tell whether an unlisted word's letters are a name's, and it stands where a person may and a place may not."""
    if (
        not run.unknown
        or not words.capital[run.first]
        or words.senses[run.first]
        or run.last - run.first > _MOST_UNKNOWN
    ):
        return False
    if words.text[words.starts[run.first] : words.ends[run.first]].isupper():
        return False
    likelihood = score(words.low[run.first])
    if _begins_sentence(words, run.first):
        return likelihood > _VERY_LIKELY and _ends_clause(words, run)
    before = words.low[run.first - 1]
    if before in _BEFORE_PLACES or words.capital[run.first - 1]:
        return False
    return likelihood > (_LIKELY if before in _BEFORE_PEOPLE or _acts(words, run) else _LIKELY_ALONE)


def _acts(words: _Words, run: _Run) -> bool:
    """Tell whether a verb of people follows a run."""
    return run.last < len(words.low) and bool(words.senses[run.last] & Sense.VERB) and words.gap(run.last) == " "


def _begins_sentence(words: _Words, index: int) -> bool:
    gap = words.gap(index)
    return index == 0 or any(sign in gap for sign in ".!?\n¿¡:")


def _announced(words: _Words, run: _Run) -> bool:
    """Tell whether a word before a run says that a person follows."""
    at = run.first - 1
    gap = words.gap(run.first)
    if at < 0 or any(sign in gap for sign in "!?;¿…"):
        return False
    listed = run.unknown < run.last - run.first
    cased = words.capital[run.first]
    sense = words.senses[at]
    if sense & Sense.TITLE and gap in (" ", ". ", "."):
        return listed or (cased and words.low[at] != "seu")
    if words.low[at] in ("d", "dª", "dña") and words.capital[at] and gap in (". ", " ", "."):
        return cased
    if sense & Sense.INTRO and gap in (" ", ": ", ", ", ":", ". "):
        return _after_intro(words, run, at)
    if sense & Sense.ROLE and gap in (" ", ", ", ": ", " (", " - "):
        if cased:
            return listed or gap != ", " or words.text[words.ends[run.last - 1] :][:1] == ","
        return listed and (gap != ", " or _ends_clause(words, run))
    if words.low[at] in ("yo", "eu") and gap == ", ":
        return cased and _ends_clause(words, run)
    if sense & Sense.CLOSING and ("\n" in gap or gap in (", ", ". ", ": ", ".: ", " ")):
        return (cased and (listed or _ends_clause(words, run))) or (listed and _ends_clause(words, run))
    return _greeted(words, run, at, gap) or _linked(words, run, at)


def _after_intro(words: _Words, run: _Run, at: int) -> bool:
    """*Soy* needs more than *llamo*: many things follow it in small letters."""
    if words.capital[run.first]:
        return True
    sense = words.senses[run.first]
    return bool(sense & Sense.GIVEN) and (words.low[at] in _HARD_INTROS or not sense & Sense.WORD)


def _greeted(words: _Words, run: _Run, at: int, gap: str) -> bool:
    """Tell whether a run is greeted: *Hola, Paz:*, *Buenas tardes Luz*."""
    if gap not in (" ", ", "):
        return False
    if words.low[at] in _DAY_PARTS and at:
        at -= 1
    if not words.senses[at] & Sense.GREETING:
        return False
    if words.senses[run.first] & Sense.GIVEN:
        return words.capital[run.first] or _ends_clause(words, run)
    return words.low[at] in _WARM and words.capital[run.first]


def _linked(words: _Words, run: _Run, at: int) -> bool:
    """Tell whether a verb or an introduction stands before a run, with no more than articles and the like between."""
    if words.gap(run.first) not in (" ", ": ", ":"):
        return False
    cased = words.capital[run.first]
    for back in range(at, max(-1, at - 3), -1):
        sense = words.senses[back]
        if sense & Sense.INTRO and back < at:
            return _after_intro(words, run, back) and (
                cased or all(w in _NAMED_LINKS for w in words.low[back + 1 : at + 1])
            )
        if sense & Sense.VERB:
            return cased and (bool(words.senses[run.first] & _NAME) or words.low[back].startswith(_SPEAKS))
        if words.low[back] not in _LINKS or words.gap(back) not in (" ", ": ", ", ", "-"):
            return False
    return False


def _says(words: _Words, run: _Run) -> bool:
    """Tell whether a listed name is what speaks or acts in a sentence: *Luz me dijo*."""
    first = words.senses[run.first]
    if not words.capital[run.first] or not (first & Sense.GIVEN or run.surnames):
        return False
    ahead = list(islice(range(run.last, min(run.last + 2, len(words.low))), 2))
    if not ahead or words.gap(ahead[0]) not in (" ", ", "):
        return False
    if words.senses[ahead[0]] & Sense.VERB:
        return True
    if words.gap(ahead[0]) == ", " and first & Sense.GIVEN:
        if words.senses[ahead[0]] & Sense.ROLE or words.low[ahead[0]] == "de":
            return True
        return len(ahead) > 1 and words.low[ahead[0]] in _ARTICLES and bool(words.senses[ahead[1]] & Sense.ROLE)
    return len(ahead) > 1 and words.low[ahead[0]] in _PRONOUNS and bool(words.senses[ahead[1]] & Sense.VERB)


def _signs(words: _Words, run: _Run) -> bool:
    """Tell whether a run is a line of its own at the end, as a signature is."""
    if not words.capital[run.first] or run.last != len(words.low):
        return False
    if words.text[words.ends[run.last - 1] :].strip(" .!\n"):
        return False
    listed = run.weak or run.surnames or run.weak_surnames
    if listed and ("\n" in words.gap(run.first) or run.last - run.first > 1):
        return True
    return run.unknown > 0 and _begins_sentence(words, run.first) and score(words.low[run.first]) > _UNLIKELY


def _ends_clause(words: _Words, run: _Run) -> bool:
    return _ends_clause_at(words, run.last - 1)


def _ends_clause_at(words: _Words, at: int) -> bool:
    after = words.text[words.ends[at] : words.ends[at] + 2]
    return not after.strip() or after[0] in ",.:;!?\n)"


def _after_hard_intro(words: _Words, index: int) -> bool:
    """Tell whether *me llamo*, *meu nome é* or *nombre:* stands right before a word in small letters.

    After *soy* and *dr* its letters must be a name's as well.
    """
    at = index - 1
    if at >= 0 and words.gap(index) in (" ", ". ") and words.low[at] in _SHORT_TITLES | _PRESENTERS:
        likely = _VERY_LIKELY if words.low[at] in _PRESENTERS else _LIKELY
        return not words.capital[index] and words.low[index].isalpha() and score(words.low[index]) > likely
    if words.capital[index] or words.ends[index] - words.starts[index] < _SHORTEST or words.low[index].isdigit():
        return False
    while at > 0 and words.low[at] in ("es", "é") and words.gap(at) == " ":
        at -= 1
    if at < 0 or words.low[at] not in _HARD_INTROS or words.low[at] in _OF_OTHERS:
        return False
    if words.low[at] in ("nombre", "nome") and at == index - 1 and ":" not in words.gap(index):
        return False
    return words.gap(index) in (" ", ": ", ":")


def _lower_case_end(words: _Words, index: int) -> int:
    """Return where a name in small letters ends that no list has: before the next everyday word."""
    last = index + 1
    while last < len(words.low) and last - index < _MOST_WORDS and words.gap(last) == " ":
        sense = words.senses[last]
        if words.ends[last] - words.starts[last] < _SHORTEST or (sense and (not sense & _NAME or sense & Sense.WORD)):
            break
        if not sense and score(words.low[last]) < _LIKELY and not _ends_clause_at(words, last):
            break
        last += 1
    return last


def _is_brand(words: _Words, run: _Run) -> bool:
    """Tell whether a run is a firm's or a product's name, though made of people's."""
    for first in (run.first, run.first - 1):
        if first >= 0:
            for brand in words.gazetteer.brands.get(words.low[first], ()):
                if words.low[first : first + len(brand)] == brand:
                    return True
    return False


def _of_a_thing(words: _Words, run: _Run) -> bool:
    """Tell whether a run names a place, a shop or a product: *Hotel San Rafael*, *mesa Helena*, *Iracema Modas*."""
    first, last = words.senses[run.first], run.last
    if first & Sense.THING and not first & Sense.GIVEN:
        return True
    if last < len(words.low) and words.capital[last] and words.gap(last) == " " and words.senses[last] & Sense.THING:
        return words.capital[run.first]
    at, skipped = run.first - 1, False
    if at >= 0 and words.senses[at] & Sense.TITLE and words.gap(run.first) in (" ", ". ") and words.capital[at]:
        at -= 1
    while at >= 0 and words.low[at] in _PARTICLES and words.low[at] not in ("san", "santa") and run.first - at < 4:
        at, skipped = at - 1, True
    if at < 0 or not words.senses[at] & Sense.THING or words.senses[at] & Sense.GIVEN:
        return False
    if words.text[words.ends[at] : words.starts[at + 1]].strip(" \"'“«"):
        return False
    if skipped:
        whole = run.given and run.last - run.first > 1
        return words.low[at] in _STREETS or (words.capital[at] and not whole)
    return words.capital[run.first] or words.low[at] in _STREETS
