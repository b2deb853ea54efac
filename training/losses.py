"""Targets as tensors, and the loss of each kind of task.

A task without a label for a message is masked. A flag is a logistic loss; several labels are a logistic loss each,
plus a softmax over the labels that pulls the main one to the front; one label is a cross-entropy; an ordered scale
adds the squared distance between cumulative distributions, which charges a level by how far it is off (Hou, Yu &
Samaras, "Squared earth mover's distance-based loss", 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from classifier.taxonomy import TASKS, Task, TaskKind
from training.config import LossSection
from training.corpus import Example, Labels

_MISSING = -100


@dataclass(frozen=True, slots=True)
class Targets:
    """Per task: (batch, width) of 0 and 1, index of the main label (-100 where the task has no label)."""

    hot: Mapping[str, Tensor]
    main: Mapping[str, Tensor]
    weight: Tensor


def targets(examples: Sequence[Example], tasks: Sequence[Task] = TASKS) -> Targets:
    """Turn the labels of a batch into tensors."""
    pairs = {task.id: [_encode(task, e.labels) for e in examples] for task in tasks}
    return Targets(
        hot={key: torch.tensor([hot for hot, _ in rows]) for key, rows in pairs.items()},
        main={key: torch.tensor([main for _, main in rows]) for key, rows in pairs.items()},
        weight=torch.tensor([e.weight for e in examples]),
    )


def _encode(task: Task, labels: Labels) -> tuple[list[float], int]:
    """Return the 0/1 columns of one task and the index of its main label."""
    if task.id not in labels:
        return [0.0] * task.width, _MISSING
    value = labels[task.id]
    if task.kind is TaskKind.FLAG:
        return [float(value)], int(value)
    chosen = value if task.kind is TaskKind.MULTI else [value]
    return [float(label in chosen) for label in task.label_ids], task.label_ids.index(chosen[0])


class Loss(Protocol):
    """What a step lowers."""

    def __call__(self, logits: Tensor, examples: Sequence[Example]) -> Tensor:
        """Return the loss of a batch, a scalar; ``logits`` is (len(examples), sum of widths)."""


class MultiTaskLoss:
    """Weighted sum of the tasks' losses over the logits of ``ComplaintModel``."""

    def __init__(self, section: LossSection, examples: Sequence[Example], tasks: Sequence[Task] = TASKS) -> None:
        self.section = section
        self.tasks = tasks
        self.class_weights = {task.id: _rarity(task, examples, section.rare_power) for task in tasks}
        self._by_kind: Mapping[TaskKind, Callable[[Task, Tensor, Tensor, Tensor], Tensor]] = {
            TaskKind.FLAG: self._flag,
            TaskKind.MULTI: self._multi,
            TaskKind.ORDINAL: self._ordinal,
            TaskKind.SINGLE: self._single,
        }

    def __call__(self, logits: Tensor, examples: Sequence[Example]) -> Tensor:
        """Return the loss of a batch, a scalar; ``logits`` is (len(examples), sum of widths)."""
        target = targets(examples, self.tasks)
        total = logits.new_zeros(())
        parts = torch.split(logits, [task.width for task in self.tasks], dim=1)
        for task, columns in zip(self.tasks, parts, strict=True):
            main = target.main[task.id].to(logits.device)
            known = main != _MISSING
            if not bool(known.any()):
                continue
            hot = target.hot[task.id].to(logits.device)
            each = self._by_kind[task.kind](task, columns[known], hot[known], main[known])
            weight = target.weight.to(logits.device)[known]
            total = total + self.section.task_weights.get(task.id, 1.0) * (each * weight).sum() / len(logits)
        return total

    def _smooth(self, hot: Tensor) -> Tensor:
        """Move 0 and 1 towards a half by the label smoothing."""
        return hot * (1 - self.section.label_smoothing) + 0.5 * self.section.label_smoothing

    def _flag(self, task: Task, logits: Tensor, hot: Tensor, _main: Tensor) -> Tensor:
        weight = self.class_weights[task.id].to(logits.device)
        each = functional.binary_cross_entropy_with_logits(logits, self._smooth(hot), reduction="none")
        return (each * torch.where(hot > 0, weight[1], weight[0])).sum(dim=1)

    def _multi(self, task: Task, logits: Tensor, hot: Tensor, main: Tensor) -> Tensor:
        weight = self.class_weights[task.id].to(logits.device)
        each = functional.binary_cross_entropy_with_logits(logits, self._smooth(hot), reduction="none")
        each = (each * torch.where(hot > 0, weight, torch.ones_like(weight))).sum(dim=1)
        return each + self.section.primary_weight * functional.cross_entropy(logits, main, reduction="none")

    def _single(self, task: Task, logits: Tensor, _hot: Tensor, main: Tensor) -> Tensor:
        weight = self.class_weights[task.id].to(logits.device)
        smoothing = self.section.label_smoothing
        each = functional.cross_entropy(logits, main, reduction="none", label_smoothing=smoothing)
        return each * weight[main]

    def _ordinal(self, task: Task, logits: Tensor, hot: Tensor, main: Tensor) -> Tensor:
        gap = logits.softmax(dim=1).cumsum(dim=1) - hot.cumsum(dim=1)
        distance = self.section.ordinal_weight * (gap**2).sum(dim=1)
        return self._single(task, logits, hot, main) + distance * self.class_weights[task.id].to(logits.device)[main]


def _rarity(task: Task, examples: Sequence[Example], power: float) -> Tensor:
    """Weight labels by (mean count / count) ** power, between 1/3 and 3; a flag has two labels."""
    width = 2 if task.kind is TaskKind.FLAG else task.width
    counts = torch.ones(width)
    for example in examples:
        hot, main = _encode(task, example.labels)
        if main == _MISSING:
            continue
        if task.kind is TaskKind.MULTI:
            counts += torch.tensor(hot)
        else:
            counts[main] += 1
    return (counts.mean() / counts).pow(power).clamp(1 / 3, 3)
