"""Fit calibration, thresholds and review points on messages that the network was not trained on.

Thresholds are the mean of the best ones over bootstrap samples: the single best threshold of a few hundred messages
is mostly noise. Prediction sets are scored apart from all this, on the network's own logits (``training.conformal``).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

from classifier.calibration import Calibration, Floats, TaskCalibration, columns, confidence, expected_level
from classifier.taxonomy import TASKS, Task, TaskKind
from training.config import DecisionSection
from training.conformal import fit_conformal
from training.corpus import Example

Ints = npt.NDArray[np.int64]

_SAMPLES = 40
_MIN_EXAMPLES = 60
_BIAS_PENALTY = 0.02
_POWERS = (0.0, 0.15, 0.3, 0.45, 0.6)


def fit_calibration(
    logits: npt.NDArray[np.float32],
    examples: Sequence[Example],
    section: DecisionSection,
    *,
    seed: int = 1,
    scored: Container[int] | None = None,
) -> Calibration:
    """Fit every task that has enough labels; the others keep neutral values.

    ``logits`` is (len(examples), sum of widths), from the engine that will be shipped. Prediction sets are scored on
    the rows ``scored`` (all by default): those that nothing in the logits was chosen by.
    """
    where, fitted = columns(), {}
    for task in TASKS:
        known = [i for i, e in enumerate(examples) if task.id in e.labels]
        mine, labelled = logits[known][:, where[task.id]], [examples[i] for i in known]
        item = _fit(task, np.asarray(mine, dtype=np.float64), labelled, section, seed)
        rows = [row for row, i in enumerate(known) if scored is None or i in scored]
        fitted[task.id] = replace(item, conformal=fit_conformal(task, mine[rows], [labelled[row] for row in rows]))
    return Calibration(fitted)


def _fit(
    task: Task, logits: Floats, examples: Sequence[Example], section: DecisionSection, seed: int
) -> TaskCalibration:
    """Fit one task on the examples that have its label."""
    target = targets(task, examples)
    if len(examples) < _MIN_EXAMPLES or len(np.unique(target, axis=0)) < 2:
        return TaskCalibration.neutral(task)
    item = replace(_fit_task(task, logits, target, np.random.default_rng(seed)), prior=label_shares(task, target))
    goal = section.review_precision.get(task.id)
    main = [main_label(task, example) for example in examples]
    return item if goal is None else replace(item, review_below=review_point(task, item, logits, main, goal))


def held_out_loss(task: Task, logits: npt.NDArray[np.float32], examples: Sequence[Example]) -> float:
    """Return the mean negative log-likelihood of a task's labels, its logits (n, width) calibrated on them first."""
    target, values = targets(task, examples), np.asarray(logits, dtype=np.float64)
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        pairs = [_platt(values[:, i], target[:, i]) for i in range(task.width)]
        scaled = values * [scale for scale, _ in pairs] + [shift for _, shift in pairs]
        return float(np.mean(np.logaddexp(0.0, scaled) - target * scaled))
    scale, shifts = _temperature_and_bias(values, target)
    likely = log_softmax(scale * values + np.asarray(shifts), axis=1)
    return float(-likely[np.arange(len(target)), target].mean())


def label_shares(task: Task, target: Ints) -> tuple[float, ...]:
    """Return the share of messages that have each label (a flag: of yes), never 0 or 1."""
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        shares = (target.sum(axis=0) + 0.5) / (len(target) + 1)
    else:
        shares = (np.bincount(target, minlength=task.width) + 0.5) / (len(target) + 0.5 * task.width)
    return tuple(round(float(share), 6) for share in shares)


def targets(task: Task, examples: Sequence[Example]) -> Ints:
    """Return (n, width) of 0 and 1 for flags and several labels, else the (n,) index of the label."""
    if task.kind is TaskKind.FLAG:
        return np.array([[int(e.labels[task.id])] for e in examples], dtype=np.int64).reshape(-1, 1)
    if task.kind is TaskKind.MULTI:
        rows = [[int(label in e.labels[task.id]) for label in task.label_ids] for e in examples]
        return np.array(rows, dtype=np.int64).reshape(-1, task.width)
    return np.array([task.label_ids.index(e.labels[task.id]) for e in examples], dtype=np.int64)


