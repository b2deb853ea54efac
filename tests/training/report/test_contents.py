"""The details of a task, against scikit-learn and against small cases worked out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from classifier.taxonomy import GUARANTEE, MOTIVE, QUALITY, TASKS, TaskKind
from training.evaluation import answer, asked, calibration_error
from training.report.contents import TaskReport, precision_curve, reliability, task_report
from training.report.figures import TaskFigures, confusion, label_ids, label_of, memberships

CELLS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def details(task: Any, drawn: Any) -> TaskReport:
    examples, found = drawn
    return task_report(TaskFigures.of(task, [e.labels for e in examples], found), examples, found)


def test_confusion_is_scikit_learn_s_with_what_got_no_answer_last(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(150)
    for task in (t for t in TASKS if t.kind is not TaskKind.MULTI):
        rows = [i for i, e in enumerate(examples) if asked(task, e.labels)]
        gold = [label_of(task, examples[i].labels[task.id]) for i in rows]
        answers = [answer(task, found[i]) for i in rows]
        given_labels = [label_of(task, a["label"]) if a else "nothing" for a in answers]
        names = [*label_ids(task), "nothing"]
        expected = confusion_matrix(gold, given_labels, labels=names)[:-1]
        assert details(task, (examples, found)).confusion == tuple(map(tuple, expected))


def test_figures_of_labels_are_scikit_learn_s(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(150)
    item = details(QUALITY, (examples, found))
    rows = [i for i, e in enumerate(examples) if asked(QUALITY, e.labels)]
    gold = [examples[i].labels["quality"] for i in rows]
    given_labels = [(answer(QUALITY, found[i]) or {"label": "nothing"})["label"] for i in rows]
    table = precision_recall_fscore_support(gold, given_labels, labels=QUALITY.label_ids)
    for row, precision, recall, f1, support in zip(item.labels, *table, strict=True):
        assert (row.precision, row.recall, row.f1) == (pytest.approx(precision), pytest.approx(recall), f1)
        assert row.gold == support


def test_figures_of_labels_that_may_be_several(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(150)
    item = details(MOTIVE, (examples, found))
    rows = [i for i, e in enumerate(examples) if asked(MOTIVE, e.labels)]
    pairs = [(examples[i].labels["motive"], answer(MOTIVE, found[i])) for i in rows]
    table = precision_recall_fscore_support(*memberships(MOTIVE, pairs))
    for row, precision, recall, f1, support in zip(item.labels, *table, strict=True):
        assert (row.precision, row.recall, row.f1) == (pytest.approx(precision), pytest.approx(recall), f1)
        assert row.gold == support
    assert item.confusion == ()
    assert item.to_dict()["confusion"] is None


def test_what_was_never_given_has_no_precision(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(40)
    for example in examples:
        if example.labels["complaint"]:
            example.labels["guarantee"] = False
    labels = {row.label: row for row in details(GUARANTEE, (examples, found)).labels}
    assert labels["no"].precision == 1.0
    assert labels["yes"].recall is None
    assert labels["yes"].precision == 0.0
    assert details(GUARANTEE, (examples, found)).to_dict()["labels"]["yes"]["recall"] is None


def test_a_label_that_nobody_used_is_left_out(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(1, seed=5)
    item = details(TASKS[0], (examples, found))
    assert 1 <= len(item.labels) <= 2
    assert all(row.gold + row.given for row in item.labels)


@settings(deadline=None)
@given(CELLS)
def test_the_bins_add_up_to_the_calibration_error(cells: list[tuple[float, bool]]) -> None:
    bins = reliability(cells)
    assert sum(b.count for b in bins) == len(cells)
    assert all(b.low - 1e-9 <= b.mean <= b.high + 1e-9 for b in bins)
    error = sum(b.count * abs(b.mean - b.true) for b in bins) / max(len(cells), 1)
    assert error == pytest.approx(calibration_error([p for p, _ in cells], [hit for _, hit in cells]))


@settings(deadline=None)
@given(CELLS, st.integers(0, 5))
def test_a_curve_goes_right_and_ends_at_all_that_was_decided(cells: list[tuple[float, bool]], undecided: int) -> None:
    curve = precision_curve(cells, len(cells) + undecided)
    coverages = [c for c, _ in curve]
    assert coverages == sorted(set(coverages))
    assert bool(curve) == bool(cells)
    if curve:
        share, precision = curve[-1]
        assert share == pytest.approx(len(cells) / (len(cells) + undecided))
        assert precision == pytest.approx(np.mean([hit for _, hit in cells]))


def test_confusion_holds_each_message_once() -> None:
    table = confusion(GUARANTEE, [(True, {"label": True}), (False, None), (True, {"label": False})])
    assert table.sum() == 3
    assert table.sum(axis=0).tolist() == [[0, 0, 1], [1, 1, 0]]
