"""Logits to calibrated probabilities, and probabilities to decisions.

Every number here was fitted on held-out messages and travels with the model as ``calibration.json``: per task a scale
and a shift of the logits (Platt scaling for flags and multi-label tasks; temperature and bias, as in Guo et al.,
"On Calibration of Modern Neural Networks", 2017, for the others), the thresholds at which a label is given, and the
confidence under which a person should look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from classifier.conformal import Conformal
from classifier.errors import IncompatibleModelError
from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import FlagDecision, MultiDecision, OrdinalDecision, SingleDecision

Floats = npt.NDArray[np.float64]
Decision = FlagDecision | MultiDecision | OrdinalDecision | SingleDecision

_DIGITS = 4


def sigmoid(logits: Floats) -> Floats:
    """Logistic function, without overflow."""
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return result


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis, without overflow."""
    exponent = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = exponent / exponent.sum(axis=-1, keepdims=True)
    return result


@dataclass(frozen=True, slots=True)
class TaskCalibration:
    """What was fitted for one task.

    ``scale`` and ``shift`` have one value a logit. ``thresholds``: for a flag the probability from which it is yes;
    for several labels that of each; for an ordered scale the expected levels at which the next level begins; for one
    label the factor of each probability before the highest is taken. ``review_below`` is the confidence in the main
    label under which a person should look. ``prior`` is the share that each label had among the messages that this
    was fitted on (a flag: the share of yes), and ``conformal`` what they scored; models of before have neither.
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]
    thresholds: tuple[float, ...]
    review_below: float = 0.0
    prior: tuple[float, ...] = ()
    conformal: Conformal | None = None

    @classmethod
    def neutral(cls, task: Task) -> Self:
        """Leave the logits as they are, and decide as one would without having measured."""
        thresholds = {
            TaskKind.FLAG: (0.5,),
            TaskKind.MULTI: (0.5,) * task.width,
            TaskKind.ORDINAL: tuple(level + 0.5 for level in range(task.width - 1)),
            TaskKind.SINGLE: (1.0,) * task.width,
        }
        return cls((1.0,) * task.width, (0.0,) * task.width, thresholds[task.kind])

    def probabilities(self, task: Task, logits: npt.NDArray[Any]) -> Floats:
        """Return calibrated probabilities of shape (rows, ``task.width``)."""
        adjusted = np.asarray(logits, dtype=np.float64) * self.scale + self.shift
        return sigmoid(adjusted) if task.kind in (TaskKind.FLAG, TaskKind.MULTI) else softmax(adjusted)

    def to_dict(self) -> dict[str, Any]:
        """Return the task's part of ``calibration.json``."""
        content: dict[str, Any] = {
            "scale": list(self.scale),
            "shift": list(self.shift),
            "thresholds": list(self.thresholds),
            "review_below": self.review_below,
        }
        if self.prior:
            content["prior"] = list(self.prior)
        if self.conformal:
            content["conformal"] = self.conformal.to_dict()
        return content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the task's part of ``calibration.json``."""
        return cls(
            tuple(data["scale"]),
            tuple(data["shift"]),
            tuple(data["thresholds"]),
            float(data["review_below"]),
            tuple(data.get("prior", ())),
            Conformal.from_dict(data["conformal"]) if "conformal" in data else None,
        )

    def decide(self, task: Task, probabilities: Floats) -> Decision:
        """Turn one row of calibrated probabilities into the task's answer."""
        return _DECIDE[task.kind](self, task, probabilities)


def _flag(calibration: TaskCalibration, _task: Task, row: Floats) -> FlagDecision:
    return FlagDecision(bool(row[0] >= calibration.thresholds[0]), round(float(row[0]), _DIGITS))


def _multi(calibration: TaskCalibration, task: Task, row: Floats) -> MultiDecision:
    order = np.argsort(-row, kind="stable")
    chosen = [i for i in order if row[i] >= calibration.thresholds[i]] or [order[0]]
    labels = tuple(task.label_ids[i] for i in chosen)
    return MultiDecision(labels[0], labels, _named(task, row))