def main_label(task: Task, example: Example) -> object:
    """Return the label that a confident answer should give."""
    value = example.labels[task.id]
    return value[0] if task.kind is TaskKind.MULTI else value


def _fit_task(task: Task, logits: Floats, target: Ints, chance: np.random.Generator) -> TaskCalibration:
    """Fit scale, shift and thresholds of one task."""
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        pairs = [_platt(logits[:, i], target[:, i]) for i in range(task.width)]
        item = TaskCalibration(tuple(a for a, _ in pairs), tuple(b for _, b in pairs), (0.5,) * task.width)
    else:
        scale, shift = _temperature_and_bias(logits, target)
        item = TaskCalibration((scale,) * task.width, shift, ())
    return replace(item, thresholds=fit_thresholds(task, item.probabilities(task, logits), target, chance))


def fit_thresholds(task: Task, probabilities: Floats, target: Ints, chance: np.random.Generator) -> tuple[float, ...]:
    """Return the thresholds that suit calibrated probabilities best, as ``TaskCalibration`` keeps them."""
    return _THRESHOLDS[task.kind](probabilities, target, chance)


def _platt(logit: Floats, target: Ints) -> tuple[float, float]:
    """Fit ``sigmoid(a * logit + b)`` by maximum likelihood with Platt's softened targets."""
    positives = target.sum()
    soft = np.where(target == 1, (positives + 1) / (positives + 2), 1 / (len(target) - positives + 2))

    def loss(parameters: Floats) -> float:
        value = parameters[0] * logit + parameters[1]
        return float(np.mean(np.logaddexp(0.0, value) - soft * value))

    a, b = minimize(loss, np.array([1.0, 0.0]), bounds=[(0.05, 10.0), (-10.0, 10.0)]).x
    return round(float(a), 5), round(float(b), 5)


def _temperature_and_bias(logits: Floats, target: Ints) -> tuple[float, tuple[float, ...]]:
    """Fit one factor for all logits and a lightly penalised bias each, by maximum likelihood."""
    width = logits.shape[1]

    def loss(parameters: Floats) -> float:
        value = log_softmax(parameters[0] * logits + parameters[1:], axis=1)
        return float(-value[np.arange(len(target)), target].mean() + _BIAS_PENALTY * (parameters[1:] ** 2).sum())

    start = np.concatenate([[1.0], np.zeros(width)])
    best = minimize(loss, start, bounds=[(0.05, 10.0)] + [(-4.0, 4.0)] * width).x
    return round(float(best[0]), 5), tuple(round(float(b), 5) for b in best[1:])


def _bootstrapped(best: Callable[[Ints], Sequence[float]], size: int, chance: np.random.Generator) -> tuple[float, ...]:
    """Return the mean of ``best(sample)`` over bootstrap samples of row numbers."""
    found = [best(chance.integers(0, size, size)) for _ in range(_SAMPLES)]
    return tuple(round(float(value), 4) for value in np.mean(found, axis=0))


def _flag_threshold(probabilities: Floats, target: Ints, chance: np.random.Generator) -> tuple[float, ...]:
    """Return the probability from which yes gives the best macro-F1."""
    grid = np.arange(0.2, 0.81, 0.02)

    def best(rows: Ints) -> list[float]:
        gold, p = target[rows, 0], probabilities[rows, 0]
        return [grid[int(np.argmax([_binary_macro(gold, p >= t) for t in grid]))]]

    return _bootstrapped(best, len(target), chance)


def _multi_thresholds(probabilities: Floats, target: Ints, chance: np.random.Generator) -> tuple[float, ...]:
    """Return for each label the probability from which giving it has the best F1."""
    grid = np.arange(0.16, 0.71, 0.02)

    def best(rows: Ints) -> list[float]:
        return [
            grid[int(np.argmax([_f1(target[rows, i] == 1, probabilities[rows, i] >= t) for t in grid]))]
            for i in range(target.shape[1])
        ]

    return _bootstrapped(best, len(target), chance)


