"""The lexicon of ``classifier/lexicon/*.toml``, compiled into spaCy matchers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from classifier.facts.tokens import CODE, DATE, NUMBER, UNKNOWN, fold, tokenize

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
class Lexicon:
    """One language's matchers, with the words they know. Only read once built, so threads may share it."""

    known: frozenset[str]
    words: Words
    numbers: Mapping[str, int]
    agencies: Mapping[str, Agency]
    vocab: Vocab
    matcher: Matcher
    names: PhraseMatcher

    def doc(self, symbols: list[str]) -> Doc:
        """Put symbols into a spaCy document."""
        from spacy.tokens import Doc

        return Doc(self.vocab, words=symbols)


@lru_cache(maxsize=2)
def load_lexicon(language: str) -> Lexicon:
    """Read and compile the lexicon of ``es`` or ``pt``; kept afterwards."""
    from spacy.matcher import Matcher, PhraseMatcher
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    source = _read(f"facts_{language}.toml")
    agencies = [Agency(**{**row, "aliases": tuple(row["aliases"])}) for row in _read("agencies.toml")["agency"]]
    words = _word_sets(source)
    patterns = {key: [_compile(row, words) for row in rows] for key, rows in _rows(source)}
    aliases = {alias: _symbols(alias) for agency in agencies for alias in agency.aliases}
    vocab = Vocab()  # not spacy.blank, which would load the factories of every installed package
    matcher = Matcher(vocab)
    for key, compiled in patterns.items():
        matcher.add(key, compiled)
    names = PhraseMatcher(vocab)
    for alias, symbols in aliases.items():
        names.add(alias, [Doc(vocab, words=symbols)])
    return Lexicon(
        known=frozenset(_literals(patterns.values())).union(*words.values(), *aliases.values()),
        words=words,
        numbers={fold(word): value for word, value in source["numbers"].items()},
        agencies={alias: agency for agency in agencies for alias in agency.aliases},
        vocab=vocab,
        matcher=matcher,
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


def _rows(source: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the pattern rows with their key, ``kind/label``."""
    for kind in KINDS:
        for label, rows in source[kind].items():
            yield f"{kind}/{label}", rows


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


def _literals(patterns: Iterable[list[list[dict[str, Any]]]]) -> Iterator[str]:
    """Yield the words that patterns name directly, and the ends of sentences."""
    yield from (*_SENTENCE_ENDS, ",", UNKNOWN)
    for rows in patterns:
        for row in rows:
            yield from (spec["ORTH"] for spec in row if isinstance(spec["ORTH"], str))
