"""A small network answers where it is sure to answer as the whole one does; the whole one answers the rest.

Sure is the distance of each decision from the point where it would be another: ``margins``. How wide it must be, by
task, was fitted on held-out messages so that the small network decides as the whole one does in a given share of those
it answers (``training.cascade``); the idea is that of Viola & Jones, "Rapid Object Detection using a Boosted Cascade of
Simple Features" (CVPR 2001), with the confidence of the first stage as the gate (Wang et al., "Wisdom of Committees: An
Overlooked Approach To Faster and More Efficient Models", ICLR 2022).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from classifier.artifact import FILES, write_json
from classifier.calibration import Calibration, Floats, TaskCalibration, expected_level
from classifier.errors import IncompatibleModelError
from classifier.taxonomy import COMPLAINT, TASKS, Task, TaskKind
from classifier.types import ModelInfo

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier

Bools = npt.NDArray[np.bool_]


class Effort(StrEnum):
    """How much computing a message is worth."""

    FAST = "fast"
    """The small network where it is sure, the whole one for the rest."""

    FULL = "full"
    """The whole network for every message."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How wide the margin of each task's decision must be for the small network to answer.

    ``of`` is the model whose decisions it was fitted to; ``agreement`` the share of them that it should meet, by task,
    and ``least`` the margins for it. A task that is in neither holds no message back.
    """

    of: ModelInfo
    agreement: Mapping[str, float]
    least: Mapping[str, float]

    def sure(self, calibration: Calibration, probabilities: Mapping[str, Floats]) -> Bools:
        """Tell which rows of calibrated ``probabilities``, by task (rows, width), need no second opinion, (rows,)."""
        passed = {
            task.id: margins(task, calibration[task.id], probabilities[task.id]) >= self.least.get(task.id, 0.0)
            for task in TASKS
        }
        complaint = probabilities[COMPLAINT.id][:, 0] >= calibration[COMPLAINT.id].thresholds[0]
        both = np.logical_and.reduce([passed[task.id] for task in TASKS if not task.complaints_only])
        rest = np.logical_and.reduce([passed[task.id] for task in TASKS if task.complaints_only])
        sure: Bools = both & (rest | ~complaint)
        return sure

    def save(self, folder: Path) -> None:
        """Write it beside the small network."""
        of = {"name": self.of.name, "version": self.of.version, "taxonomy": self.of.taxonomy}
        write_json(folder / FILES.gate, {"of": of, "agreement": dict(self.agreement), "least": dict(self.least)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        data = json.loads((folder / FILES.gate).read_text(encoding="utf-8"))
        return cls(ModelInfo(**data["of"]), data["agreement"], data["least"])


@dataclass(frozen=True)
class Cascade:
    """The small network of a model, and when it may answer; ``load`` opens it when it is first needed."""

    folder: Path
    gate: Gate
    load: Callable[[Path], ComplaintClassifier]

    @cached_property
    def small(self) -> ComplaintClassifier:
        """The small network."""
        return self.load(self.folder)

    def check(self, model: ModelInfo) -> None:
        """Raise ``IncompatibleModelError`` if the small network learned from another model than ``model``."""
        if self.gate.of != model:
            raise IncompatibleModelError(
                f"the small network in {self.folder} learned from {self.gate.of.name} "
                f"{self.gate.of.version}, not from {model.name} {model.version}: train it again "
                f"(training/configs/recupera-es-pt-fast.toml) or remove the folder"
            )


def small_network(model: Path) -> Path:
    """Return where the small network of a model directory is, if it has one: a model directory beside it."""
    model = model.resolve()
    return model.with_name(f"{model.name}-fast")


def margins(task: Task, calibration: TaskCalibration, probabilities: Floats) -> Floats:
    """Return how far each row's decision is from another, (rows,), 0 at the brink.

    A flag and several labels: the least distance of a probability from its threshold. An ordered scale: that of the
    expected level from the next level's beginning. One label: the lead of the first over the second.
    """
    thresholds = np.asarray(calibration.thresholds)
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        return np.asarray(np.abs(probabilities - thresholds).min(axis=1))
    if task.kind is TaskKind.ORDINAL:
        return np.asarray(np.abs(expected_level(probabilities)[:, None] - thresholds).min(axis=1))
    ordered = np.sort(probabilities * thresholds, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
