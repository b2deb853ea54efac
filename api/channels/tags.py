"""Our tags among a help desk's: joined to those that are there, and read back when an agent changed them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from api.channels.email.tagging import COMPLAINT, OTHER, PREFIX, REVIEW, TAGS, known_tags, labels_of, tag
from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY, Task
from classifier.types import Classification

__all__ = ["PREFIX", "corrected", "described", "joined", "with_ours"]

_SEVERAL: Final = (MOTIVE, JUSTICE)


def joined(present: Iterable[str], own: Sequence[str]) -> tuple[str, ...]:
    """Return our tags of a conversation once a message's ``own`` are joined to those ``present``.

    A conversation stays a complaint when the customer says thank you, and bears its gravest severity.
    """
    ours = known_tags(present)
    if COMPLAINT in ours and OTHER in own:
        return known_tags((*ours, *(name for name in own if name == REVIEW)))
    both = {*ours, *own} - ({OTHER} if COMPLAINT in own else set())
    levels = labels_of(SEVERITY, both)
    both -= {tag(SEVERITY, level) for level in levels[:-1]}
    return known_tags(both)


def with_ours(present: Iterable[str], ours: Sequence[str]) -> list[str]:
    """Return all the tags of a conversation, with ``ours`` in the place of those of ours that it had."""
    return [*(name for name in present if name.lower() not in TAGS), *ours]


def corrected(result: Classification, own: Sequence[str], before: Sequence[str], now: Sequence[str]) -> dict[str, Any]:
    """Return the labels that an agent judged by making ``now`` out of ``before``, as feedback has them.

    Only the tasks whose tags changed were judged; a single tag that was taken away without another in its place says
    only what is not so, and leaves the task out. Whoever takes away nothing but the request for a review agrees with
    the rest. ``own`` are the tags that were written because of this message.
    """
    added, removed = set(now) - set(before), set(before) - set(now)
    if not _is_complaint(result, added, removed, set(now)):
        return {"complaint": False}
    labels: dict[str, Any] = {"complaint": True}
    agrees = removed == {REVIEW} and not added
    severity = labels_of(SEVERITY, now)
    if _touched(SEVERITY, added | removed) or agrees:
        named = labels_of(SEVERITY, added) or severity
        if len(named) == 1:
            labels["severity"] = named[0]
    for task in _SEVERAL:
        if _touched(task, added | removed) or agrees:
            left = labels_of(task, ({*own} | added) - removed)
            labels |= {task.id: list(left)} if left else {}
    return labels


def described(before: Sequence[str], now: Sequence[str]) -> str:
    """Say what an agent did, for the people who read the feedback."""
    removed, added = [x for x in before if x not in now], [x for x in now if x not in before]
    parts = [f"removed {', '.join(removed)}"] if removed else []
    return "tags in the help desk: " + "; ".join(parts + ([f"added {', '.join(added)}"] if added else []))


def _is_complaint(result: Classification, added: set[str], removed: set[str], now: set[str]) -> bool:
    """Say whether the agent takes the message for a complaint."""
    for there in (added, now):
        if (COMPLAINT in there) != (OTHER in there):
            return COMPLAINT in there
    if COMPLAINT in removed or OTHER in removed:
        return OTHER in removed
    return bool(result.complaint.label) or any(_touched(task, added) for task in (MOTIVE, SEVERITY, JUSTICE))


def _touched(task: Task, changed: set[str]) -> bool:
    return bool(labels_of(task, changed))
