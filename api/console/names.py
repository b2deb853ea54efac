"""What things are called in the reader's language; where a name is the operator's own, as they call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.recovery.wording import wording
from classifier.taxonomy import TASK_BY_ID, Task, TaskKind

__all__ = ["Names", "labels_of"]


@dataclass(frozen=True, slots=True)
class Names:
    """Names in one language."""

    language: str

    def task(self, task: str) -> str:
        """Return what a task is called."""
        return TASK_BY_ID[task].name[self.language] if task in TASK_BY_ID else task

    def label(self, task: str, label: str | bool) -> str:  # noqa: FBT001 - a flag's label
        """Return what a label is called."""
        label = ("no", "yes")[label] if isinstance(label, bool) else label
        known = TASK_BY_ID.get(task)
        return known.label(label).name[self.language] if known and label in known.label_ids else label

    def definition(self, task: str, label: str | None = None) -> str:
        """Return what a task asks, or what a label means."""
        found = TASK_BY_ID[task]
        return (found if label is None else found.label(label)).definition[self.language]

    def word(self, kind: str, name: str | None) -> str:
        """Return what a plan's word of a kind (``steps``, ``priorities``, ``owners``, …) is called."""
        if name is None:
            return "–"
        return wording(self.language).get(kind, {}).get(name, name)

    def said(self, kind: str, item: Mapping[str, Any], key: str = "text") -> str:
        """Return a plan's own phrase in the reader's language, or as the plan says it where it is not ours."""
        own = str(item.get(key) or item["id"])
        phrase = wording(self.language).get(kind, {}).get(item["id"], own)
        return own if "{" in phrase else phrase


def labels_of(task: Task, decision: Mapping[str, Any] | None) -> list[str]:
    """Return the labels that a stored decision gives."""
    if decision is None:
        return []
    if task.kind is TaskKind.FLAG:
        return [] if decision["label"] is None else [("no", "yes")[decision["label"]]]
    return list(decision["labels"]) if task.kind is TaskKind.MULTI else [decision["label"]]
