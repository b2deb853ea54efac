"""The figures of ``training.evaluation.score`` for thousands of weightings of the messages at once.

Each figure is a function of counts, and each count a weighted sum over the messages: one matrix product gives the
counts of every bootstrap sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Labels
from training.evaluation import BINS, Answer, answer, asked, confidences, main_confidence
from training.report.bootstrap import Floats, Ints, Sampled, joined, weights

Figures = dict[str, Floats]

PRECISION = 0.95
"""The precision at which coverage is told."""

COVERAGE = f"coverage at {PRECISION:.0%} precision"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Counts:
    """``columns``: what each message adds to each count; ``read``: from (samples, counts) to figures."""

    columns: Floats
    read: Callable[[Floats], Figures]


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """The outcomes of one task on the messages that count for it.

    ``rows`` tells which of all messages these are, ascending. ``confidence`` is the probability of the main label
    (``nan`` where nothing was decided), ``right`` whether it is the gold's.
    """

    task: Task
    rows: Ints
    counts: tuple[Counts, ...]
    confidence: Floats
    right: Floats

    @classmethod
    def of(cls, task: Task, gold: Sequence[Labels], found: Sequence[Classification]) -> Self:
        """Compare the answers to ``task`` with the gold."""
        rows = [i for i, labels in enumerate(gold) if asked(task, labels)]
        pairs = [(gold[i][task.id], answer(task, found[i])) for i in rows]
        label_counts = _set_counts if task.kind is TaskKind.MULTI else _label_counts
        main = [main_confidence(task, g, f) if f else (np.nan, False) for g, f in pairs]
        table = np.array(main, dtype=np.float64).reshape(-1, 2)
        return cls(
            task,
            np.array(rows, dtype=np.int64),
            (label_counts(task, pairs), _calibration_counts(task, pairs)),
            table[:, 0],
            table[:, 1],
        )

    def among(self, chosen: Ints) -> Self:
        """Return the outcomes of some messages alone, numbered by their places in ``chosen`` (ascending)."""
        mine = np.isin(self.rows, chosen)
        return type(self)(
            self.task,
            np.searchsorted(chosen, self.rows[mine]),
            tuple(Counts(part.columns[mine], part.read) for part in self.counts),
            self.confidence[mine],
            self.right[mine],
        )

    def figures(self, weighting: Floats) -> Figures:
        """Return each figure for each row of ``weighting``, (samples, all messages)."""
        mine = weighting[:, self.rows]
        result: Figures = {}
        for part in self.counts:
            result |= part.read(mine @ part.columns)
        return result | {COVERAGE: self._coverage(mine)}

    def _coverage(self, weighting: Floats) -> Floats:
        """Return ``training.evaluation.coverage_at_precision`` for each weighting."""
        order = np.argsort(-self.confidence, kind="stable")[: int((~np.isnan(self.confidence)).sum())]
        if not len(order):
            return np.zeros(len(weighting))
        last_of_equal = np.append(np.diff(self.confidence[order]) != 0, True)
        taken = weighting[:, order].cumsum(axis=1)
        right = (weighting[:, order] * self.right[order]).cumsum(axis=1)
        enough = last_of_equal & (right >= PRECISION * taken - _ROUNDING)
        return ratio(np.where(enough, taken, 0.0).max(axis=1), weighting.sum(axis=1))


def task_figures(gold: Sequence[Labels], found: Sequence[Classification]) -> list[TaskFigures]:
    """Return the outcomes of every task that the gold holds."""
    every = [TaskFigures.of(task, gold, found) for task in TASKS]
    return [item for item in every if len(item.rows)]


def sampled(
    tasks: Sequence[TaskFigures], families: Sequence[str], chosen: Ints, chance: np.random.Generator
) -> dict[str, Sampled]:
    """Measure every figure on the messages ``chosen``, and again on bootstrap samples of them.

    Figures are named as in ``score``: ``severity kappa``.
    """
    mine = [part for part in (item.among(chosen) for item in tasks) if len(part.rows)]
    if not mine:
        return {}
    values = _named(mine, np.ones((1, len(chosen))))
    samples = joined([_named(mine, drawn) for drawn in weights([families[i] for i in chosen], chance)])
    sizes = {item.task.id: len(item.rows) for item in mine}
    return {
        name: Sampled(float(values[name][0]), samples[name], sizes[name.split()[0]], lowest=_lowest(name))
        for name in values
    }


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; ``nan`` where ``below`` is 0."""
    result: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return result


def main_figure(task: Task) -> str:
    """Name the one figure that stands for a task."""
    return f"{task.id} {'kappa' if task.kind is TaskKind.ORDINAL else 'macro-F1'}"


