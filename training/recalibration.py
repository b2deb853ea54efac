"""Refit a model's operating points for one inbox, from messages of that inbox with labels that a person gave.

The network stays as it is. What differs from inbox to inbox is first of all how frequent each label is, so the
shipped probabilities are corrected for the inbox's own shares (Saerens, Latinne & Decaestecker, "Adjusting the
Outputs of a Classifier to New a Priori Probabilities", Neural Computation 14(1), 2002), which here are counted, not
estimated by EM, since there are labels. From there, scale and shift go where the corrections are likelier, held back
by a penalty; thresholds and review points go a part of the way to the best ones. Each part is shrunk towards what was
shipped, so that few corrections change little.

Nothing is taken on trust: a change of a task is kept only if, on folds of the corrections that it was not fitted on,
no figure gets worse and one gets better by more than its standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, logit

from classifier.calibration import Calibration, Decision, Floats, TaskCalibration, columns
from classifier.taxonomy import TASKS, Task, TaskKind
from classifier.types import FlagDecision, MultiDecision
from training.calibration import confusion, fit_thresholds, main_label, quadratic_kappa, review_point, targets
from training.config import DecisionSection
from training.conformal import fit_conformal
from training.corpus import Example, parse_example, read_rows, text_hash, without_contradictions
from training.evaluation import calibration_error

MIN_MESSAGES = 20
"""Labelled messages under which a task stays as it is."""

FOLDS = 5
"""Parts that the corrections are cut into to judge a change on what it was not fitted on."""

_PRIOR_WEIGHT = 50.0  # messages that the shipped shares of the labels count for
_SHIFT_SPREAD = 0.5  # standard deviation of a shift beyond the one by shares, before anything was seen
_SCALE_SPREAD = 0.2  # the same of the logarithm of a factor of the scale
_THRESHOLD_WEIGHT = 30.0  # messages of a label that its shipped threshold counts for
_REVIEW_WEIGHT = 100.0
_MIN_REVIEW = 60
_CALIBRATION_NOISE = 0.01
_RESAMPLES = 200
_BINARY = (TaskKind.FLAG, TaskKind.MULTI)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Change(StrEnum):
    """What of a task was refitted."""

    NOTHING = "nothing"
    PROBABILITIES = "probabilities"
    THRESHOLDS = "thresholds"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a task's answers are: ``quality`` is macro-F1, for ordered scales its mean with quadratic kappa."""

    quality: float
    calibration_error: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was done to one task and its figures, before and after, on messages that it was not fitted on."""

    task: Task
    messages: int
    change: Change
    before: Figures
    after: Figures


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A calibration for one inbox, and what it is worth; tasks that no correction has a label of have no verdict."""

    calibration: Calibration
    verdicts: tuple[Verdict, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """Ids of the tasks that were refitted."""
        return tuple(v.task.id for v in self.verdicts if v.change is not Change.NOTHING)

    @property
    def messages(self) -> int:
        """How many corrections there were."""
        return max((v.messages for v in self.verdicts), default=0)


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections that have a label of one task."""

    task: Task
    logits: Floats
    target: Ints
    examples: Sequence[Example]

    @classmethod
    def of(cls, task: Task, logits: npt.NDArray[np.float32], examples: Sequence[Example]) -> Self:
        """Take the task's own columns of the logits, of examples that all have its label."""
        return cls(task, np.asarray(logits, dtype=np.float64), targets(task, examples), examples)

    def at(self, rows: Ints) -> Self:
        """Return some of them."""
        return type(self)(self.task, self.logits[rows], self.target[rows], [self.examples[i] for i in rows])


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers to messages that were not fitted on: loss of each, which labels were given, figures."""

    losses: Floats
    given: Bools
    figures: Figures


def read_corrections(path: Path) -> list[Example]:
    """Read labelled messages as ``training.corpus`` does; ``language`` may stand for ``lang``, and ``id`` be absent."""
    lines = ((f"{path}:{n}", {"id": n, "lang": row.get("language")} | row) for n, row in read_rows(path))
    return without_contradictions((where, parse_example(row, where, 1.0)) for where, row in lines)


def recalibrate(
    calibration: Calibration,
    logits: npt.NDArray[np.float32],
    examples: Sequence[Example],
    section: DecisionSection,
    *,
    seed: int = 1,
) -> Recalibration:
    """Refit the tasks that gain by it; ``logits`` as for ``fit_calibration``.

    Prediction sets of every task with ``MIN_MESSAGES`` labels are scored anew on the corrections: they hold for
    messages like these, and the shipped ones for messages like those that the model was made with.
    """
    where, fitted, verdicts = columns(), dict(calibration.tasks), []
    for task in TASKS:
        known = np.array([i for i, e in enumerate(examples) if task.id in e.labels], dtype=np.int64)
        if not len(known):
            continue
        mine, labelled = logits[known][:, where[task.id]], [examples[i] for i in known]
        corrections = Corrections.of(task, mine, labelled)
        item = calibration[task.id]
        verdict = _judge(item, corrections, seed)
        if verdict.change is not Change.NOTHING:
            item = _with_review(refit(item, corrections, verdict.change, seed), corrections, section)
        if len(known) >= MIN_MESSAGES:
            item = replace(item, conformal=fit_conformal(task, mine, labelled))
        fitted[task.id] = item
        verdicts.append(verdict)
    return Recalibration(Calibration(fitted), tuple(verdicts))


def refit(item: TaskCalibration, corrections: Corrections, change: Change, seed: int) -> TaskCalibration:
    """Fit what ``change`` says on all of ``corrections``."""
    if change in (Change.PROBABILITIES, Change.BOTH):
        item = _likelier(_with_shares(item, corrections), corrections)
    if change in (Change.THRESHOLDS, Change.BOTH):
        item = _with_thresholds(item, corrections, seed)
    return item


def _with_shares(item: TaskCalibration, corrections: Corrections) -> TaskCalibration:
    """Correct the shift for the inbox's own shares of the labels, if the shares of before are known."""
    if not item.prior:
        return item
    old = np.array(item.prior)
    share = (_counts(corrections) + _PRIOR_WEIGHT * old) / (len(corrections.target) + _PRIOR_WEIGHT)
    binary = corrections.task.kind in _BINARY
    moved = np.array(item.shift) + (logit(share) - logit(old) if binary else np.log(share / old))
    return replace(item, shift=_rounded(moved, 5), prior=_rounded(share, 6))


def _likelier(item: TaskCalibration, corrections: Corrections) -> TaskCalibration:
    """Move scale and shift to where the corrections are likeliest, less a penalty for moving (normal priors)."""
    logits, target = corrections.logits * item.scale, corrections.target
    width = logits.shape[1]
    factors = width if corrections.task.kind in _BINARY else 1

    def loss(moves: Floats) -> float:
        factor, shift = np.exp(moves[:factors]), np.array(item.shift) + moves[factors:]
        penalty = (moves[:factors] ** 2).sum() / _SCALE_SPREAD**2 + (moves[factors:] ** 2).sum() / _SHIFT_SPREAD**2
        return float(_losses(corrections.task, logits * factor + shift, target).sum() + penalty / 2)

    best = minimize(loss, np.zeros(factors + width), bounds=[(-1.5, 1.5)] * factors + [(-4.0, 4.0)] * width).x
    scale, shift = np.array(item.scale) * np.exp(best[:factors]), np.array(item.shift) + best[factors:]
    return replace(item, scale=_rounded(scale, 5), shift=_rounded(shift, 5))


def _losses(task: Task, adjusted: Floats, target: Ints) -> Floats:
    """Return the negative log-likelihood of each row, of several labels the sum."""
    if task.kind in _BINARY:
        losses: Floats = (np.logaddexp(0.0, adjusted) - target * adjusted).sum(axis=1)
    else:
        losses = -log_softmax(adjusted, axis=1)[np.arange(len(target)), target]
    return losses


def _with_thresholds(item: TaskCalibration, corrections: Corrections, seed: int) -> TaskCalibration:
    """Move each threshold towards its best value, the further the more messages of its labels were seen."""
    task, counts = corrections.task, _counts(corrections)
    if len(np.unique(corrections.target, axis=0)) < 2:
        return item
    probabilities = item.probabilities(task, corrections.logits)
    best = np.array(fit_thresholds(task, probabilities, corrections.target, np.random.default_rng(seed)))
    if task.kind in _BINARY:
        seen = np.minimum(counts, len(corrections.target) - counts)
    else:
        seen = np.minimum(counts[:-1], counts[1:]) if task.kind is TaskKind.ORDINAL else counts
    part, old = seen / (seen + _THRESHOLD_WEIGHT), np.array(item.thresholds)
    if task.kind is TaskKind.SINGLE:  # factors of probabilities
        return replace(item, thresholds=_rounded(old ** (1 - part) * best**part, 4))
    moved = part * best + (1 - part) * old
    return replace(item, thresholds=_rounded(np.sort(moved) if task.kind is TaskKind.ORDINAL else moved, 4))


def _with_review(item: TaskCalibration, corrections: Corrections, section: DecisionSection) -> TaskCalibration:
    """Move the review point towards the one that reaches the precision wished for, if enough was seen to tell."""
    task, count = corrections.task, len(corrections.target)
    goal = section.review_precision.get(task.id)
    if goal is None or count < _MIN_REVIEW:
        return item
    main = [main_label(task, example) for example in corrections.examples]
    best, part = review_point(task, item, corrections.logits, main, goal), count / (count + _REVIEW_WEIGHT)
    return replace(item, review_below=round(part * best + (1 - part) * item.review_below, 4))


def _judge(item: TaskCalibration, corrections: Corrections, seed: int) -> Verdict:
    """Choose the change that is best on folds that it was not fitted on; nothing, unless it is clearly better."""
    count = len(corrections.target)
    before = _answers(corrections, [(item, np.arange(count))])
    chosen, change = before, Change.NOTHING
    for option in (Change.PROBABILITIES, Change.THRESHOLDS, Change.BOTH) if count >= MIN_MESSAGES else ():
        after = _cross_validated(item, corrections, option, seed)
        better = (after.figures.log_loss, -after.figures.quality) < (chosen.figures.log_loss, -chosen.figures.quality)
        if better and _improves(corrections, before, after, seed):
            chosen, change = after, option
    return Verdict(corrections.task, count, change, before.figures, chosen.figures)


def _cross_validated(item: TaskCalibration, corrections: Corrections, change: Change, seed: int) -> _Answers:
    """Answer each fold by what was fitted on the others. Messages of a family share a fold."""
    families = sorted({e.family for e in corrections.examples}, key=lambda family: text_hash(f"{seed}:{family}"))
    fold_of = {family: i % FOLDS for i, family in enumerate(families)}
    fold = np.array([fold_of[e.family] for e in corrections.examples])
    parts = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(FOLDS)]
    return _answers(
        corrections, [(refit(item, corrections.at(rest), change, seed), held) for rest, held in parts if len(held)]
    )


