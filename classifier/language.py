"""Which language a message is written in: Spanish, Portuguese, or another one.

Three witnesses: the script; the naive Bayes model of ``py3langid`` (bundled with it, nothing is downloaded) over
the languages that reach a support desk; and the word lists of ``lexicon/language_words.toml``, which decide short
texts. The lists also show when two languages share a text: the probability then stays under 0.8.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from classifier.accents import without_accents
from classifier.quoting import has_words

if TYPE_CHECKING:
    Identifier: TypeAlias = Any

__all__ = ["LanguageGuess", "identify_language"]

MessageLanguage: TypeAlias = Literal["es", "pt", "other"]

_OURS: Final[tuple[MessageLanguage, ...]] = ("es", "pt")
_NEIGHBOURS: Final = ("gl", "ca", "it", "en", "fr", "de", "nl", "ro", "eu", "pl", "tr", "hu", "sv", "fi", "ht", "id")
_READ_CHARACTERS: Final = 1500
_PRIOR: Final = 2.0
_PRIOR_SHORT: Final = 3.5
"""Head start of Spanish and Portuguese, as a logarithm: taking them for another language costs a classification."""
_WORD_WEIGHT: Final = 1.6
_MOST_WORDS: Final = 12.0
_FLOOR: Final = 1e-3
_FLOOR_SHORT: Final = 0.03
_SHORT: Final = 25
"""In characters: the model says little about so short a text, so the words count for more."""
_CERTAIN: Final = 0.999
_CLEAR_OTHER: Final = 0.8
_MIXED_SHARE: Final = 0.2
_MIXED_WORDS: Final = 2
_TOKEN: Final = re.compile(r"[^\W\d_]+")
_NO_TOKEN: Final = re.compile(r"<(?:NUM|EMAIL|URL)>|https?://\S+|www\.\S+|(?<!\S)[^\s@]++@\S+|[@#]\w+")
_LATIN: Final = re.compile("[a-zªºà-öø-ÿ\u0100-\u024f]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language and how sure it is; ``None`` stands for a text without words, and has probability 0."""

    language: MessageLanguage | None
    probability: float


def identify_language(text: str) -> LanguageGuess:
    """Tell the language of a text of any length; only its first 1,500 characters are read."""
    read = _NO_TOKEN.sub(" ", text[:_READ_CHARACTERS])
    if not has_words(read):
        return LanguageGuess(None, 0.0)
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", read).lower())
    if _foreign_script(tokens):
        return LanguageGuess("other", 0.99)
    listed = _listed(tokens)
    posterior = _posterior(" ".join(tokens), listed)
    ours = max(_OURS, key=lambda name: posterior[name])
    return _decide(posterior, ours, _mixture(listed, ours))


def _decide(posterior: Mapping[str, float], ours: MessageLanguage, mixture: float) -> LanguageGuess:
    """Choose; another language needs clear evidence, and a mixed text lowers the probability."""
    other = 1.0 - sum(posterior[name] for name in _OURS)
    if other >= _CLEAR_OTHER:
        return LanguageGuess("other", round(min(other, _CERTAIN), 4))
    ceiling = _CERTAIN if mixture == 0.0 else 0.79 - mixture / 2
    return LanguageGuess(ours, round(min(posterior[ours], ceiling), 4))


def _foreign_script(tokens: list[str]) -> bool:
    """Tell whether most letters are not Latin."""
    letters = "".join(tokens)
    return len(_LATIN.findall(letters)) * 2 < len(letters)


def _listed(tokens: list[str]) -> list[tuple[str, ...]]:
    """Look every token up: the languages that list it, for those that any does."""
    words = _words()
    found = (words.exact.get(token) or words.folded.get(token, ()) for token in tokens)
    return [languages for languages in found if languages]


def _posterior(text: str, listed: list[tuple[str, ...]]) -> dict[str, float]:
    """Join the naive Bayes model, the word lists and the prior."""
    votes = dict.fromkeys((*_OURS, *_NEIGHBOURS), 0.0)
    for languages in listed:
        for language in languages:
            votes[language] += 1.0 / len(languages)
    weight = _WORD_WEIGHT * min(1.0, _MOST_WORDS / max(1, len(listed)))
    floor, prior = (_FLOOR_SHORT, _PRIOR_SHORT) if len(text) < _SHORT else (_FLOOR, _PRIOR)
    scores = {
        language: math.log(probability + floor) + weight * votes[language] + (prior if language in _OURS else 0.0)
        for language, probability in _identifier().rank(text)
    }
    highest = max(scores.values())
    odds = {language: math.exp(score - highest) for language, score in scores.items()}
    total = sum(odds.values())
    return {language: odd / total for language, odd in odds.items()}


def _mixture(listed: list[tuple[str, ...]], language: str) -> float:
    """Return the share (up to 0.5) of words that tell a second language from ``language``, 0 where it is small."""
    largest = 0.0
    for second in _words().languages:
        for_second = sum(second in languages and language not in languages for languages in listed)
        for_first = sum(language in languages and second not in languages for languages in listed)
        if for_second >= _MIXED_WORDS and for_second >= _MIXED_SHARE * (for_first + for_second):
            largest = max(largest, min(0.5, for_second / (for_first + for_second)))
    return largest


@dataclass(frozen=True, slots=True)
class _Words:
    """The word lists, turned round: word to languages, as written and without accents."""

    languages: tuple[str, ...]
    exact: Mapping[str, tuple[str, ...]]
    folded: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def _words() -> _Words:
    """Read the lists once."""
    source = files("classifier").joinpath("lexicon/language_words.toml").read_text(encoding="utf-8")
    lists = {language: set(words.split()) for language, words in tomllib.loads(source).items()}
    return _Words(
        tuple(lists), _turn_round(lists), _turn_round({key: set(map(without_accents, lists[key])) for key in lists})
    )


def _turn_round(lists: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Map every word to the languages that list it."""
    turned: dict[str, tuple[str, ...]] = {}
    for language, words in lists.items():
        for word in words:
            turned[word] = (*turned.get(word, ()), language)
    return turned


@lru_cache(maxsize=1)
def _identifier() -> Identifier:
    """Load the model once, without the languages that it is not asked about; threads may share it.

    The library's own ``set_languages`` would keep the others too, 25 MB of them.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    asked = [place for place, name in enumerate(whole.nb_classes) if name in (*_OURS, *_NEIGHBOURS)]
    return LanguageIdentifier(
        whole.nb_ptc[:, asked],
        whole.nb_pc[asked],
        [whole.nb_classes[place] for place in asked],
        whole.tk_nextmove,
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )
