"""How sure the model was, and how often it was right, on what people reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.analytics.phrases import labels_of
from api.store.reviewing import Judged
from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = ["Bin", "Coverage", "Outcome", "TaskRow", "coverage", "error_of", "outcomes", "reliability", "task_rows"]

_BINS: Final = 10
_THRESHOLDS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


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
            rows.append(TaskRow(task.id, whole.count, whole.right, whole.sureness, error_of(some)))
    return rows


def error_of(found: Sequence[Outcome]) -> float:
    """Return the expected calibration error: how far sureness and truth are apart, on average."""
    return sum(part.count * abs(part.sureness - part.right) for part in reliability(found)) / max(len(found), 1)


def _of_one(item: Judged) -> Iterator[Outcome]:
    answered = labels_of(item.classification)
    for task in TASKS:
        answer, given = answered[task.id], item.labels.get(task.id)
        if answer not in (None, []) and given not in (None, []):
            sureness = _sureness(task, item.classification[task.id])
            yield Outcome(task.id, sureness, _main(answer) == _main(given))


def _sureness(task: Task, decision: Mapping[str, Any]) -> float:
    """Return how probable the model found its answer."""
    if task.kind is TaskKind.FLAG:
        return float(max(decision["probability"], 1 - decision["probability"]))
    label = decision["labels"][0] if task.kind is TaskKind.MULTI else decision["label"]
    return float(decision["probabilities"].get(label, 0.0))


def _main(labels: Any) -> Any:
    return labels[0] if isinstance(labels, list) else labels


def _bin(some: Sequence[Outcome]) -> Bin:
    count = len(some)
    return Bin(count, sum(o.sureness for o in some) / count, sum(o.right for o in some) / count)