def label_ids(task: Task) -> tuple[str, ...]:
    """Return the labels between which a task decides: of a flag no and yes."""
    return ("no", "yes") if task.kind is TaskKind.FLAG else task.label_ids


def label_of(task: Task, value: Any) -> str:
    """Return the id of a gold label or a given one."""
    return label_ids(task)[bool(value)] if task.kind is TaskKind.FLAG else str(value)


def confusion(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Floats:
    """Return (messages, labels, labels + 1), a single 1 each: gold, then given; the last is *nothing decided*."""
    names = label_ids(task)
    table = np.zeros((len(pairs), len(names), len(names) + 1))
    for row, (gold, found) in enumerate(pairs):
        given = names.index(label_of(task, found["label"])) if found else len(names)
        table[row, names.index(label_of(task, gold)), given] = 1.0
    return table


def memberships(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> tuple[Floats, Floats]:
    """Return which labels the gold and the answer of each message hold, (messages, labels) both."""
    gold = [[label in g for label in task.label_ids] for g, _ in pairs]
    found = [[label in (f or {}).get("labels", ()) for label in task.label_ids] for _, f in pairs]
    return np.array(gold, dtype=np.float64), np.array(found, dtype=np.float64)


def _named(tasks: Sequence[TaskFigures], weighting: Floats) -> Figures:
    """Return the figures of all tasks under their full names."""
    return {f"{item.task.id} {name}": value for item in tasks for name, value in item.figures(weighting).items()}


def _lowest(name: str) -> float:
    return -1.0 if name.endswith(" kappa") else 0.0


def _label_counts(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Counts:
    """Count gold by given label."""
    width = len(label_ids(task))

    def read(counts: Floats) -> Figures:
        table = counts.reshape(-1, width, width + 1)
        right = np.diagonal(table, axis1=1, axis2=2)
        figures = {"macro-F1": _macro_f1(right, table.sum(axis=2), table[:, :, :width].sum(axis=1))}
        return figures | ({"kappa": _kappa(table)} if task.kind is TaskKind.ORDINAL else {})

    return Counts(confusion(task, pairs).reshape(len(pairs), width * (width + 1)), read)


def _set_counts(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Counts:
    """Count each label's hits, occurrences and answers, and the right main labels."""
    gold, found = memberships(task, pairs)
    main = np.array([[g[0] == (f or {}).get("primary"), True] for g, f in pairs], dtype=np.float64)

    def read(counts: Floats) -> Figures:
        right, present, given, mains = np.split(counts, [task.width, 2 * task.width, 3 * task.width], axis=1)
        return {"macro-F1": _macro_f1(right, present, given), "main accuracy": ratio(mains[:, 0], mains[:, 1])}

    return Counts(np.hstack([gold * found, gold, found, main]), read)


def _calibration_counts(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> Counts:
    """Sum up, in each bin of probability, what the probabilities promise beyond what came true."""
    excess = np.zeros((len(pairs), BINS + 1))
    for row, (gold, found) in enumerate(pairs):
        for p, hit in confidences(task, gold, found) if found else ():
            excess[row, min(int(p * BINS), BINS - 1)] += p - hit
            excess[row, BINS] += 1.0

    def read(counts: Floats) -> Figures:
        return {"ece": np.nan_to_num(ratio(np.abs(counts[:, :BINS]).sum(axis=1), counts[:, BINS]))}

    return Counts(excess, read)


def _macro_f1(right: Floats, present: Floats, given: Floats) -> Floats:
    """Return the mean F1 of the labels that are present, from (samples, labels) each."""
    here = present > 0
    f1 = np.where(here, 2 * right / np.where(here, present + given, 1.0), 0.0)
    return ratio(f1.sum(axis=1), here.sum(axis=1).astype(np.float64))


def _kappa(table: Floats) -> Floats:
    """Return the quadratic weighted kappa (Cohen, 1968) of (samples, levels, levels + 1); undecided is the lowest."""
    width = table.shape[1]
    levels = table[:, :, :width].copy()
    levels[:, :, 0] += table[:, :, width]
    distance = np.subtract.outer(np.arange(width), np.arange(width)) ** 2.0
    by_chance = np.einsum("si,sj,ij->s", levels.sum(axis=2), levels.sum(axis=1), distance)
    apart = ratio((levels * distance).sum(axis=(1, 2)) * levels.sum(axis=(1, 2)), by_chance)
    return np.where(levels.sum(axis=(1, 2)) > 0, 1.0 - np.nan_to_num(apart), np.nan)
