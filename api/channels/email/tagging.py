"""Labels to tags. A tag is an IMAP keyword, the same word whatever the way it is written to the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY, Task
from classifier.types import Classification

__all__ = ["COMPLAINT", "OTHER", "PREFIX", "REVIEW", "TAGS", "known_tags", "labels_of", "tag", "tags_of"]

PREFIX: Final = "recupera-"
COMPLAINT: Final = f"{PREFIX}complaint"
OTHER: Final = f"{PREFIX}other"
REVIEW: Final = f"{PREFIX}review"


def tag(task: Task, label: str) -> str:
    """Return the tag of a label."""
    return f"{PREFIX}{task.id}-{label}"


TAGS: Final = (
    COMPLAINT,
    OTHER,
    *(tag(task, label) for task in (MOTIVE, SEVERITY, JUSTICE) for label in task.label_ids),
    REVIEW,
)
"""Every tag that there is: few enough for servers that keep 26 a folder."""


def tags_of(result: Classification) -> tuple[str, ...]:
    """Return the tags of a classification, in the order of ``TAGS``; what was not decided has none."""
    tags = set()
    if result.complaint.label is not None:
        tags.add(COMPLAINT if result.complaint.label else OTHER)
    if result.severity is not None:
        tags.add(tag(SEVERITY, result.severity.label))
    for task, decision in ((MOTIVE, result.motive), (JUSTICE, result.justice)):
        tags.update(tag(task, label) for label in (decision.labels if decision else ()))
    if result.review.needed:
        tags.add(REVIEW)
    return known_tags(tags)


def known_tags(words: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``words`` that are tags, in the order of ``TAGS``; servers may change their case."""
    lowered = {word.lower() for word in words}
    return tuple(name for name in TAGS if name in lowered)


def labels_of(task: Task, tags: Iterable[str]) -> tuple[str, ...]:
    """Return the labels of a task that ``tags`` name, in the task's order."""
    there = set(tags)
    return tuple(label for label in task.label_ids if tag(task, label) in there)
