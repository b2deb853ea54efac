"""Whether a run of words is a person's name: what it is made of, and what stands around it."""

from __future__ import annotations

from typing import Final

from classifier.redaction.cues import words as cue_words
from classifier.redaction.gazetteer import Sense
from classifier.redaction.letters import LIKELY, VERY_LIKELY, score
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

__all__ = ["accepts", "ends_clause", "is_brand", "of_a_thing"]

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
_UNLIKELY: Final = -1.5
_LIKELY_ALONE: Final = 0.9
_BEFORE_PEOPLE: Final = frozenset(("con", "com", "pra", "pro", "pela", "pelo", "c", "pero", "mas"))


def accepts(words: Words, run: Run) -> bool:
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


def is_brand(words: Words, run: Run) -> bool:
    """Tell whether a run is a firm's or a product's name, though made of people's."""
    for first in (run.first, run.first - 1):
        if first >= 0:
            for brand in words.gazetteer.brands.get(words.low[first], ()):
                if words.low[first : first + len(brand)] == brand:
                    return True
    return False


def of_a_thing(words: Words, run: Run) -> bool:
    """Tell whether a run names a place, a shop or a product: *Hotel San Rafael*, *mesa Helena*, *Iracema Modas*."""
    first, last = words.senses[run.first], run.last
    if first & Sense.THING and not first & Sense.GIVEN:
        return True
    if last < len(words.low) and words.capital[last] and words.gap(last) == " " and words.senses[last] & Sense.THING:
        return words.capital[run.first]
    at, skipped = run.first - 1, False
    if at >= 0 and words.senses[at] & Sense.TITLE and words.gap(run.first) in (" ", ". ") and words.capital[at]:
        at -= 1
    while at >= 0 and words.low[at] in PARTICLES and words.low[at] not in ("san", "santa") and run.first - at < 4:
        at, skipped = at - 1, True
    if at < 0 or not words.senses[at] & Sense.THING or words.senses[at] & Sense.GIVEN:
        return False
    if words.text[words.ends[at] : words.starts[at + 1]].strip(" \"'“«"):
        return False
    if skipped:
        whole = run.given and run.last - run.first > 1
        return words.low[at] in _STREETS or (words.capital[at] and not whole)
    return words.capital[run.first] or words.low[at] in _STREETS


def _looks_like_one(words: Words, run: Run) -> bool:
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
        return likelihood > VERY_LIKELY and _run_ends_clause(words, run)
    before = words.low[run.first - 1]
    if before in _BEFORE_PLACES or words.capital[run.first - 1]:
        return False
    return likelihood > (LIKELY if before in _BEFORE_PEOPLE or _acts(words, run) else _LIKELY_ALONE)


def _acts(words: Words, run: Run) -> bool:
    """Tell whether a verb of people follows a run."""
    return run.last < len(words.low) and bool(words.senses[run.last] & Sense.VERB) and words.gap(run.last) == " "


def _begins_sentence(words: Words, index: int) -> bool:
    gap = words.gap(index)
    return index == 0 or any(sign in gap for sign in ".!?\n¿¡:")


def _announced(words: Words, run: Run) -> bool:
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
        return listed and (gap != ", " or _run_ends_clause(words, run))
    if words.low[at] in ("yo", "eu") and gap == ", ":
        return cased and _run_ends_clause(words, run)
    if sense & Sense.CLOSING and ("\n" in gap or gap in (", ", ". ", ": ", ".: ", " ")):
        return (cased and (listed or _run_ends_clause(words, run))) or (listed and _run_ends_clause(words, run))
    return _greeted(words, run, at, gap) or _linked(words, run, at)


def _after_intro(words: Words, run: Run, at: int) -> bool:
    """*Soy* needs more than *llamo*: many things follow it in small letters."""
    if words.capital[run.first]:
        return True
    sense = words.senses[run.first]
    return bool(sense & Sense.GIVEN) and (words.low[at] in HARD_INTROS or not sense & Sense.WORD)


def _greeted(words: Words, run: Run, at: int, gap: str) -> bool:
    """Tell whether a run is greeted: *Hola, Paz:*, *Buenas tardes Luz*."""
    if gap not in (" ", ", "):
        return False
    if words.low[at] in DAY_PARTS and at:
        at -= 1
    if not words.senses[at] & Sense.GREETING:
        return False
    if words.senses[run.first] & Sense.GIVEN:
        return words.capital[run.first] or _run_ends_clause(words, run)
    return words.low[at] in _WARM and words.capital[run.first]


def _linked(words: Words, run: Run, at: int) -> bool:
    """Tell whether a verb or an introduction stands before a run, with no more than articles and the like between."""
    if words.gap(run.first) not in (" ", ": ", ":"):
        return False
    cased = words.capital[run.first]
    for back in range(at, max(-1, at - 3), -1):
        sense = words.senses[back]
        if sense & Sense.INTRO and back < at:
            return _after_intro(words, run, back) and (
                cased or all(w in NAMED_LINKS for w in words.low[back + 1 : at + 1])
            )
        if sense & Sense.VERB:
            return cased and (bool(words.senses[run.first] & NAME) or words.low[back].startswith(_SPEAKS))
        if words.low[back] not in LINKS or words.gap(back) not in (" ", ": ", ", ", "-"):
            return False
    return False


def _says(words: Words, run: Run) -> bool:
    """Tell whether a listed name is what speaks or acts in a sentence: *Luz me dijo*."""
    first = words.senses[run.first]
    if not words.capital[run.first] or not (first & Sense.GIVEN or run.surnames):
        return False
    ahead = range(run.last, min(run.last + 2, len(words.low)))
    if not ahead or words.gap(ahead[0]) not in (" ", ", "):
        return False
    if words.senses[ahead[0]] & Sense.VERB:
        return True
    if words.gap(ahead[0]) == ", " and first & Sense.GIVEN:
        if words.senses[ahead[0]] & Sense.ROLE or words.low[ahead[0]] == "de":
            return True
        return len(ahead) > 1 and words.low[ahead[0]] in _ARTICLES and bool(words.senses[ahead[1]] & Sense.ROLE)
    return len(ahead) > 1 and words.low[ahead[0]] in _PRONOUNS and bool(words.senses[ahead[1]] & Sense.VERB)


def _signs(words: Words, run: Run) -> bool:
    """Tell whether a run is a line of its own at the end, as a signature is."""
    if not words.capital[run.first] or run.last != len(words.low):
        return False
    if words.text[words.ends[run.last - 1] :].strip(" .!\n"):
        return False
    listed = run.weak or run.surnames or run.weak_surnames
    if listed and ("\n" in words.gap(run.first) or run.last - run.first > 1):
        return True
    return run.unknown > 0 and _begins_sentence(words, run.first) and score(words.low[run.first]) > _UNLIKELY


def _run_ends_clause(words: Words, run: Run) -> bool:
    return ends_clause(words, run.last - 1)


def ends_clause(words: Words, at: int) -> bool:
    """Tell whether a clause or the text ends after a word."""
    after = words.text[words.ends[at] : words.ends[at] + 2]
    return not after.strip() or after[0] in ",.:;!?\n)"
