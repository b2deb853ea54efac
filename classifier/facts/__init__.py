"""What a message states that can be checked: amounts, references, dates, deadlines, contacts, agencies, requests.

The ways of saying it are data (``classifier/lexicon``), matched by spaCy; values are normalised by plain functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from classifier.facts.lexicon import KINDS, Lexicon, load_lexicon
from classifier.facts.tokens import Token, tokenize
from classifier.facts.values import READERS, Match
from classifier.taxonomy import LANGUAGES
from classifier.types import Fact

if TYPE_CHECKING:
    from spacy.tokens import Doc

__all__ = ["extract_facts"]

_MODERATION = "[editado pelo "
"""A complaint site's own note in place of a word that it struck out: the customer names no agency."""


def extract_facts(text: str, language: str | None) -> tuple[Fact, ...]:
    """Return the facts in order of place; none for a language other than ``es`` and ``pt``.

    Facts of one kind don't overlap, facts of two kinds may: *devuelvan los 350 reais* is a request and an amount.
    An amount's currency is empty where only ``$`` or *pesos* is written; ``contacts`` is the number as stated, so
    that *third time I call* is 3.
    """
    if language not in LANGUAGES or not text:
        return ()
    lexicon = load_lexicon(language)
    tokens = tokenize(text, lexicon.known)
    doc = lexicon.doc([token.symbol for token in tokens])
    found = [*_pattern_facts(text, tokens, lexicon, doc), *_agency_facts(text, tokens, lexicon, doc)]
    return tuple(sorted(found, key=lambda fact: (fact.start, fact.end, fact.kind)))


def _pattern_facts(text: str, tokens: list[Token], lexicon: Lexicon, doc: Doc) -> Iterator[Fact]:
    """Read the matches of every kind, the longest first, leaving out what overlaps."""
    by_kind: dict[str, list[tuple[int, int, str]]] = {kind: [] for kind in KINDS}
    for kind, label, first, last in lexicon.matches(doc, {token.symbol for token in tokens}):
        by_kind[kind].append((first, last, label))
    for kind, places in by_kind.items():
        taken: set[int] = set()
        for first, last, label in sorted(places, key=lambda place: (place[0] - place[1], place[0])):
            if taken.intersection(range(first, last)):
                continue
            value = READERS[kind](Match(text, tokens, first, last, label, lexicon))
            if value is not None:
                taken.update(range(first, last))
                start, end = tokens[first].start, tokens[last - 1].end
                yield Fact(kind, text[start:end], value, start, end)


def _agency_facts(text: str, tokens: list[Token], lexicon: Lexicon, doc: Doc) -> Iterator[Fact]:
    """Read the names of agencies, the longest first."""
    taken: set[int] = set()
    names = lexicon.names(doc)
    for key, first, last in sorted(names, key=lambda name: (name[1] - name[2], name[1])):
        agency = lexicon.agencies[lexicon.vocab.strings[key]]
        start, end = tokens[first].start, tokens[last - 1].end
        written = text[start:end]
        if taken.intersection(range(first, last)) or (agency.upper and not written.isupper()):
            continue
        if text[max(0, start - len(_MODERATION)) : start].lower() == _MODERATION:
            continue
        taken.update(range(first, last))
        yield Fact("agency", written, {"name": agency.name, "country": agency.country}, start, end)
