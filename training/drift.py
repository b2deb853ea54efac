"""Whether the messages of two periods differ, by how much, and whether the model needs them in its training.

Every comparison has an effect size beside its p-value, since with many messages any difference is significant:

- shares (labels of a task, languages): chi-square test of homogeneity; population stability index, PSI (Siddiqi,
  *Credit Risk Scorecards*, 2006: from 0.1 a change, from 0.25 a large one);
- length, and the model's certainty: Kolmogorov-Smirnov test and its distance D;
- what the model sees in the texts: how well a classifier tells the periods apart by the logits of messages that it did
  not see (Lopez-Paz & Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017); Mann-Whitney test and the area
  under the curve, AUC, where 0.5 is not at all.

The p-values are adjusted after Holm (1979) for the number of comparisons. A comparison shows drift where its adjusted
p-value is under 0.05 and its effect is large enough to matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency, ks_2samp, mannwhitneyu
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classifier.calibration import Decision, Floats, confidence
from classifier.errors import InputError
from classifier.taxonomy import TASK_BY_ID, TASKS, Task, TaskKind
from training.messages import Answers, labels_of

MIN_MESSAGES: Final = 50
"""Messages that a period needs at least."""

SIGNIFICANT: Final = 0.05
_MATTERS: Final[Mapping[str, tuple[float, float]]] = {"PSI": (0.1, 0.25), "D": (0.1, 0.25), "AUC": (0.6, 0.75)}
"""Effects from which a difference matters, and from which it is large."""

_MOST_COMPARED: Final = 2000
_LEAST_EXPECTED: Final = 5
_REVIEW_RISE: Final = 0.05
_SHOWN: Final = 3
_OTHER_LANGUAGE: Final = "none"


@dataclass(frozen=True, slots=True)
class Period:
    """The messages of a period: what the model says of them, the language of each and its length in characters."""

    answers: Answers
    languages: Sequence[str | None]
    lengths: Sequence[int]

    @property
    def size(self) -> int:
        """Number of messages."""
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class Change:
    """One comparison. ``effect`` is measured in ``measure``: PSI, D or AUC; ``detail`` says what moved, in words."""

    what: str
    measure: str
    effect: float
    p_value: float
    detail: str
    adjusted_p: float = 1.0
    before: Mapping[str, float] | None = None
    after: Mapping[str, float] | None = None

    @property
    def size(self) -> str:
        """``none`` where chance explains it or it is too small to matter, else ``some`` or ``large``."""
        matters, large = _MATTERS[self.measure]
        if self.adjusted_p >= SIGNIFICANT or self.effect < matters:
            return "none"
        return "large" if self.effect >= large else "some"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from the comparisons, in words."""

    drift: bool
    retrain: bool
    summary: str
    because: str


@dataclass(frozen=True, slots=True)
class Report:
    """Every comparison of two periods, and what follows."""

    messages: tuple[int, int]
    review: tuple[float, float]
    changes: tuple[Change, ...]
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        changes = [{**asdict(change), "size": change.size} for change in self.changes]
        (m0, m1), (r0, r1) = self.messages, self.review
        sizes = {"messages": {"before": m0, "after": m1}, "review": {"before": r0, "after": r1}}
        return {**sizes, "changes": changes, "verdict": asdict(self.verdict)}


def compare(before: Period, after: Period, *, seed: int = 1) -> Report:
    """Compare two periods; raise ``InputError`` if one has too few messages to say anything."""
    check_size("before", before.size)
    check_size("after", after.size)
    decided = [[p.answers.decide(i) for i in range(p.size)] for p in (before, after)]
    labels = [list(map(labels_of, rows)) for rows in decided]
    review = _review_share(before, decided[0]), _review_share(after, decided[1])
    changes = [c for task in TASKS if (c := _task_change(task, labels[0], labels[1])) is not None]
    changes += [
        _language_change(before, after),
        _length_change(before, after),
        _certainty_change(before, after, review),
        _content_change(before.answers.logits, after.answers.logits, seed),
    ]
    adjusted = holm([c.p_value for c in changes])
    changes = [replace(c, adjusted_p=p) for c, p in zip(changes, adjusted, strict=True)]
    return Report((before.size, after.size), review, tuple(changes), judge(changes))


