"""Everything that a report says, as figures; ``to_dict`` is ``report.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np

from classifier.inference import ComplaintClassifier
from classifier.taxonomy import Task, TaskKind
from classifier.types import Classification, ModelInfo
from training.corpus import Example
from training.evaluation import (
    BINS,
    Answer,
    Scores,
    answer,
    confidences,
    coverage_at_precision,
    main_confidence,
    score_by_language,
)
from training.report.bootstrap import LEVEL, SAMPLES, Measured
from training.report.figures import (
    PRECISION,
    TaskFigures,
    confusion,
    label_ids,
    memberships,
    sampled,
    task_figures,
)
from training.report.mistakes import Excerpt, Mistake, excerpt, grounds, worst
from training.report.slices import Parts, measure_parts

SEED: Final = 1
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """How one label fares; ``precision`` or ``recall`` is ``None`` where it was never given or never true."""

    label: str
    precision: float | None
    recall: float | None
    f1: float
    gold: int
    given: int


@dataclass(frozen=True, slots=True)
class Bin:
    """The probabilities from ``low`` to ``high``: how many, their mean, and how many of them came true."""

    low: float
    high: float
    count: int
    mean: float
    true: float


@dataclass(frozen=True, slots=True)
class TaskReport:
    """The details of one task on the messages that count for it.

    ``confusion`` is (labels, labels + 1), gold by given, *nothing decided* last; empty where labels may be several.
    ``curve`` holds pairs of coverage and precision, the most confident answers first. ``threshold`` is the
    probability from which answers reach ``PRECISION``.
    """

    task: Task
    messages: int
    undecided: int
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...]
    coverage: float
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object, numbers to four digits."""
        return {
            "messages": self.messages,
            "undecided": self.undecided,
            "labels": {
                item.label: _rounded(item, ("precision", "recall", "f1", "gold", "given")) for item in self.labels
            },
            "confusion": {"labels": list(label_ids(self.task)), "counts": [list(row) for row in self.confusion]}
            if self.confusion
            else None,
            "reliability": [_rounded(item, ("low", "high", "count", "mean", "true")) for item in self.reliability],
            "curve": [[round(value, 4) for value in point] for point in self.curve],
            "coverage": {"precision": PRECISION, "coverage": round(self.coverage, 4), "from": self.threshold},
        }


class Suite(Protocol):
    """What another measurement found: robustness, faithfulness of the evidence."""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it."""

    def tables(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return tables by title, the same columns in each row."""


@dataclass(frozen=True, slots=True)
class Report:
    """A model on labelled messages; ``suites`` are by name what else was measured."""

    model: ModelInfo
    file: str
    examples: Sequence[Example]
    scores: Mapping[str, Scores]
    figures: Mapping[str, Measured]
    tasks: tuple[TaskReport, ...]
    parts: Parts
    mistakes: tuple[tuple[Mistake, Excerpt], ...]
    suites: Mapping[str, Suite] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``report.json``: every figure, and of the messages nothing but their ids."""
        return {
            "model": {"name": self.model.name, "version": self.model.version, "taxonomy": self.model.taxonomy},
            "file": self.file,
            "messages": len(self.examples),
            "bootstrap": {"samples": SAMPLES, "level": LEVEL, "seed": SEED, "drawn": "families"},
            "scores": dict(self.scores),
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "tasks": {item.task.id: item.to_dict() for item in self.tasks},
            "slices": [part.to_dict() for part in self.parts.shown],
            "slices too small": [part.to_dict() for part in self.parts.hidden],
            "language gap": {name: figure.to_dict() for name, figure in self.parts.gap.items()},
            "mistakes": {
                item.task.id: [m.to_dict(self.examples[m.row]) for m, _ in self.mistakes if m.task is item.task]
                for item in self.tasks
            },
        } | {name: suite.to_dict() for name, suite in self.suites.items()}


def build_report(
    classifier: ComplaintClassifier,
    examples: Sequence[Example],
    found: Sequence[Classification],
    file: str,
    suites: Mapping[str, Suite] = MappingProxyType({}),
) -> Report:
    """Measure all that there is to tell, beside ``suites``, of what ``classifier`` ``found`` in the ``examples``.

    ``file`` is the name of what they were read from.
    """
    tasks = task_figures([e.labels for e in examples], found)
    everything = np.arange(len(examples), dtype=np.int64)
    figures = sampled(tasks, [e.family for e in examples], everything, np.random.default_rng(SEED))
    mistakes = [mistake for item in tasks for mistake in worst(item, examples, found)]
    spans = grounds(classifier, mistakes, examples) if mistakes else []
    return Report(
        model=classifier.model,
        file=file,
        examples=examples,
        scores=score_by_language(examples, found),
        figures={name: figure.measured() for name, figure in figures.items()},
        tasks=tuple(task_report(item, examples, found) for item in tasks),
        parts=measure_parts(examples, tasks, SEED),
        mistakes=tuple((m, excerpt(examples[m.row].text, s)) for m, s in zip(mistakes, spans, strict=True)),
        suites=suites,
    )


def task_report(item: TaskFigures, examples: Sequence[Example], found: Sequence[Classification]) -> TaskReport:
    """Return the details of one task."""
    task, pairs = item.task, [(examples[i].labels[item.task.id], answer(item.task, found[i])) for i in item.rows]
    decided = [main_confidence(task, g, f) for g, f in pairs if f]
    coverage, threshold = coverage_at_precision(
        [p for p, _ in decided], [hit for _, hit in decided], precision=PRECISION, messages=len(pairs)
    )
    table = () if task.kind is TaskKind.MULTI else confusion(task, pairs).sum(axis=0).astype(int).tolist()
    return TaskReport(
        task=task,
        messages=len(pairs),
        undecided=len(pairs) - len(decided),
        labels=_label_figures(task, pairs),
        confusion=tuple(tuple(row) for row in table),
        reliability=reliability([cell for g, f in pairs if f for cell in confidences(task, g, f)]),
        curve=precision_curve(decided, len(pairs)),
        coverage=coverage,
        threshold=threshold,
    )


def reliability(cells: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    """Return the bins that hold a probability, from probabilities and whether each came true."""
    table = np.array(cells, dtype=np.float64).reshape(-1, 2)
    places = np.minimum((table[:, 0] * BINS).astype(int), BINS - 1)
    bins = []
    for place in np.unique(places):
        mine = table[places == place]
        mean, true = mine.mean(axis=0)
        bins.append(Bin(place / BINS, (place + 1) / BINS, len(mine), float(mean), float(true)))
    return tuple(bins)


def precision_curve(decided: Sequence[tuple[float, bool]], messages: int) -> tuple[tuple[float, float], ...]:
    """Return coverage and precision from the most confident answer down, at most a few hundred points."""
    order = sorted(decided, key=lambda item: -item[0])
    right = np.cumsum([hit for _, hit in order])
    last_of_equal = [k for k in range(len(order)) if k + 1 == len(order) or order[k + 1][0] != order[k][0]]
    kept = last_of_equal[:: max(1, len(last_of_equal) // _CURVE_POINTS)]
    kept += last_of_equal[-1:] if kept[-1:] != last_of_equal[-1:] else []
    return tuple(((k + 1) / messages, float(right[k]) / (k + 1)) for k in kept)


def _label_figures(task: Task, pairs: Sequence[tuple[Any, Answer]]) -> tuple[LabelFigures, ...]:
    """Return the figures of each label that the gold or the answers hold."""
    if task.kind is TaskKind.MULTI:
        gold, given = memberships(task, pairs)
        right, present, answers = (gold * given).sum(axis=0), gold.sum(axis=0), given.sum(axis=0)
    else:
        table = confusion(task, pairs).sum(axis=0)
        right, present, answers = np.diagonal(table), table.sum(axis=1), table[:, :-1].sum(axis=0)
    return tuple(
        LabelFigures(
            label=label,
            precision=float(r / a) if a else None,
            recall=float(r / p) if p else None,
            f1=float(2 * r / (p + a)),
            gold=int(p),
            given=int(a),
        )
        for label, r, p, a in zip(label_ids(task), right, present, answers, strict=True)
        if p + a
    )


def _rounded(item: object, names: Sequence[str]) -> dict[str, Any]:
    """Return attributes of ``item``, floats to four digits."""
    values = {name: getattr(item, name) for name in names}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
