"""Whether another model is worth training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.analytics.calibration import Outcome, error_of
from api.analytics.figures import Drift

__all__ = ["Reason", "Verdict", "verdict"]

_ENOUGH: Final = 200
_LESSONS: Final = 150
_MOVED: Final = 0.25
_MISCALIBRATED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: ``value`` is a number, in some cases ``of`` another one, or of a ``task``.

    ``few``: messages reviewed, of how many are enough. ``right``: answers that people changed, of all judged.
    ``lessons``: answers that people changed. ``calibration``: the expected calibration error. ``moved``: the stability
    index of a task.
    """

    reason: str
    value: float
    of: int | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether training again is worth it, ``None`` if one can't tell yet; and why."""

    worth_it: bool | None
    because: Sequence[Reason]


def verdict(found: Sequence[Outcome], reviewed: int, drift: Sequence[Drift]) -> Verdict:
    """Say whether training again is worth it.

    It is once people corrected enough answers to learn from, the model is surer than it should be, or the messages
    have become others; with few reviewed messages nothing is known.
    """
    wrong = sum(not outcome.right for outcome in found)
    yes = [
        Reason("moved", item.index, task=item.task)
        for item in drift
        if item.index > _MOVED and item.messages.before >= _ENOUGH
    ]
    if reviewed >= _ENOUGH:
        if wrong >= _LESSONS:
            yes.append(Reason("lessons", wrong))
        error = error_of(found)
        if error > _MISCALIBRATED:
            yes.append(Reason("calibration", error))
    if yes:
        return Verdict(worth_it=True, because=yes)
    if reviewed < _ENOUGH:
        return Verdict(worth_it=None, because=[Reason("few", reviewed, _ENOUGH)])
    return Verdict(worth_it=False, because=[Reason("right", wrong, len(found))])