def check_size(name: str, size: int) -> None:
    """Raise ``InputError`` if a period has too few messages."""
    if size < MIN_MESSAGES:
        raise InputError(f"{size} messages {name}: at least {MIN_MESSAGES} a period are needed")


def _task_change(task: Task, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Change | None:
    """Compare the labels given to the messages that a task is asked of; ``None`` if a period has too few of them."""
    given = [[row[task.id] for row in rows if task.id in row] for rows in (before, after)]
    if min(map(len, given)) < MIN_MESSAGES:
        return None
    counts = [_counted(values) for values in given]
    sizes = len(given[0]), len(given[1])
    if task.kind is not TaskKind.MULTI:
        return _shares_change(task.id, task.label_ids, counts, sizes)
    each = []
    for label in task.label_ids:
        yes_no = [{"yes": c[label], "no": n - c[label]} for c, n in zip(counts, sizes, strict=True)]
        each.append(_shares_change(label, ("yes", "no"), yes_no, sizes))
    whole = _shares_change(task.id, task.label_ids, counts, sizes)
    p = min(1.0, len(each) * min(c.p_value for c in each))
    return replace(whole, p_value=p, effect=max(c.effect for c in each))


def _counted(values: Sequence[Any]) -> Counter[str]:
    """Count labels; a message with several counts for each."""
    several = [value if isinstance(value, list) else [value] for value in values]
    return Counter(("yes" if name else "no") if isinstance(name, bool) else name for names in several for name in names)


def _shares_change(
    what: str, names: Sequence[str], counts: Sequence[Mapping[str, int]], sizes: tuple[int, int]
) -> Change:
    """Compare the shares of ``names`` among ``sizes`` messages."""
    table = np.array([[c.get(name, 0) for name in names] for c in counts], dtype=np.int64)
    shares = table / np.array(sizes)[:, None]
    before, after = (dict(zip(names, (round(float(s), 4) for s in row), strict=True)) for row in shares)
    moved = sorted((n for n in names if before[n] != after[n]), key=lambda n: -abs(after[n] - before[n]))[:_SHOWN]
    detail = ", ".join(f"{name} {before[name]:.0%} → {after[name]:.0%}" for name in moved) or "the same shares"
    return Change(what, "PSI", stability_index(table), homogeneity(table), detail, before=before, after=after)


def stability_index(table: npt.NDArray[np.int64]) -> float:
    """Return the PSI of a table of counts, a row a period; half a message is added to each cell against zeros."""
    shares = (table + 0.5) / (table + 0.5).sum(axis=1, keepdims=True)
    return round(float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()), 4)


def homogeneity(table: npt.NDArray[np.int64]) -> float:
    """Return the p-value of the chi-square test; columns too rare for it are put together."""
    expected = table.sum(axis=0) * table.sum(axis=1).min() / max(1, table.sum())
    rare = expected < _LEAST_EXPECTED
    columns = [table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)] if rare.any() else [table]
    pooled = np.hstack(columns)
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    if pooled.shape[1] < 2:
        return 1.0
    return float(chi2_contingency(pooled, correction=False).pvalue)


def _language_change(before: Period, after: Period) -> Change:
    counts = [Counter(name or _OTHER_LANGUAGE for name in p.languages) for p in (before, after)]
    return _shares_change("language", ("es", "pt", "other", _OTHER_LANGUAGE), counts, (before.size, after.size))


def _length_change(before: Period, after: Period) -> Change:
    middle = [float(np.median(p.lengths)) for p in (before, after)]
    detail = f"half are under {middle[0]:.0f} → {middle[1]:.0f} characters"
    return _distribution_change("length", before.lengths, after.lengths, detail)


def _certainty_change(before: Period, after: Period, review: tuple[float, float]) -> Change:
    sure = [certainty(p.answers) for p in (before, after)]
    detail = f"mean {sure[0].mean():.2f} → {sure[1].mean():.2f}; for review {review[0]:.0%} → {review[1]:.0%}"
    change = _distribution_change("certainty", sure[0], sure[1], detail)
    means = [{"mean": round(float(s.mean()), 4), "review": r} for s, r in zip(sure, review, strict=True)]
    return replace(change, before=means[0], after=means[1])


