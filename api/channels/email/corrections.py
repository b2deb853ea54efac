"""A person changes our tags on a mail: what that says about its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.channels.email.tagging import COMPLAINT, OTHER, PREFIX, REVIEW, labels_of
from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY

__all__ = ["Correction", "correction", "lost_at_once"]

_FEW: Final = 5


@dataclass(frozen=True, slots=True)
class Correction:
    """Labels that a person means, only of the tasks whose tags changed.

    ``labels`` is ``None`` where the person only took the mark of review away, so has looked and left the labels.
    """

    labels: dict[str, Any] | None
    comment: str


def correction(before: Sequence[str], now: Sequence[str]) -> Correction | None:
    """Return what a change of a mail's tags means; ``None`` if it means nothing.

    Taking ``recupera-complaint`` away, or adding ``recupera-other``, says that it is no complaint. A tag that was
    added counts before those that were left standing beside it. What was only taken away leaves its task unjudged, and
    is named in the comment.
    """
    removed, added = _without(before, now), _without(now, before)
    if not removed and not added:
        return None
    comment = "; ".join(f"{word} {_names(tags)}" for word, tags in (("removed", removed), ("added", added)) if tags)
    if removed == [REVIEW] and not added:
        return Correction(None, comment)
    if added == [REVIEW] and not removed:
        return None
    complaint = _is_complaint(before, now, removed, added)
    if complaint is None:
        return None
    labels: dict[str, Any] = {"complaint": complaint}
    if complaint:
        labels |= _judged(now, removed, added)
    return Correction(labels, comment)


def lost_at_once(changes: Sequence[tuple[Sequence[str], Sequence[str]]]) -> bool:
    """Say whether so many mails lost all their tags together that no person did it: ``changes`` are before and now."""
    bare = sum(1 for before, now in changes if before and not now)
    return bare >= _FEW and bare * 2 > len(changes)


def _is_complaint(
    before: Sequence[str], now: Sequence[str], removed: Sequence[str], added: Sequence[str]
) -> bool | None:
    """Return whether a person says that it is a complaint; ``None`` if that can't be told."""
    if OTHER in added or COMPLAINT in removed:
        return False
    if COMPLAINT in added or COMPLAINT in now:
        return True
    grievances = any(labels_of(task, added) for task in (MOTIVE, SEVERITY, JUSTICE))
    if grievances or (OTHER in before and OTHER in removed):
        return True
    return False if OTHER in now else None


def _judged(now: Sequence[str], removed: Sequence[str], added: Sequence[str]) -> dict[str, Any]:
    """Return the labels of the tasks whose tags changed."""
    labels: dict[str, Any] = {}
    severity = labels_of(SEVERITY, added) or (labels_of(SEVERITY, now) if labels_of(SEVERITY, removed) else ())
    if severity:
        labels[SEVERITY.id] = severity[-1]  # the gravest
    for task in (MOTIVE, JUSTICE):
        changed = labels_of(task, removed) or labels_of(task, added)
        left = labels_of(task, now)
        if changed and left:
            labels[task.id] = list(left)
    return labels


def _without(tags: Sequence[str], others: Sequence[str]) -> list[str]:
    return [tag for tag in tags if tag not in set(others)]


def _names(tags: Sequence[str]) -> str:
    return ", ".join(tag.removeprefix(PREFIX) for tag in tags)