def _cuts(probabilities: Floats, target: Ints, chance: np.random.Generator) -> tuple[float, ...]:
    """Return the expected levels at which the next level begins, best for kappa and macro-F1 together."""
    score, width = expected_level(probabilities), probabilities.shape[1]

    def quality(gold: Ints, s: Floats, cuts: Floats) -> float:
        table = confusion(gold, np.searchsorted(cuts, s, side="right"), width)
        return quadratic_kappa(table) + macro_f1(table)

    def best(rows: Ints) -> Floats:
        gold, s = target[rows], score[rows]
        cuts = np.arange(width - 1) + 0.5
        for _ in range(2):
            for i in range(width - 1):
                low, high = (cuts[i - 1] + 0.1 if i else 0.1), (cuts[i + 1] - 0.1 if i < width - 2 else width - 1.1)
                tries = np.arange(max(low, i + 0.1), min(high, i + 1.0), 0.05)
                options = [np.concatenate([cuts[:i], [t], cuts[i + 1 :]]) for t in tries]
                if options:
                    cuts = options[int(np.argmax([quality(gold, s, option) for option in options]))]
        return cuts

    return tuple(sorted(_bootstrapped(best, len(target), chance)))  # type: ignore[arg-type]


def _prior_weights(probabilities: Floats, target: Ints, chance: np.random.Generator) -> tuple[float, ...]:
    """Return (1 / share) ** power for each label, the power that has the best macro-F1."""
    width = probabilities.shape[1]
    share = (np.bincount(target, minlength=width) + 1) / (len(target) + width)
    # A label of which next to nothing was seen is not lifted: its share is unknown.
    share = np.where(np.bincount(target, minlength=width) < 5, 1.0, share)

    def best(rows: Ints) -> list[float]:
        options = [(probabilities[rows] / share**power).argmax(axis=1) for power in _POWERS]
        scores = [macro_f1(confusion(target[rows], found, width)) for found in options]
        return [_POWERS[int(np.argmax(scores))]]

    (power,) = _bootstrapped(best, len(target), chance)
    weights = share**-power
    return tuple(round(float(w), 4) for w in weights / weights.min())


_THRESHOLDS: dict[TaskKind, Callable[[Floats, Ints, np.random.Generator], tuple[float, ...]]] = {
    TaskKind.FLAG: _flag_threshold,
    TaskKind.MULTI: _multi_thresholds,
    TaskKind.ORDINAL: _cuts,
    TaskKind.SINGLE: _prior_weights,
}


def review_point(task: Task, item: TaskCalibration, logits: Floats, main: Sequence[object], goal: float) -> float:
    """Return the lowest confidence above which the main label is right in at least ``goal`` of the cases.

    Where no confidence reaches the goal, return 1: a person looks at everything.
    """
    decisions = [item.decide(task, row) for row in item.probabilities(task, logits)]
    given = [d.primary if hasattr(d, "primary") else d.label for d in decisions]
    order = np.argsort([-confidence(d) for d in decisions], kind="stable")
    right = np.array([given[i] == main[i] for i in order])
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    enough = np.flatnonzero(precision >= goal)
    if len(enough) == 0 or enough[-1] < _MIN_EXAMPLES // 2:
        return 1.0
    return round(confidence(decisions[order[enough[-1]]]), 4)


def confusion(gold: Ints, found: Ints, width: int) -> Ints:
    """Count messages by label in the gold (rows) and found label (columns)."""
    return np.bincount(gold * width + found, minlength=width * width).reshape(width, width)


def macro_f1(table: Ints) -> float:
    """Macro-F1 over the labels that occur; quicker than scikit-learn's in a search over thresholds."""
    total = table.sum(axis=0) + table.sum(axis=1)
    return float((2 * table.diagonal()[total > 0] / total[total > 0]).mean())


def quadratic_kappa(table: Ints) -> float:
    """Quadratic weighted kappa (Cohen, 1968); 1 where everything agrees on one level."""
    distance = np.subtract.outer(np.arange(len(table)), np.arange(len(table))) ** 2
    expected = (np.outer(table.sum(axis=1), table.sum(axis=0)) * distance).sum() / table.sum()
    return 1.0 - float((table * distance).sum() / expected) if expected else 1.0


def _f1(gold: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]) -> float:
    """F1 of one label; quicker than scikit-learn's in a search over thresholds."""
    total = int(gold.sum()) + int(found.sum())
    return 2 * int((gold & found).sum()) / total if total else 0.0


def _binary_macro(gold: Ints, found: npt.NDArray[np.bool_]) -> float:
    """Macro-F1 of yes and no."""
    yes = gold == 1
    return (_f1(yes, found) + _f1(~yes, ~found)) / 2
