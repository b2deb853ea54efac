"""What the classifier says: labels to compare, probabilities whatever was decided, means and their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from classifier.types import Classification, MultiDecision

Interval = tuple[float, float]

Found = Mapping[str, Classification]
"""What was found, by text."""

_SAMPLES = 2000
_COVERAGE = (2.5, 97.5)


def answer(classification: Classification, task: str) -> object:
    """Return the label of a task, or its set of labels; ``None`` where the task was not asked."""
    decision = getattr(classification, task)
    return frozenset(decision.labels) if isinstance(decision, MultiDecision) else getattr(decision, "label", None)


def interval(values: Sequence[float], *, seed: int) -> Interval:
    """Return the 95 % interval of the mean by the percentile bootstrap (Efron & Tibshirani, 1993, chapter 13).

    It is (0, 0) without values, and has no width where they are all alike.
    """
    if not values:
        return (0.0, 0.0)
    sample = np.asarray(values, dtype=np.float64)
    chance = np.random.default_rng(seed)
    means = sample[chance.integers(0, len(sample), (_SAMPLES, len(sample)))].mean(axis=1)
    low, high = np.percentile(means, _COVERAGE)
    return (round(float(low), 4), round(float(high), 4))


def mean(values: Sequence[float]) -> float:
    """Return the mean with four digits, 0 without values."""
    return round(float(np.mean(values)), 4) if values else 0.0