def _answers(corrections: Corrections, parts: Sequence[tuple[TaskCalibration, Ints]]) -> _Answers:
    """Answer each part of the rows by its own calibration."""
    task, target = corrections.task, corrections.target
    gold = _gold(task, target)
    losses, given = np.zeros(len(target)), np.zeros_like(gold)
    probabilities = np.zeros((len(target), task.width))
    for item, rows in parts:
        logits = corrections.logits[rows]
        losses[rows] = _losses(task, logits * item.scale + item.shift, target[rows])
        probabilities[rows] = item.probabilities(task, logits)
        given[rows] = [_given(task, item.decide(task, row)) for row in probabilities[rows]]
    error = calibration_error(*_confidences(task, probabilities, gold))
    return _Answers(losses, given, Figures(_quality(task, gold, given), error, float(losses.mean())))


def _improves(corrections: Corrections, before: _Answers, after: _Answers, seed: int) -> bool:
    """Say whether no figure is worse and one is better by more than its standard error (paired bootstrap)."""
    old, new, count = before.figures, after.figures, len(before.losses)
    if new.log_loss > old.log_loss or new.quality < old.quality:
        return False
    if new.calibration_error > old.calibration_error + _CALIBRATION_NOISE:
        return False
    gains = before.losses - after.losses
    if gains.mean() > gains.std() / np.sqrt(count) > 0:
        return True
    task, gold, chance = corrections.task, _gold(corrections.task, corrections.target), np.random.default_rng(seed)
    samples = chance.integers(0, count, (_RESAMPLES, count))
    spread = np.std(
        [_quality(task, gold[s], after.given[s]) - _quality(task, gold[s], before.given[s]) for s in samples]
    )
    return bool(new.quality - old.quality > spread)


