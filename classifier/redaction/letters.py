"""How much a word's letters look like a person's name: a linear model over its pieces of two to four letters.

``training/names.py`` fits it to the lists of names and the everyday words of the written messages.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zlib import crc32

__all__ = ["BUCKETS", "LIKELY", "VERY_LIKELY", "pieces", "score"]

BUCKETS: Final = 8192
LIKELY: Final = -0.5
VERY_LIKELY: Final = 1.0
"""Scores from which a word may be a name where one is expected, and where none is."""

_SIZES: Final = (2, 3, 4)
_LONGEST: Final = 24
_SCALE: Final = 16.0


def pieces(word: str) -> list[int]:
    """Return the buckets of a word's pieces, its beginning and end marked."""
    marked = f"^{word[:_LONGEST]}$"
    return [crc32(marked[at : at + size].encode()) % BUCKETS for size in _SIZES for at in range(len(marked) - size + 1)]


@lru_cache(maxsize=4096)
def score(word: str) -> float:
    """Return the log-odds that a word in lower case is a name rather than an everyday word; 0 is even."""
    weights = _weights()
    return (weights[BUCKETS] * 4 + sum(weights[piece] for piece in pieces(word))) / _SCALE


@lru_cache(maxsize=1)
def _weights() -> array[int]:
    """Return a weight a bucket and the bias, in sixteenths; the bias is a quarter of its worth."""
    weights = array("b")
    weights.frombytes((files("classifier") / "lexicon" / "name_letters.bin").read_bytes())
    return weights
