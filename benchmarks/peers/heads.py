"""Logistic regressions over ready features: one a task, or one a label where a message may have several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.peers.peer import Logits, Progress
from classifier.calibration import columns
from classifier.taxonomy import TASKS, Task, TaskKind
from training.corpus import Example

Features = Any
"""A dense array or a scipy CSR matrix, a row a message."""
_SURE = 9.0
"""Logit of a label that every training message has; its negative is that of one that none has."""


class Heads:
    """The regressions of every task; labels are weighted by their rarity. ``inverse_penalty`` is scikit-learn's C."""

    def __init__(self, inverse_penalty: float) -> None:
        self.inverse_penalty = inverse_penalty
        self.models: list[tuple[LogisticRegression, list[int]]] = []
        self.always: list[int] = []

    def fit(self, features: Features, examples: Sequence[Example], progress: Progress) -> None:
        """Fit every task on the messages that have its label; ``features`` has a row a message."""
        self.models, self.always = [], []
        for done, task in enumerate(TASKS, 1):
            rows = [i for i, e in enumerate(examples) if task.id in e.labels]
            labels = [examples[i].labels[task.id] for i in rows]
            for places, targets in _questions(task, labels):
                if len(set(targets)) > 1:
                    model = LogisticRegression(C=self.inverse_penalty, class_weight="balanced", max_iter=300)
                    self.models.append((model.fit(features[rows], targets), places))
                elif targets and (len(places) > 1 or targets[0] == 1):
                    self.always.append(places[targets[0] if len(places) > 1 else 0])
            progress(done / len(TASKS))

    def logits(self, features: Features) -> Logits:
        """Return the decision values in the columns of the tasks."""
        out = np.full((features.shape[0], sum(task.width for task in TASKS)), -_SURE, dtype=np.float32)
        out[:, self.always] = _SURE
        for model, places in self.models:
            values = model.decision_function(features)
            if len(places) == 1:
                out[:, places[0]] = values
            elif values.ndim == 1:
                out[:, [places[i] for i in model.classes_]] = np.stack([-values / 2, values / 2], axis=1)
            else:
                out[:, [places[i] for i in model.classes_]] = values
        return out


def _questions(task: Task, labels: Sequence[Any]) -> list[tuple[list[int], list[int]]]:
    """Return what one task asks: the columns that the answer fills, and the class of each message."""
    start = columns()[task.id].start
    if task.kind is TaskKind.FLAG:
        return [([start], [int(given) for given in labels])]
    if task.kind is TaskKind.MULTI:
        return [([start + i], [int(name in given) for given in labels]) for i, name in enumerate(task.label_ids)]
    return [([start + i for i in range(task.width)], [task.label_ids.index(given) for given in labels])]