def _quality(task: Task, gold: Bools, given: Bools) -> float:
    """Return macro-F1 over the labels of the gold, for ordered scales its mean with quadratic kappa."""
    present = gold.any(axis=0)
    both, total = (gold & given).sum(axis=0)[present], (gold.sum(axis=0) + given.sum(axis=0))[present]
    macro = float((2 * both / total).mean())
    if task.kind is not TaskKind.ORDINAL:
        return macro
    table = confusion(gold.argmax(axis=1), given.argmax(axis=1), task.width)
    return (macro + quadratic_kappa(table)) / 2


def _gold(task: Task, target: Ints) -> Bools:
    """Return which labels are right: (rows, labels), a flag's being no and yes."""
    if task.kind is TaskKind.FLAG:
        return np.concatenate([target == 0, target == 1], axis=1)
    return target == 1 if task.kind is TaskKind.MULTI else np.eye(task.width, dtype=np.bool_)[target]


def _given(task: Task, decision: Decision) -> list[bool]:
    """Return which labels a decision gives."""
    if isinstance(decision, FlagDecision):
        return [not decision.label, bool(decision.label)]
    labels = decision.labels if isinstance(decision, MultiDecision) else (decision.label,)
    return [label in labels for label in task.label_ids]


def _confidences(task: Task, probabilities: Floats, gold: Bools) -> tuple[list[float], list[bool]]:
    """Return what ``calibration_error`` takes, as ``training.evaluation`` has it."""
    if task.kind is TaskKind.FLAG:
        return probabilities[:, 0].tolist(), gold[:, 1].tolist()
    if task.kind is TaskKind.MULTI:
        return probabilities.ravel().tolist(), gold.ravel().tolist()
    rows, best = np.arange(len(gold)), probabilities.argmax(axis=1)
    return probabilities[rows, best].tolist(), gold[rows, best].tolist()


def _counts(corrections: Corrections) -> Floats:
    """Return how many of the corrections have each label; of a flag, how many are yes."""
    if corrections.task.kind in _BINARY:
        counts: Ints = corrections.target.sum(axis=0)
    else:
        counts = np.bincount(corrections.target, minlength=corrections.task.width)
    return counts.astype(np.float64)


def _rounded(values: Floats, digits: int) -> tuple[float, ...]:
    """Round, as ``calibration.json`` keeps numbers."""
    return tuple(round(float(value), digits) for value in values)
