"""Labels that look wrong, by confident learning (Northcutt, Jiang & Chuang, JAIR 70, 2021).

A message is suspected where a model that never saw it gives another label with more confidence than it gives that
label on average to the messages that carry it, and with more than it gives the message's own label. The counts of
such messages, given label by likely label, estimate which share of the labels is wrong. Each label of a task with
several is a question of its own.

The share is an estimate with the model's eyes: what the model can't tell apart looks like noise to it, so it stands
beside the agreement, the share of labels that the model gives too. Where that is low, the estimate is far too high.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion

from classifier.calibration import Floats
from classifier.errors import InputError
from classifier.taxonomy import COMPLAINT, TASKS, Task, TaskKind
from training.corpus import Example
from training.review_file import ReviewRow

Ints = npt.NDArray[np.int64]
_Message = tuple[str, str, str]

MIN_MESSAGES: Final = 50
"""Labelled messages that a task needs at least."""

MIN_AGREEMENT: Final = 0.7
"""Agreement of the model with the labels under which it can't say how many are wrong."""

_STRENGTH: Final = 5.0
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that looks wrong: ``example`` is its place in the input, ``confidence`` the suggestion's probability.

    ``margin`` is how much likelier the suggestion is than what was given. For a task with several labels, ``given``
    and ``suggested`` are whole sets.
    """

    example: int
    task: str
    given: Any
    suggested: Any
    confidence: float
    margin: float


@dataclass(frozen=True, slots=True)
class TaskNoise:
    """What was found about one task.

    ``share`` estimates which part of the labels is wrong, ``agreement`` is the part that the model gives too; for a
    task with several labels both are of the yes-or-no of each.
    ``skipped`` says why the task was not looked at.
    """

    task: str
    labelled: int
    share: float = 0.0
    agreement: float = 0.0
    suspects: list[Suspect] = field(default_factory=list)
    skipped: str = ""

    @property
    def can_tell(self) -> bool:
        """Whether the model knows the task well enough for ``share`` to mean anything."""
        return not self.skipped and self.agreement >= MIN_AGREEMENT


def find_noise(examples: Sequence[Example], probabilities: Mapping[str, Floats]) -> list[TaskNoise]:
    """Look at every task of ``examples``, most suspicious labels first.

    ``probabilities`` by task are (len(examples), width), from a model that was not trained on the message; rows that
    a task has no label for, or no probability (NaN), are not looked at.
    """
    return [_task_noise(task, examples, probabilities[task.id]) for task in TASKS]


def _task_noise(task: Task, examples: Sequence[Example], probabilities: Floats) -> TaskNoise:
    """Look at one task."""
    rows = np.array([i for i in labelled_rows(task, examples) if not np.isnan(probabilities[i]).any()], dtype=np.int64)
    if len(rows) < MIN_MESSAGES:
        return TaskNoise(task.id, len(rows), skipped=f"fewer than {MIN_MESSAGES} labels")
    target, p = targets(task, [examples[i] for i in rows]), probabilities[rows]
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        columns = [_two_sided(p[:, c], target[:, c]) for c in range(task.width)]
        share = float(np.mean([s for s, _ in columns]))
        agreement = float(((p >= 0.5) == target).mean())
        flips = np.column_stack([suspect for _, suspect in columns])
        suspects = [_flipped(task, int(rows[i]), target[i], flips[i], p[i]) for i in np.flatnonzero(flips.any(axis=1))]
    else:
        given = target.argmax(axis=1)
        share, likely = confident_joint(p, given)
        agreement = float((p.argmax(axis=1) == given).mean())
        suspects = [_moved(task, int(rows[i]), given[i], likely[i], p[i]) for i in np.flatnonzero(likely != given)]
    return TaskNoise(task.id, len(rows), share, agreement, sorted(suspects, key=lambda s: -s.margin))


def labelled_rows(task: Task, examples: Sequence[Example]) -> list[int]:
    """Return which examples carry a label of ``task`` that counts."""
    return [
        i
        for i, e in enumerate(examples)
        if task.id in e.labels and (e.labels[COMPLAINT.id] or not task.complaints_only)
    ]


def targets(task: Task, examples: Sequence[Example]) -> Ints:
    """Return (n, width) of 0 and 1."""
    rows = []
    for value in (e.labels[task.id] for e in examples):
        names = value if isinstance(value, list) else [value]
        rows.append([int(value)] if task.kind is TaskKind.FLAG else [int(name in names) for name in task.label_ids])
    return np.array(rows, dtype=np.int64).reshape(-1, task.width)


def _two_sided(p: Floats, target: Ints) -> tuple[float, npt.NDArray[np.bool_]]:
    """Return the share of wrong labels of a yes-or-no, and which are suspected."""
    share, likely = confident_joint(np.column_stack([1 - p, p]), target)
    return share, likely != target


def confident_joint(probabilities: Floats, given: Ints) -> tuple[float, Ints]:
    """Return the estimated share of wrong labels, and the likely label of each message: the given one if not another.

    A label is likely where its probability reaches its threshold, the mean of that probability over the messages
    that carry it; of several the most probable. One that is less probable than the given label is no better, though a
    rare label's threshold be low. The joint of given and likely labels is scaled to the counts of the given ones, as
    messages without a likely label count for none.
    """
    size, width = probabilities.shape
    threshold = np.array([probabilities[given == j, j].mean() if (given == j).any() else np.inf for j in range(width)])
    own = probabilities[np.arange(size), given]
    confident = np.where(probabilities >= np.maximum(threshold, own[:, None]) - _TINY, probabilities, -1.0)
    best = np.where(confident.max(axis=1) >= 0, confident.argmax(axis=1), given)
    joint = np.zeros((width, width))
    counted = confident.max(axis=1) >= 0
    np.add.at(joint, (given[counted], best[counted]), 1)
    totals = joint.sum(axis=1, keepdims=True)
    joint = np.divide(joint, totals, out=np.eye(width), where=totals > 0) * np.bincount(given, minlength=width)[:, None]
    return float(1 - np.trace(joint) / size), best.astype(np.int64)


def _moved(task: Task, row: int, given: int, likely: int, p: Floats) -> Suspect:
    """Describe a suspected label of a task that has one."""
    names = task.label_ids
    margin = float(p[likely] - p[given])
    return Suspect(row, task.id, names[given], names[likely], round(float(p[likely]), 4), round(margin, 4))


def _flipped(task: Task, row: int, target: Ints, flips: npt.NDArray[np.bool_], p: Floats) -> Suspect:
    """Describe a suspected yes-or-no, or a suspected set; its confidence is that of its surest change."""
    suggested = np.where(flips, 1 - target, target)
    sureness = np.where(suggested == 1, p, 1 - p)[flips].max()
    if task.kind is TaskKind.FLAG:
        given: Any = bool(target[0])
        wanted: Any = bool(suggested[0])
    else:
        suggested = suggested if suggested.any() else (np.arange(task.width) == p.argmax()).astype(np.int64)
        given = [name for name, there in zip(task.label_ids, target, strict=True) if there]
        wanted = [task.label_ids[i] for i in np.argsort(-p, kind="stable") if suggested[i]]
    return Suspect(row, task.id, given, wanted, round(float(sureness), 4), round(float(2 * sureness - 1), 4))


def out_of_fold(
    examples: Sequence[Example], *, folds: int = 5, seed: int = 1, advance: Callable[[], None] = lambda: None
) -> dict[str, Floats]:
    """Return each task's probabilities from quick models that saw neither the message nor its family.

    Word and character TF-IDF with a logistic regression a label. Rows of a complaint-only task are fitted on
    complaints alone; where a fold has no example of a label, its probability is 0. ``advance`` is told of each fold.
    """
    families = len({e.family for e in examples})
    if len(examples) < MIN_MESSAGES or families < folds:
        raise InputError(
            f"{len(examples)} labelled messages of {families} families: at least {MIN_MESSAGES} are needed"
        )
    found = {task.id: np.full((len(examples), task.width), np.nan) for task in TASKS}
    texts = np.array([e.text for e in examples], dtype=object)
    groups = [e.family for e in examples]
    for known, held in GroupKFold(folds, shuffle=True, random_state=seed).split(texts, groups=groups):
        features = _features().fit(texts[known])
        seen, unseen = features.transform(texts[known]).tocsr(), features.transform(texts[held]).tocsr()
        for task in TASKS:
            rows = labelled_rows(task, [examples[i] for i in known])
            if rows:
                answer = targets(task, [examples[known[i]] for i in rows])
                found[task.id][held] = _fitted(task, seen[rows], answer, unseen)
        advance()
    return found


def _features() -> FeatureUnion:
    """Return the views of a text."""
    common = {"min_df": 2, "sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    return FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), max_features=40_000, **common)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=40_000, **common)),
        ]
    )


def _fitted(task: Task, seen: Any, answer: Ints, unseen: Any) -> Floats:
    """Fit one logistic regression a column; what is exactly one label sums to 1."""
    columns = []
    for column in answer.T:
        if len(set(column)) < 2:
            columns.append(np.full(unseen.shape[0], float(column[0])))
        else:
            model = LogisticRegression(C=_STRENGTH, solver="liblinear").fit(seen, column)
            columns.append(model.predict_proba(unseen)[:, 1])
    p = np.column_stack(columns)
    return p if task.kind in (TaskKind.FLAG, TaskKind.MULTI) else p / np.maximum(p.sum(axis=1, keepdims=True), _TINY)


def review_rows(examples: Sequence[Example], noise: Iterable[TaskNoise]) -> list[ReviewRow]:
    """Return a row a suspected message, the most suspicious first, with all the labels that it has now.

    A message that is there several times is one row: a review file holds each once, and corrects every copy.
    """
    labels = defaultdict[_Message, dict[str, Any]](dict)
    for example in examples:
        labels[_message(example)].update(example.labels)
    suspected = defaultdict[_Message, dict[str, Suspect]](dict)
    for suspect in sorted((s for item in noise for s in item.suspects), key=lambda s: -s.margin):
        suspected[_message(examples[suspect.example])].setdefault(suspect.task, suspect)
    rows = []
    for message, found in suspected.items():
        e = examples[next(iter(found.values())).example]
        why = "; ".join(map(describe, found.values()))
        rows.append(ReviewRow(e.id, e.text, e.language, labels[message], e.source, why))
    return rows


def _message(example: Example) -> _Message:
    """Return what tells whether two examples are one message."""
    return example.source, example.id, example.text


def describe(suspect: Suspect) -> str:
    """Say in a line what is given, what is suggested and how sure that is."""
    return f"{suspect.task}: {in_words(suspect.given)} → {in_words(suspect.suggested)}? ({suspect.confidence:.2f})"


def in_words(value: Any) -> str:
    """Return a label, several or a yes-or-no as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "+".join(value) if isinstance(value, list) else str(value)
