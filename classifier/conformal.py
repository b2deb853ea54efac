"""Prediction sets that hold the right answer as often as was asked for: split-conformal prediction.

A nonconformity score says how strange a label is for a message. The scores that the right labels of ``n`` held-out
messages had travel with the model; a label is in a set unless it is stranger than the ``ceil((n + 1) * coverage)``-th
of them. If a new message and the held-out ones are exchangeable, the set holds its right label with a probability of
at least ``coverage``, whatever the network is worth (Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random
World", 2005; Angelopoulos & Bates, "A Gentle Introduction to Conformal Prediction", 2021, arXiv:2107.07511). The
guarantee is marginal: over messages, not for each kind of message.

The scores are of the network's own, uncalibrated probabilities: calibration is fitted on the same held-out messages,
and scores that depended on it would not be exchangeable with those of a new message.

- Flags, single labels, main labels: one minus the label's probability, which gives the smallest sets (Sadinle, Lei &
  Wasserman, "Least Ambiguous Set-Valued Classifiers with Bounded Error Levels", JASA 114(525), 2019).
- Ordered scales: the probability of the levels that come before it when one goes from the likeliest level to the
  likelier neighbour and on, so that every set is without gaps (Lu, Angelopoulos & Pomerantz, "Improving
  Trustworthiness of AI Disease Severity Rating in Medical Imaging with Ordinal Conformal Prediction Sets", 2022,
  arXiv:2207.02238; after Romano, Sesia & Candès, 2020).
- Each label of several: one minus its probability, against the messages that have this label (Vovk's label-conditional
  predictors; the class-specific coverage of Sadinle et al.).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from classifier.taxonomy import Task, TaskKind

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAX_SCORES: Final = 400
"""Most scores that are kept of a task: a set covers at most ``1 / MAX_SCORES`` more than it would with all of them."""

_UNIT = 1e5  # scores are kept in hundred-thousandths, rounded up
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class HeldOutScores:
    """What the right labels of ``count`` held-out messages scored.

    ``scores`` are of rank ``ceil(count * i / len(scores))``, i = 1, 2, …: all of them where there are few.
    """

    count: int = 0
    scores: tuple[float, ...] = ()

    @classmethod
    def of(cls, scores: Floats) -> Self:
        """Keep as many as are needed; rounded up, which never takes a label out of a set."""
        count = len(scores)
        kept = min(count, MAX_SCORES)
        ranks = [math.ceil(count * i / kept) for i in range(1, kept + 1)]
        rounded = np.ceil(np.sort(scores) * _UNIT + _SLACK) / _UNIT
        return cls(count, tuple(float(rounded[rank - 1]) for rank in ranks))

    def limit(self, coverage: float) -> float:
        """Return the highest score that is still in a set; infinity where too few messages were held out to tell."""
        rank = math.ceil((self.count + 1) * coverage - 1e-9)
        if rank > self.count:
            return math.inf
        kept = len(self.scores)
        return self.scores[math.ceil(rank * kept / self.count) - 1]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``calibration.json`` keeps."""
        return {"count": self.count, "scores": list(self.scores)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``calibration.json`` keeps."""
        return cls(int(data["count"]), tuple(data["scores"]))


@dataclass(frozen=True, slots=True)
class Conformal:
    """The held-out scores of one task: of the one right or main label, and of each of several labels."""

    main: HeldOutScores = HeldOutScores()
    each: Mapping[str, HeldOutScores] = field(default_factory=dict)

    def sets(self, task: Task, probabilities: Floats, coverage: float) -> list[tuple[str, ...]]:
        """Return for each row the labels that the one right label is among, in the taxonomy's order.

        ``probabilities`` are uncalibrated, (rows, ``task.width``). The likeliest label is always in the set.
        """
        scores = nonconformity(task, probabilities)
        chosen = scores <= self.main.limit(coverage)
        chosen[np.arange(len(scores)), _likeliest(task, probabilities)] = True
        return _named(task, chosen)

    def each_label(self, task: Task, probabilities: Floats, coverage: float) -> list[tuple[str, ...]]:
        """Return for each row of a task with several labels those that can't be ruled out; there may be none."""
        limits = [self.each.get(label, HeldOutScores()).limit(coverage) for label in task.label_ids]
        return _named(task, nonconformity(task, probabilities) <= np.array(limits))

    def to_dict(self) -> dict[str, Any]:
        """Return what ``calibration.json`` keeps."""
        return {"main": self.main.to_dict(), "each": {label: item.to_dict() for label, item in self.each.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``calibration.json`` keeps."""
        each = {label: HeldOutScores.from_dict(item) for label, item in data["each"].items()}
        return cls(HeldOutScores.from_dict(data["main"]), each)


def check_coverage(coverage: float) -> None:
    """Raise ``ValueError`` if ``coverage`` is no share between 0 and 1."""
    if not 0 < coverage < 1:
        raise ValueError(f"coverage is {coverage!r}; it must lie between 0 and 1, as 0.9 does")


def nonconformity(task: Task, probabilities: Floats) -> Floats:
    """Return how strange each label is for each row: (rows, labels), a flag's two labels being no and yes."""
    if task.kind is TaskKind.FLAG:
        return np.concatenate([probabilities, 1.0 - probabilities], axis=1)
    if task.kind is TaskKind.ORDINAL:
        return _mass_before(probabilities)
    return 1.0 - probabilities


def _likeliest(task: Task, probabilities: Floats) -> npt.NDArray[np.intp]:
    """Return the place of each row's likeliest label; of probabilities, as scores round the smallest leads away."""
    if task.kind is TaskKind.FLAG:
        return (probabilities[:, 0] >= 0.5).astype(np.intp)
    return np.asarray(probabilities.argmax(axis=1))


def _mass_before(probabilities: Floats) -> Floats:
    """Return the probability of the levels that come before each, from the likeliest to the likelier neighbour."""
    count, width = probabilities.shape
    rows = np.arange(count)
    walled = np.pad(probabilities, ((0, 0), (1, 1)), constant_values=-1.0)
    low = high = probabilities.argmax(axis=1)
    mass, result = probabilities[rows, low], np.zeros_like(probabilities)
    for _ in range(width - 1):
        down = walled[rows, low] >= walled[rows, high + 2]
        low, high = np.where(down, low - 1, low), np.where(down, high, high + 1)
        level = np.where(down, low, high)
        result[rows, level] = mass
        mass = mass + probabilities[rows, level]
    return result


def _named(task: Task, chosen: Bools) -> list[tuple[str, ...]]:
    """Name the labels that were chosen in each row."""
    return [tuple(label for label, inside in zip(task.label_ids, row, strict=True) if inside) for row in chosen]
