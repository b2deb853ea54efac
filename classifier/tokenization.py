"""Preprocessed text to token ids, the same in training and at inference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Ids = npt.NDArray[np.int64]

TAIL_SHARE = 3
"""A text over the limit keeps its head and one part in ``TAIL_SHARE`` of the limit from its tail: complaints tell
the failure first and say what they want last."""


@dataclass(frozen=True, slots=True)
class TokenEncoder:
    """A tokenizer and the length, in tokens, that a model reads."""

    tokenizer: Tokenizer
    max_tokens: int

    @classmethod
    def from_file(cls, path: Path, *, max_tokens: int) -> Self:
        """Read a ``tokenizer.json``; its own truncation and padding are switched off."""
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(tokenizer, max_tokens)

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        pad = self.tokenizer.token_to_id("<pad>")
        return int(pad) if pad is not None else 0

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the token ids of each text, special tokens included, head and tail of what is too long."""
        return [self.fit(ids) for ids in self.encode_whole(texts)]

    def encode_whole(self, texts: Sequence[str]) -> list[Ids]:
        """Return the token ids of each text, however long."""
        return [np.asarray(each.ids, dtype=np.int64) for each in self.tokenizer.encode_batch_fast(list(texts))]

    def fit(self, tokens: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Cut the middle out of something with a value a token that is too long."""
        if len(tokens) <= self.max_tokens:
            return tokens
        tail = self.max_tokens // TAIL_SHARE
        return np.concatenate([tokens[: self.max_tokens - tail], tokens[-tail:]])


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded token ids and their mask, both (rows, tokens), and where each row stood in the input."""

    positions: tuple[int, ...]
    input_ids: Ids
    attention_mask: Ids


def kept(ids: Ids, shorter: Ids) -> npt.NDArray[np.bool_]:
    """Say of each of ``ids`` whether it is in ``shorter`` too, which is the same text without one run of words."""
    marks = np.ones(len(ids), dtype=bool)
    gone = len(ids) - len(shorter)
    if gone > 0:
        same = ids[: len(shorter)] == shorter
        start = len(shorter) if same.all() else int(same.argmin())
        marks[start : start + gone] = False
    return marks


def padded_length(length: int, step: int, max_tokens: int) -> int:
    """Round ``length`` up to a multiple of ``step``, at most ``max_tokens``."""
    return min(-(-length // step) * step, max_tokens)


def pad(rows: Sequence[Ids], length: int, pad_id: int) -> tuple[Ids, Ids]:
    """Pad ``rows`` on the right to ``length``; return ids and mask."""
    ids = np.full((len(rows), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), length), dtype=np.int64)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask


def batches(rows: Sequence[Ids], *, pad_id: int, max_tokens: int, budget: int, step: int = 8) -> Iterator[Batch]:
    """Group ``rows`` by padded length, longest last, into batches of at most ``budget`` tokens (one row at least).

    A row's padded length depends on that row alone, never on its neighbours, so a text meets the same arithmetic
    alone and in company.
    """
    groups: dict[int, list[int]] = {}
    for position, row in enumerate(rows):
        groups.setdefault(padded_length(len(row), step, max_tokens), []).append(position)
    for length in sorted(groups):
        size = max(1, budget // length)
        members = groups[length]
        for start in range(0, len(members), size):
            chosen = tuple(members[start : start + size])
            ids, mask = pad([rows[position] for position in chosen], length, pad_id)
            yield Batch(chosen, ids, mask)
