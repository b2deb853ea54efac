"""Score held-out messages for prediction sets (see ``classifier.conformal``, which has the method and its sources).

All held-out messages serve, none is set apart: the scores are of the network's own probabilities, which were fitted
on other messages, so split-conformal's guarantee is exact although calibration is fitted on the same messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier.calibration import TaskCalibration
from classifier.conformal import Conformal, HeldOutScores, nonconformity
from classifier.taxonomy import Task, TaskKind
from training.corpus import Example


def fit_conformal(task: Task, logits: npt.NDArray[Any], examples: Sequence[Example]) -> Conformal:
    """Score the right labels of ``examples``, all of which have the task's label.

    ``logits`` is (len(examples), ``task.width``), untouched by any calibration.
    """
    scores = nonconformity(task, TaskCalibration.neutral(task).probabilities(task, logits))
    right = [_index(task, example) for example in examples]
    main = HeldOutScores.of(scores[np.arange(len(right)), right]) if right else HeldOutScores()
    if task.kind is not TaskKind.MULTI:
        return Conformal(main)
    has = {label: [label in e.labels[task.id] for e in examples] for label in task.label_ids}
    each = {label: HeldOutScores.of(scores[rows, i]) for i, (label, rows) in enumerate(has.items()) if any(rows)}
    return Conformal(main, each)


def _index(task: Task, example: Example) -> int:
    """Return the place of the right, or the main, label among the task's labels; of a flag, 0 for no and 1 for yes."""
    value = example.labels[task.id]
    if task.kind is TaskKind.FLAG:
        return int(value)
    return task.label_ids.index(value[0] if task.kind is TaskKind.MULTI else value)
