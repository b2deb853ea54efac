"""A classification as a person corrected it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import (
    Classification,
    FlagDecision,
    MultiDecision,
    OrdinalDecision,
    Review,
    SingleDecision,
)

__all__ = ["relabelled"]


def relabelled(
    classification: Classification, labels: Mapping[str, Any], language: str | None = None
) -> Classification:
    """Return a classification with valid ``api.feedback.Labels`` in it, certain; tasks that were not judged stay.

    What a person says is no complaint has none of a complaint's labels. A person has looked, so no review is needed;
    but the severity of a complaint that nobody judged is unsure.
    """
    decided = {task.id: _decision(task, labels[task.id]) for task in TASKS if labels.get(task.id) is not None}
    if labels.get("complaint") is False:
        decided |= {task.id: None for task in TASKS if task.complaints_only}
    found = replace(classification, language=language or classification.language, **decided)
    unsure = ("severity: not judged",) if found.complaint.label and found.severity is None else ()
    return replace(found, review=Review(needed=False, reasons=unsure))


def _decision(task: Task, answer: Any) -> Any:
    """Return what a task says if nothing but ``answer`` can be."""
    if task.kind is TaskKind.FLAG:
        return FlagDecision(label=answer, probability=1.0 if answer else 0.0)
    if task.kind is TaskKind.MULTI:
        return MultiDecision(answer[0], tuple(answer), {label: float(label in answer) for label in task.label_ids})
    certain = {label: float(label == answer) for label in task.label_ids}
    if task.kind is TaskKind.ORDINAL:
        return OrdinalDecision(answer, certain, float(task.label_ids.index(answer)))
    return SingleDecision(answer, certain)
