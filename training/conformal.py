"""Score held-out messages for prediction sets (see ``classifier.conformal``, which has the method and its sources).

The scores are of the model's own probabilities before calibration, so calibration may be fitted on the same messages.
How much the wide half counts beside the encoder may not: a model with a wide half has these shares chosen on one half
of the held-out families and its sets scored on the other half, one without is scored on all of them. Either way nothing
in the scores was chosen by the messages that are scored, which is what split-conformal's guarantee needs.

So are recupera-es-pt 0.3.0 and what is trained from now on; before it the shares (of 16 a task) were chosen on the very
messages that were scored, and the coverage was approximate. ``docs/quality.md`` says how much is covered on others.
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