def _ordinal(calibration: TaskCalibration, task: Task, row: Floats) -> OrdinalDecision:
    score = expected_level(row)
    level = int(np.searchsorted(calibration.thresholds, score, side="right"))
    return OrdinalDecision(task.label_ids[level], _named(task, row), round(float(score), _DIGITS))


def _single(calibration: TaskCalibration, task: Task, row: Floats) -> SingleDecision:
    best = int(np.argmax(row * calibration.thresholds))
    return SingleDecision(task.label_ids[best], _named(task, row))


_DECIDE: Mapping[TaskKind, Callable[[TaskCalibration, Task, Floats], Decision]] = {
    TaskKind.FLAG: _flag,
    TaskKind.MULTI: _multi,
    TaskKind.ORDINAL: _ordinal,
    TaskKind.SINGLE: _single,
}


def expected_level(probabilities: Floats) -> Floats:
    """Return the mean level of an ordered scale, 0 for the lowest; over the last axis."""
    result: Floats = probabilities @ np.arange(probabilities.shape[-1])
    return result


def confidence(decision: Decision) -> float:
    """Return the calibrated probability of the main label that was given."""
    if isinstance(decision, FlagDecision):
        probability = decision.probability or 0.0
        return probability if decision.label else 1.0 - probability
    main = decision.primary if isinstance(decision, MultiDecision) else decision.label
    return decision.probabilities[main]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration of every task of a model."""

    tasks: Mapping[str, TaskCalibration]

    @classmethod
    def neutral(cls, tasks: Sequence[Task] = TASKS) -> Self:
        """Calibrate nothing."""
        return cls({task.id: TaskCalibration.neutral(task) for task in tasks})

    def __getitem__(self, task_id: str) -> TaskCalibration:
        return self.tasks[task_id]

    def probabilities(self, logits: npt.NDArray[Any]) -> dict[str, Floats]:
        """Return calibrated probabilities by task, (rows, width) each, of logits (rows, sum of widths)."""
        return {
            task.id: self.tasks[task.id].probabilities(task, logits[:, place])
            for task, place in zip(TASKS, columns().values(), strict=True)
        }

    def prediction_sets(
        self, logits: npt.NDArray[Any], coverage: float, *, each_label: bool = False
    ) -> list[dict[str, tuple[str, ...]]]:
        """Return for each row of ``logits``, by task, the labels that the right one is among.

        ``each_label`` as in ``ComplaintClassifier.prediction_sets``. Raise ``IncompatibleModelError`` if nothing was
        scored.
        """
        if all(item.conformal is None for item in self.tasks.values()):
            raise IncompatibleModelError(
                "the model was made without the held-out scores that prediction sets need: train it again, or refit it "
                "on labelled messages with `recupera calibrate`"
            )
        found: list[dict[str, tuple[str, ...]]] = [{} for _ in range(len(logits))]
        where = columns()
        for task in TASKS:
            conformal = self.tasks[task.id].conformal or Conformal()
            raw = TaskCalibration.neutral(task).probabilities(task, logits[:, where[task.id]])
            choose = conformal.each_label if each_label and task.kind is TaskKind.MULTI else conformal.sets
            for row, labels in zip(found, choose(task, raw, coverage), strict=True):
                row[task.id] = labels
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``calibration.json``."""
        return {task_id: item.to_dict() for task_id, item in self.tasks.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the content of ``calibration.json``."""
        return cls({task_id: TaskCalibration.from_dict(item) for task_id, item in data.items()})


def columns(tasks: Sequence[Task] = TASKS) -> dict[str, slice]:
    """Say which columns of the logits belong to which task."""
    result, start = {}, 0
    for task in tasks:
        result[task.id] = slice(start, start + task.width)
        start += task.width
    return result


def _named(task: Task, row: Floats) -> dict[str, float]:
    """Name the probabilities."""
    return {label: round(float(p), _DIGITS) for label, p in zip(task.label_ids, row, strict=True)}