def _distribution_change(what: str, before: Any, after: Any, detail: str) -> Change:
    found = ks_2samp(before, after)
    return Change(what, "D", round(float(found.statistic), 4), float(found.pvalue), detail)


def certainty(answers: Answers) -> Floats:
    """Return the mean calibrated probability of the likeliest answer over the tasks asked of every message."""
    best = []
    for task in (t for t in TASKS if not t.complaints_only):
        p = answers.probabilities[task.id]
        best.append(np.maximum(p, 1 - p)[:, 0] if task.kind is TaskKind.FLAG else p.max(axis=1))
    result: Floats = np.mean(best, axis=0)
    return result


def _review_share(period: Period, decided: Sequence[Mapping[str, Decision]]) -> float:
    """Return the share of messages with an answer whose confidence is under its review point."""
    point = {task.id: period.answers.calibration[task.id].review_below for task in TASKS}
    unsure = [any(confidence(d) < point[name] for name, d in row.items()) for row in decided]
    return round(sum(unsure) / len(unsure), 4)


def _content_change(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], seed: int) -> Change:
    """Compare samples of the logits."""
    chance = np.random.default_rng(seed)
    x, y = (_sample(rows, chance) for rows in (before, after))
    area, p = separability(np.vstack([x, y]).astype(np.float64), len(x), seed)
    detail = f"of two messages, one a period, the later one is told in {area:.0%} of cases; by chance in 50%"
    return Change("content", "AUC", round(area, 4), p, detail)


def _sample(rows: npt.NDArray[np.float32], chance: np.random.Generator) -> npt.NDArray[np.float32]:
    if len(rows) <= _MOST_COMPARED:
        return rows
    return rows[np.sort(chance.choice(len(rows), _MOST_COMPARED, replace=False))]


def separability(rows: Floats, first: int, seed: int) -> tuple[float, float]:
    """Tell the ``first`` rows from the rest with a linear classifier, each by one that was fitted without it.

    Return the area under the curve, 0.5 at least, and the one-sided p-value that it is no more than that.
    """
    period = np.r_[np.zeros(first, dtype=np.int64), np.ones(len(rows) - first, dtype=np.int64)]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, class_weight="balanced", max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    score = cross_val_predict(model, rows, period, cv=folds, method="decision_function")
    found = mannwhitneyu(score[first:], score[:first], alternative="greater")
    return max(0.5, float(found.statistic) / (first * (len(rows) - first))), float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number, after Holm (Scandinavian Journal of Statistics 6, 1979)."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    steps = [p_values[i] * (len(p_values) - rank) for rank, i in enumerate(order)]
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if steps else []
    return [float(p) for p in adjusted]


def judge(changes: Sequence[Change]) -> Verdict:
    """Say what moved, and whether retraining is worth it.

    It is where the model meets what it does not know: it has become less sure, the content moved by a large effect,
    or so did the share of a label, which thresholds and calibration were fitted to. A mix, a language or a length that
    the model reads as surely as before asks for none.
    """
    moved = [c for c in changes if c.size != "none"]
    if not moved:
        reason = "no difference is beyond chance and large enough to matter"
        return Verdict(drift=False, retrain=False, summary="no sign of drift", because=reason)
    summary = "; ".join(f"{_name(c)} has moved: {c.detail}" for c in moved)
    reasons = [found for c in moved if (found := _reason(c))]
    because = " and ".join(reasons) or "the model is about as sure as before and no large move asks for it"
    return Verdict(drift=True, retrain=bool(reasons), summary=summary, because=because)


def _reason(change: Change) -> str | None:
    """Return why a change that matters asks for retraining, if it does."""
    if change.what == "certainty":
        before, after = change.before or {}, change.after or {}
        fell = after["mean"] < before["mean"]
        if fell and (change.size == "large" or after["review"] - before["review"] >= _REVIEW_RISE):
            return f"the model is less sure ({change.detail})"
        return None
    asks = change.what == "content" or change.what in TASK_BY_ID
    return f"{_name(change)} moved a lot" if asks and change.size == "large" else None


def _name(change: Change) -> str:
    return _NAMES.get(change.what, f"the mix of {change.what}")


_NAMES: Final[Mapping[str, str]] = {
    "language": "the mix of languages",
    "length": "the length",
    "certainty": "the certainty of the model",
    "content": "what the messages say",
}
