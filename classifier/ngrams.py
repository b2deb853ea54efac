"""Hashed words and characters into one linear layer: the wide half of the model, beside the deep one.

The encoder knows what a sentence means; this half remembers which words and letters went with which label. Their
logits are added (Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016, with the two halves trained
apart, which keeps their errors apart too). Words and word pairs go to one table of buckets, character n-grams to
another (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from classifier.accents import without_accents

WORD_BITS: Final = 17
CHARACTER_BITS: Final = 18
BUCKETS: Final = (1 << WORD_BITS) + (1 << CHARACTER_BITS)

_WORD_LENGTHS: Final = (1, 2)
_CHARACTER_LENGTHS: Final = (2, 3, 4, 5)
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_DIGIT: Final = re.compile(r"\d")
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_PRIME: Final = np.uint64(1_099_511_628_211)

Floats = npt.NDArray[np.float32]
Buckets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """Buckets of one text and the weight of each; each of the two tables' parts has length 1."""

    buckets: Buckets
    values: Floats


@dataclass(frozen=True, slots=True)
class NgramModel:
    """A linear layer over hashed n-grams.

    ``rarity`` (BUCKETS,) is the inverse document frequency, 0 for what was never learned; ``weights`` (BUCKETS, width)
    are 8-bit numbers in units of ``scale`` (width,); ``bias`` is (width,).
    """

    rarity: npt.NDArray[np.float16]
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["rarity"], arrays["weights"], arrays["scale"], arrays["bias"])

    def save(self, path: Path) -> None:
        """Write the arrays, compressed."""
        np.savez_compressed(path, rarity=self.rarity, weights=self.weights, scale=self.scale, bias=self.bias)

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return logits of shape (len(texts), width) for preprocessed texts."""
        out = np.tile(self.bias, (len(texts), 1))
        for row, text in enumerate(texts):
            features = weighted(ngrams(text), self.rarity)
            out[row] += (features.values @ self.weights[features.buckets].astype(np.float32)) * self.scale
        return out


def ngrams(text: str) -> tuple[Buckets, Buckets]:
    """Return the buckets of a text's words and word pairs, and of its character n-grams; one entry an occurrence."""
    tokens = _TOKEN.findall(_DIGIT.sub("0", fold(text)))
    words = np.array([zlib.crc32(token.encode("utf-8", "surrogatepass")) for token in tokens], dtype=np.uint64)
    letters = np.frombuffer(f" {' '.join(tokens)} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return (
        _hashed(_chains(words, _WORD_LENGTHS), WORD_BITS, 0),
        _hashed(_chains(letters.astype(np.uint64), _CHARACTER_LENGTHS), CHARACTER_BITS, 1 << WORD_BITS),
    )


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents, so that hurried and careful writing meet."""
    return without_accents(text.lower())


def weighted(occurrences: Sequence[Buckets], rarity: npt.NDArray[np.float16]) -> Features:
    """Weigh each bucket by (1 + log count) times its rarity, each table's part scaled to length 1."""
    buckets, values = [], []
    for part in occurrences:
        found, counts = np.unique(part, return_counts=True)
        value = (1.0 + np.log(counts.astype(np.float32))) * rarity[found].astype(np.float32)
        length = float(np.sqrt((value**2).sum()))
        buckets.append(found)
        values.append(value / length if length else value)
    return Features(np.concatenate(buckets), np.concatenate(values).astype(np.float32))


def _chains(values: npt.NDArray[np.uint64], lengths: Sequence[int]) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield one number for each run of neighbours, for each of ``lengths``."""
    chain = np.full(len(values), _PRIME, dtype=np.uint64)
    for length in range(1, max(lengths) + 1):
        if length > len(values):
            return
        tail = values[length - 1 :]
        chain = (chain[: len(tail)] ^ tail) * _PRIME
        if length in lengths:
            yield chain


def _hashed(chains: Iterable[npt.NDArray[np.uint64]], bits: int, first: int) -> Buckets:
    """Map numbers to ``2 ** bits`` buckets from ``first`` on."""
    numbers = np.concatenate([np.zeros(0, dtype=np.uint64), *chains])
    mixed = (numbers ^ (numbers >> np.uint64(31))) * _MULTIPLIER
    buckets: Buckets = (mixed >> np.uint64(64 - bits)).astype(np.int64) + first
    return buckets
