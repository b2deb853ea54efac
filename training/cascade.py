"""When a small network may answer for the model that it learned from: the gate, fitted on held-out messages.

No label is needed: what counts is that both decide alike. The margin of a task is the least one from which on the small
network decides as the whole one does in the share that is asked for, among the messages that it would answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from classifier.calibration import Decision, Floats
from classifier.cascade import Gate, margins
from classifier.inference import ComplaintClassifier
from classifier.taxonomy import COMPLAINT, TASKS, Task
from classifier.types import MultiDecision

Bools = npt.NDArray[np.bool_]

_NEVER = 1e9
"""A margin that no decision has."""


def fit_gate(
    whole: ComplaintClassifier, small: ComplaintClassifier, texts: Sequence[str], agreement: Mapping[str, float]
) -> Gate:
    """Return the gate at which ``small`` decides as ``whole`` does, by task in the share ``agreement`` of ``texts``.

    ``texts`` must be new to both. A task that only complaints have is judged over what ``whole`` takes for one.
    """
    wanted, found = whole.calibrated(texts), small.calibrated(texts)
    complaint = np.array([label is True for (label,) in _decided(whole, COMPLAINT, wanted[COMPLAINT.id])], dtype=bool)
    least = {}
    for task in TASKS:
        if task.id not in agreement:
            continue
        pairs = zip(_decided(whole, task, wanted[task.id]), _decided(small, task, found[task.id]), strict=True)
        same = np.array([one == other for one, other in pairs], dtype=bool)
        asked = complaint if task.complaints_only else np.ones(len(texts), dtype=bool)
        margin = margins(task, small.artifact.calibration[task.id], found[task.id])
        least[task.id] = _least(margin[asked], same[asked], agreement[task.id])
    return Gate(whole.model, agreement, least)


def _least(margin: Floats, same: Bools, agreement: float) -> float:
    """Return the least margin from which on the share of ``same`` is ``agreement``, one more taken for different."""
    order = np.argsort(-margin)
    share = np.cumsum(same[order]) / (np.arange(len(order)) + 2.0)
    enough = np.flatnonzero(share >= agreement)
    return math.floor(1e6 * margin[order][enough[-1]]) / 1e6 if len(enough) else _NEVER


def _decided(network: ComplaintClassifier, task: Task, probabilities: Floats) -> list[tuple[object, ...]]:
    """Return what each row is taken for; of several labels the main one first, then all in the taxonomy's order."""
    calibration = network.artifact.calibration[task.id]
    return [_labels(calibration.decide(task, row)) for row in probabilities]


def _labels(decision: Decision) -> tuple[object, ...]:
    if isinstance(decision, MultiDecision):
        return (decision.primary, *sorted(decision.labels))
    return (decision.label,)
