"""How well the model does on what people reviewed, and whether another one is worth training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.analytics.figures import Drift
from api.console.names import labels_of
from api.store.reviewing import Judged
from classifier.taxonomy import TASKS, TaskKind

__all__ = [
    "Bin",
    "Coverage",
    "Outcome",
    "TaskRow",
    "Verdict",
    "coverage",
    "outcomes",
    "reliability",
    "task_rows",
    "verdict",
]

_BINS: Final = 10
_THRESHOLDS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_ENOUGH: Final = 200
_LESSONS: Final = 150
_MOVED: Final = 0.25
_MISCALIBRATED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer of the model that a person judged: how sure it was, and whether it was left as it was."""

    task: str
    sureness: float
    right: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same sureness: how sure on average, and how often right."""

    count: int
    sureness: float
    right: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of answers at least this sure, and how often these are right."""

    threshold: float
    share: float
    right: float | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task: answers judged, how often right, how sure on average; ``error`` is the expected calibration error."""

    task: str
    count: int
    right: float
    sureness: float
    error: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether training again is worth it, ``None`` if one can't tell yet.

    ``because`` are keys of what the page says, with numbers.
    """

    worth_it: bool | None
    because: Sequence[tuple[str, Any]]


def outcomes(judged: Iterable[Judged]) -> list[Outcome]:
    """Return the model's answers that people judged; of several labels the main one counts."""
    return [outcome for item in judged for outcome in _of_one(item)]


def reliability(found: Sequence[Outcome]) -> list[Bin]:
    """Return the answers by tenths of sureness, those tenths that have any."""
    bins: list[list[Outcome]] = [[] for _ in range(_BINS)]
    for outcome in found:
        bins[min(int(outcome.sureness * _BINS), _BINS - 1)].append(outcome)
    return [_bin(some) for some in bins if some]


def coverage(found: Sequence[Outcome]) -> list[Coverage]:
    """Return what is left, and how good it is, if less sure answers are left to people."""
    rows = []
    for threshold in _THRESHOLDS:
        kept = [outcome for outcome in found if outcome.sureness >= threshold]
        right = sum(outcome.right for outcome in kept) / len(kept) if kept else None
        rows.append(Coverage(threshold, len(kept) / len(found) if found else 0.0, right))
    return rows


def task_rows(found: Sequence[Outcome]) -> list[TaskRow]:
    """Return the figures of each task that was judged."""
    rows = []
    for task in TASKS:
        some = [outcome for outcome in found if outcome.task == task.id]
        if some:
            whole = _bin(some)
            rows.append(TaskRow(task.id, whole.count, whole.right, whole.sureness, _error(some)))
    return rows


def verdict(found: Sequence[Outcome], reviewed: int, drift: Sequence[Drift]) -> Verdict:
    """Say whether training again is worth it.

    It is once people corrected enough answers to learn from, the model is surer than it should be, or the messages
    have become others; with few reviewed messages nothing is known.
    """
    wrong = sum(not outcome.right for outcome in found)
    moved = [item.task for item in drift if item.index > _MOVED and item.messages.before >= _ENOUGH]
    yes: list[tuple[str, Any]] = [("moved", task) for task in moved]
    if reviewed >= _ENOUGH:
        if wrong >= _LESSONS:
            yes.append(("lessons", wrong))
        error = _error(found)
        if error > _MISCALIBRATED:
            yes.append(("calibration", error))
    if yes:
        return Verdict(worth_it=True, because=yes)
    if reviewed < _ENOUGH:
        return Verdict(worth_it=None, because=[("few", (reviewed, _ENOUGH))])
    return Verdict(worth_it=False, because=[("right", (wrong, len(found)))])


def _of_one(item: Judged) -> Iterator[Outcome]:
    for task in TASKS:
        decision = item.classification.get(task.id)
        given, answered = item.labels.get(task.id), labels_of(task, decision)
        if given is None or not answered or decision is None:
            continue
        if task.kind is TaskKind.FLAG:
            share = decision["probability"]
            yield Outcome(task.id, max(share, 1 - share), answered[0] == ("no", "yes")[given])
        else:
            main = given[0] if isinstance(given, list) else given
            yield Outcome(task.id, float(decision["probabilities"].get(answered[0], 0.0)), answered[0] == main)


def _bin(some: Sequence[Outcome]) -> Bin:
    count = len(some)
    return Bin(count, sum(o.sureness for o in some) / count, sum(o.right for o in some) / count)


def _error(found: Sequence[Outcome]) -> float:
    """Return how far sureness and truth are apart, on average."""
    return sum(part.count * abs(part.sureness - part.right) for part in reliability(found)) / len(found)
