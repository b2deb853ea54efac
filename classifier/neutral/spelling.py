"""One spelling for each word: with the accents and capitals that most people write, and without slips of the fingers.

The words are those of ``lexicon/spelling.txt.gz`` (``training/spelling.py`` counts them), known by their letters
without accents and capitals, so that *informacion*, *INFORMACIÓN* and *información* are one word. A word that isn't
there and is one slip away from words that are is taken for the likeliest of them: a noisy channel (Kernighan, Church &
Gale, "A Spelling Correction Program Based on a Noisy Channel Model", COLING 1990), over slips as they happen on
keyboards.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from classifier.ngrams import fold

__all__ = ["Spelling", "load_spelling", "slips"]

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE: Final = {key: row[max(0, i - 1) : i] + row[i + 1 : i + 2] for row in _ROWS for i, key in enumerate(row)}
_SHORTEST: Final = 4
"""Letters of the shortest word that is mended."""

_LONGEST: Final = 24
_FEWEST: Final = 4.0
"""Messages, as a power of two, that a word must be in for a slip to be taken for it."""

_OTHER_LANGUAGE: Final = 6.0
_DOUBLED, _SWAPPED, _NEIGHBOUR, _MISSING, _EXTRA, _REPLACED = 0.0, 1.0, 1.0, 1.5, 3.0, 5.0
"""What each slip costs, in powers of two: how much rarer the word may be that it explains."""


def slips(key: str) -> Iterator[tuple[str, float]]:
    """Yield what ``key`` may have been meant for, one slip away behind the first letter, and the slip's cost."""
    for i in range(1, len(key) + 1):
        before, behind = key[:i], key[i:]
        if behind:
            yield before + behind[1:], _DOUBLED if behind[0] == before[-1] else _EXTRA
            near = _BESIDE.get(behind[0], "")
            for letter in _LETTERS:
                yield before + letter + behind[1:], _NEIGHBOUR if letter in near else _REPLACED
            if len(behind) > 1:
                yield before + behind[1] + behind[0] + behind[2:], _SWAPPED
        for letter in _LETTERS:
            yield before + letter + behind, _MISSING


@dataclass(frozen=True, eq=False)
class Spelling:
    """How words are written, by their letters, and how often they occur, in powers of two, in each language.

    ``language`` is everywhere the place of one in ``classifier.taxonomy.LANGUAGES``.
    """

    forms: Mapping[str, tuple[str, str]]
    counts: Mapping[str, tuple[float, float]]

    def form(self, key: str, language: int) -> str | None:
        """Return how a word is written, small or as a name is; ``None`` if it isn't known."""
        forms = self.forms.get(key)
        return None if forms is None else forms[language]

    def mended(self, key: str, language: int) -> str:
        """Return the letters of the word that was probably meant: ``key`` itself if no known one is near."""
        if key in self.counts or not _SHORTEST <= len(key) <= _LONGEST or not key.isascii():
            return key
        return self._mended(key, language)

    @lru_cache(maxsize=1 << 14)  # noqa: B019 - there is one
    def _mended(self, key: str, language: int) -> str:
        best, most = key, -math.inf
        for word, cost in slips(key):
            if (counts := self.counts.get(word)) is None:
                continue
            count = max(counts[language], counts[1 - language] - _OTHER_LANGUAGE)
            if count >= _FEWEST and count - cost > most:
                best, most = word, count - cost
        return best


@lru_cache(maxsize=1)
def load_spelling() -> Spelling:
    """Read the words: a line each, with form and count in Spanish and in Portuguese, empty where it is in one only."""
    packed = (files("classifier") / "lexicon" / "spelling.txt.gz").read_bytes()
    forms, counts = {}, {}
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        spanish, es, portuguese, pt = line.split("\t")
        key = fold(spanish or portuguese)
        forms[key] = (spanish or portuguese, portuguese or spanish)
        counts[key] = (float(es), float(pt))
    return Spelling(forms, counts)
