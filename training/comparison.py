"""Two models on the same messages: the main figure of each task, and how much of a difference is noise.

Figures over bootstrap samples of the messages are computed from counts, all samples in one product of matrices. Both
models are measured on the same samples (the paired bootstrap; Koehn, "Statistical significance tests for machine
translation evaluation", 2004), so what makes messages hard for both does not count as noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from classifier.taxonomy import CONDUCT, TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Labels
from training.evaluation import Answer, answer, asked

__all__ = [
    "COMPARED",
    "SAMPLES",
    "Comparison",
    "Interval",
    "Verdict",
    "compare",
    "intervals",
    "main_figure",
    "resamples",
    "sampled_figure",
]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.float32]

COMPARED: Final = tuple(task for task in TASKS if task is not CONDUCT)
"""Tasks that a new model must not be worse at. Conduct is so rare that its figure is all noise."""

SAMPLES: Final = 2000
_BOUNDS: Final = (2.5, 97.5)


class Verdict(StrEnum):
    """What a difference amounts to."""

    BETTER = "better"  # the whole interval lies above zero
    WORSE = "worse"  # the whole interval lies below zero
    NOISE = "within noise"


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and where 95 % of the bootstrap samples lie."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Bound the first of ``values``, the figure of all messages, by the others, those of the samples."""
        low, high = np.percentile(values[1:], _BOUNDS)
        return cls(float(values[0]), float(low), float(high))

    @property
    def noise(self) -> float:
        """Half the width: how far the figure may be off by chance."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of two models; ``difference`` is the candidate's less the current one's."""

    task: str
    figure: str
    messages: int
    current: float
    candidate: float
    difference: Interval

    @property
    def verdict(self) -> Verdict:
        """Say on which side of zero the interval lies."""
        if self.difference.high < 0:
            return Verdict.WORSE
        return Verdict.BETTER if self.difference.low > 0 else Verdict.NOISE


def main_figure(task: Task) -> str:
    """Return the name of the figure that a task is judged by, as ``training.evaluation.score`` has it."""
    return "kappa" if task.kind is TaskKind.ORDINAL else "macro-F1"


def compare(
    gold: Sequence[Labels], current: Sequence[Classification], candidate: Sequence[Classification], *, seed: int = 1
) -> list[Comparison]:
    """Compare two models' answers to the same messages on the main figure of each task that the gold holds."""
    weights, rows = resamples(len(gold), SAMPLES, seed), []
    for task in COMPARED:
        messages = sum(asked(task, labels) for labels in gold)
        if messages:
            figure = main_figure(task)
            old, new = (sampled_figure(task, figure, gold, found, weights) for found in (current, candidate))
            rows.append(Comparison(task.id, figure, messages, float(old[0]), float(new[0]), Interval.of(new - old)))
    return rows


def intervals(gold: Sequence[Labels], found: Sequence[Classification], *, seed: int = 1) -> dict[str, Interval]:
    """Return the main figures of one model with their intervals, by the names that ``score`` gives them."""
    weights = resamples(len(gold), SAMPLES, seed)
    return {
        f"{task.id} {main_figure(task)}": Interval.of(sampled_figure(task, main_figure(task), gold, found, weights))
        for task in COMPARED
        if any(asked(task, labels) for labels in gold)
    }


def resamples(messages: int, samples: int, seed: int) -> Counts:
    """Return how often each message is drawn, (1 + samples, messages); the first row takes each once."""
    chance = np.random.default_rng(seed)
    weights = np.ones((1 + samples, messages), dtype=np.float32)
    for row in weights[1:]:
        row[:] = np.bincount(chance.integers(0, messages, messages), minlength=messages)
    return weights


def sampled_figure(
    task: Task, figure: str, gold: Sequence[Labels], found: Sequence[Classification], weights: Counts
) -> Floats:
    """Return a figure for each row of ``weights``: the same as ``score`` gives for the messages so often drawn.

    A sample in which nothing is asked of the task has the figure of all messages.
    """
    pairs = [
        (labels[task.id], answer(task, given)) if asked(task, labels) else None
        for labels, given in zip(gold, found, strict=True)
    ]
    if task.kind is TaskKind.MULTI:
        values = _macro_f1(*_hits_of_sets(task, pairs, weights))
    else:
        table = _confusion(task, pairs, weights)
        values = _kappa(table) if figure == "kappa" else _macro_f1(*_hits_of_labels(table))
    return np.where(np.isnan(values), values[0], values)


def _hits_of_sets(
    task: Task, pairs: Sequence[tuple[Any, Answer] | None], weights: Counts
) -> tuple[Floats, Floats, Floats]:
    """Return for each sample and label: hits, times in the gold, times given."""
    cells = np.zeros((len(pairs), 3, len(task.labels)), dtype=np.float32)
    for row, pair in enumerate(pairs):
        if pair is not None:
            wanted, given = set(pair[0]), set((pair[1] or {}).get("labels") or ())
            cells[row] = [[label in s for label in task.label_ids] for s in (wanted & given, wanted, given)]
    sums = (weights @ cells.reshape(len(pairs), -1)).reshape(len(weights), 3, -1).astype(np.float64)
    return sums[:, 0], sums[:, 1], sums[:, 2]


def _confusion(task: Task, pairs: Sequence[tuple[Any, Answer] | None], weights: Counts) -> Floats:
    """Count each sample by label in the gold and label given, the last column for none: (samples, n, n + 1)."""
    names = ["False", "True"] if task.kind is TaskKind.FLAG else list(task.label_ids)
    cells = np.zeros((len(pairs), len(names), len(names) + 1), dtype=np.float32)
    for row, pair in enumerate(pairs):
        if pair is not None:
            given = str((pair[1] or {}).get("label"))
            cells[row, names.index(str(pair[0])), names.index(given) if given in names else len(names)] = 1
    sums = weights @ cells.reshape(len(pairs), -1)
    return sums.reshape(len(weights), len(names), -1).astype(np.float64)


def _hits_of_labels(table: Floats) -> tuple[Floats, Floats, Floats]:
    """Return for each sample and label: hits, times in the gold, times given."""
    return np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2), table.sum(axis=1)[:, :-1]


def _macro_f1(hits: Floats, wanted: Floats, given: Floats) -> Floats:
    """Return the mean F1 of the labels that a sample's gold holds; NaN where it holds none."""
    there = wanted > 0
    each = np.where(there, 2 * hits / np.maximum(wanted + given, 1), 0.0)
    return np.where(there.any(axis=1), each.sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.nan)


def _kappa(table: Floats) -> Floats:
    """Return the quadratic weighted kappa, no label counting as the lowest; 1 if all agree on the only level."""
    square = table[:, :, :-1].copy()
    square[:, :, 0] += table[:, :, -1]
    levels, total = np.arange(square.shape[1]), square.sum(axis=(1, 2))
    distance = np.subtract.outer(levels, levels) ** 2
    observed = (square * distance).sum(axis=(1, 2)) * total
    margins = square.sum(axis=2)[:, :, None] * square.sum(axis=1)[:, None, :]
    expected = (margins * distance).sum(axis=(1, 2))
    values = np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1), 1.0)
    return np.where(total > 0, values, np.nan)
