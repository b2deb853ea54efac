"""The lexicon of ``classifier/lexicon/*.toml``, compiled into spaCy matchers.

A matcher tries all its patterns at every token, and of some seventy a message has the words for a few. So each pattern
has a matcher of its own, which is asked only where all that it can't do without is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from classifier.facts.tokens import CODE, DATE, NUMBER, UNKNOWN, fold, tokenize
from classifier.spacy_import import import_spacy

if TYPE_CHECKING:
    from spacy.matcher import Matcher, PhraseMatcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

__all__ = ["KINDS", "Agency", "Lexicon", "load_lexicon"]

KINDS: Final = ("amount", "reference", "date", "deadline", "contacts", "request")
"""Kinds of fact that have patterns; agencies have names instead."""

_SENTENCE_ENDS: Final = [".", "!", "?", ";", ":"]
_GAP: Final[dict[str, Any]] = {"ORTH": {"NOT_IN": _SENTENCE_ENDS}}
_GAP_WORDS: Final = 3

Words = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Agency:
    """A consumer body or regulator; ``upper``: only when written in capitals."""

    name: str
    country: str
    aliases: tuple[str, ...]
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of stating a fact. ``needed``: of each of these sets a symbol must be there, or nothing can match."""

    kind: str
    label: str
    needed: tuple[frozenset[str], ...]
    matcher: Matcher

    def may_match(self, symbols: Set[str]) -> bool:
        """Say whether all that is needed is among the symbols of a text."""
        return not any(map(symbols.isdisjoint, self.needed))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's matchers, with the words they know. Only read once built, so threads may share it."""

    known: frozenset[str]
    words: Words
    numbers: Mapping[str, int]
    agencies: Mapping[str, Agency]
    vocab: Vocab
    patterns: tuple[Pattern, ...]
    names: PhraseMatcher

    def doc(self, symbols: list[str]) -> Doc:
        """Put symbols into a spaCy document."""
        from spacy.tokens import Doc

        return Doc(self.vocab, words=symbols)

    def matches(self, doc: Doc, symbols: Set[str]) -> Iterator[tuple[str, str, int, int]]:
        """Yield kind, label, first and last token (exclusive) of each match in a ``doc`` of these ``symbols``."""
        for pattern in self.patterns:
            if pattern.may_match(symbols):
                for _, first, last in pattern.matcher(doc):
                    yield pattern.kind, pattern.label, first, last


@lru_cache(maxsize=2)
def load_lexicon(language: str) -> Lexicon:
    """Read and compile the lexicon of ``es`` or ``pt``; kept afterwards."""
    import_spacy()
    from spacy.matcher import PhraseMatcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    source = _read(f"facts_{language}.toml")
    agencies = [Agency(**{**row, "aliases": tuple(row["aliases"])}) for row in _read("agencies.toml")["agency"]]
    words = _word_sets(source)
    rows = [(kind, label, _compile(row, words)) for kind, label, row in _rows(source)]
    aliases = {alias: _symbols(alias) for agency in agencies for alias in agency.aliases}
    vocab = Vocab()  # not spacy.blank, which would load the factories of every installed package
    names = PhraseMatcher(vocab)
    for alias, symbols in aliases.items():
        names.add(alias, [Doc(vocab, words=symbols)])
    return Lexicon(
        known=frozenset(_literals(specs for *_, specs in rows)).union(*words.values(), *aliases.values()),
        words=words,
        numbers={fold(word): value for word, value in source["numbers"].items()},
        agencies={alias: agency for agency in agencies for alias in agency.aliases},
        vocab=vocab,
        patterns=tuple(_pattern(vocab, *row) for row in rows),
        names=names,
    )


def _read(name: str) -> dict[str, Any]:
    """Read a table of the lexicon."""
    return tomllib.loads(files("classifier").joinpath("lexicon", name).read_text(encoding="utf-8"))


def _word_sets(source: Mapping[str, Any]) -> Words:
    """Fold the word sets, and add the classes of numbers."""
    sets = {name: frozenset(map(fold, words)) for name, words in {**source["words"], **source["request_words"]}.items()}
    sets["number"] = frozenset([NUMBER])
    sets["code"] = frozenset([NUMBER, CODE])
    sets["date"] = frozenset([DATE])
    sets["count"] = sets["count_word"] | {NUMBER}
    return sets


def _rows(source: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, label and row of each pattern."""
    for kind in KINDS:
        for label, rows in source[kind].items():
            for row in rows:
                yield kind, label, row


def _pattern(vocab: Vocab, kind: str, label: str, specs: list[dict[str, Any]]) -> Pattern:
    """Return a pattern with its matcher."""
    from spacy.matcher import Matcher

    matcher = Matcher(vocab)
    matcher.add(label, [specs])
    return Pattern(kind, label, tuple(_needed(specs)), matcher)


def _needed(specs: Sequence[Mapping[str, Any]]) -> Iterator[frozenset[str]]:
    """Yield the symbols of each token that a pattern can't do without, where they are named."""
    for spec in specs:
        symbols = spec["ORTH"]
        if "OP" in spec:
            continue
        if isinstance(symbols, str):
            yield frozenset([symbols])
        elif "IN" in symbols:
            yield frozenset(symbols["IN"])


def _symbols(phrase: str) -> list[str]:
    """Cut a phrase of the lexicon as texts are cut."""
    folded = fold(phrase)
    everything = {folded[token.start : token.end] for token in tokenize(phrase, frozenset())}
    return [token.symbol for token in tokenize(phrase, everything)]


def _compile(row: str, words: Words) -> list[dict[str, Any]]:
    """Turn one row of the lexicon into a pattern of spaCy's ``Matcher``."""
    return [spec for item in row.split() for spec in _compile_item(item, words)]


def _compile_item(item: str, words: Words) -> list[dict[str, Any]]:
    """Turn one item of a row into token specifications."""
    if item == "...":
        return [{**_GAP, "OP": "?"}] * _GAP_WORDS
    if item == "*":
        return [{"ORTH": {"NOT_IN": [*_SENTENCE_ENDS, ","]}}]
    name = item.rstrip("?")
    operator = {"OP": "?"} if item.endswith("?") else {}
    if name.startswith("{"):
        return [{"ORTH": {"IN": sorted(words[name.strip("{}")])}, **operator}]
    return [{"ORTH": symbol, **operator} for symbol in _symbols(name)]


def _literals(patterns: Iterable[list[dict[str, Any]]]) -> Iterator[str]:
    """Yield the words that patterns name directly, and the ends of sentences."""
    yield from (*_SENTENCE_ENDS, ",", UNKNOWN)
    for specs in patterns:
        yield from (spec["ORTH"] for spec in specs if isinstance(spec["ORTH"], str))
