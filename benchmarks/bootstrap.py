"""Figures with their 95 % intervals over bootstrap samples of the messages (Efron & Tibshirani, 1993).

A sample is a weight a message: how often it was drawn. Every figure is computed from weighted counts, for all samples
in one go, and for weights of one equals that of ``training.evaluation.score``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classifier.taxonomy import COMPLAINT, TASKS, Task, TaskKind
from classifier.types import Classification
from training.corpus import Labels

Floats = npt.NDArray[np.float64]
Draws = dict[str, Floats]
"""Figure to its value in each sample; not a number where a sample has nothing to measure."""

SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure over all messages, and the 2.5th and 97.5th percentile of it over the samples."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: Floats) -> Interval:
        """Read the first draw as the figure over all messages."""
        low, high = np.nanpercentile(draws[1:], [2.5, 97.5])
        return cls(float(draws[0]), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Lead:
    """How far ours is ahead of the peer that is best in a figure, message by message the same samples."""

    peer: str
    difference: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contestants on one set of messages: figure to contestant to interval, and figure to lead."""

    scores: Mapping[str, Mapping[str, Interval]]
    leads: Mapping[str, Lead]


def compare(
    gold: Sequence[Labels], ours: Sequence[Classification], peers: Mapping[str, Sequence[Classification]]
) -> Comparison:
    """Compare on the same samples; the best peer of a figure is picked on these messages, which favours the peers."""
    weights = sample_weights(len(gold))
    mine = figures(gold, ours, weights)
    theirs = {name: figures(gold, found, weights) for name, found in peers.items()}
    scores, leads = {}, {}
    for figure, draws in mine.items():
        scores[figure] = {"recupera": Interval.of(draws)} | {n: Interval.of(d[figure]) for n, d in theirs.items()}
        if theirs:
            best = max(theirs, key=lambda name: float(theirs[name][figure][0]))
            leads[figure] = Lead(best, Interval.of(draws - theirs[best][figure]))
    return Comparison(scores, leads)


def sample_weights(size: int, samples: int = SAMPLES, seed: int = 1) -> Floats:
    """Return (samples + 1, size): first each message once, then how often each was drawn with replacement."""
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=samples)
    return np.concatenate([np.ones((1, size)), drawn])


def figures(gold: Sequence[Labels], found: Sequence[Classification], weights: Floats) -> Draws:
    """Return macro-F1 of every task that the gold holds, and the quadratic kappa of ordered scales."""
    draws: Draws = {}
    for task in TASKS:
        rows = [i for i, g in enumerate(gold) if task.id in g and (g["complaint"] or task is COMPLAINT)]
        if not rows:
            continue
        given = np.array([_hot(task, gold[i][task.id]) for i in rows])
        answered = np.array([_hot(task, _answer(task, found[i])) for i in rows])
        mine = weights[:, rows]
        if task.kind is TaskKind.ORDINAL:
            draws[f"{task.id} kappa"] = _kappa(given, answered, mine)
        draws[f"{task.id} macro-F1"] = _macro_f1(given, answered, mine)
    return draws


def _answer(task: Task, found: Classification) -> object:
    """Return the label or labels decided, or ``None``."""
    decision = getattr(found, task.id)
    return None if decision is None else getattr(decision, "labels", None) or decision.label


def _hot(task: Task, value: object) -> list[bool]:
    """Return whether each label was given; all false for no answer."""
    if task.kind is TaskKind.FLAG:
        return [value is False, value is True]
    chosen = value if isinstance(value, (list, tuple)) else [value]
    return [label in chosen for label in task.label_ids]


def _macro_f1(given: npt.NDArray[np.bool_], answered: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the mean F1 of the labels that a sample's gold holds."""
    hits = weights @ (given & answered)
    total = weights @ given + weights @ answered
    with np.errstate(invalid="ignore"):
        each = np.where(weights @ given > 0, 2 * hits / total, np.nan)
        empty = np.isnan(each).all(axis=1)
        each[empty] = 0.0
    values: Floats = np.where(empty, np.nan, np.nanmean(each, axis=1))
    return values


def _kappa(given: npt.NDArray[np.bool_], answered: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the quadratic weighted kappa from moments; no answer counts as the lowest level.

    With squared distances, chance disagreement is E[g²] + E[f²] - 2 E[g] E[f].
    """
    gold, found = (hot @ np.arange(hot.shape[1], dtype=float) for hot in (given, answered))
    with np.errstate(invalid="ignore"):
        total = weights.sum(axis=1)
        seen = weights @ (gold - found) ** 2 / total
        chance = (weights @ (gold**2 + found**2)) / total - 2 * (weights @ gold) * (weights @ found) / total**2
        values: Floats = np.where((chance <= 1e-12) & (seen == 0), 1.0, 1 - seen / np.where(chance <= 0, 1, chance))
    return np.where(total > 0, values, np.nan)
