from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.taxonomy import COMPLAINT, MOTIVE, SEVERITY, TASKS, TaskKind
from classifier.types import (
    Classification,
    FlagDecision,
    ModelInfo,
    MultiDecision,
    OrdinalDecision,
    Review,
    SingleDecision,
)
from training.comparison import COMPARED, Interval, Verdict, compare, intervals, main_figure, resamples, sampled_figure
from training.evaluation import score

Labels = dict[str, Any]


def found(answers: Labels) -> Classification:
    """Answer with given labels; probabilities don't matter here."""
    decided: dict[str, Any] = {"complaint": FlagDecision(None, None)}
    for task in TASKS:
        value = answers.get(task.id)
        if value is None:
            decided.setdefault(task.id, None)
        elif task.kind is TaskKind.FLAG:
            decided[task.id] = FlagDecision(value, 0.5)
        elif task.kind is TaskKind.MULTI:
            decided[task.id] = MultiDecision(value[0], tuple(value), dict.fromkeys(task.label_ids, 0.5))
        elif task.kind is TaskKind.ORDINAL:
            decided[task.id] = OrdinalDecision(value, dict.fromkeys(task.label_ids, 0.5), 1.0)
        else:
            decided[task.id] = SingleDecision(value, dict.fromkeys(task.label_ids, 0.5))
    return Classification("1", "es", 1.0, review=Review(needed=False), model=ModelInfo("m", "1", "1"), **decided)


def labels(*, whole: bool) -> st.SearchStrategy[Labels]:
    """Draw labels; tasks other than complaint may lack, complaint too where the answer is not ``whole``."""
    optional = {}
    for task in TASKS:
        if task.kind is TaskKind.FLAG:
            value: st.SearchStrategy[Any] = st.booleans()
        elif task.kind is TaskKind.MULTI:
            value = st.lists(st.sampled_from(task.label_ids), min_size=1, unique=True)
        else:
            value = st.sampled_from(task.label_ids)
        optional[task.id] = value
    required = {"complaint": optional.pop("complaint")} if whole else {}
    return st.fixed_dictionaries(required, optional=optional)


MESSAGES = st.lists(st.tuples(labels(whole=True), labels(whole=False)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(MESSAGES, st.integers(0, 2**31))
def test_figures_from_counts_are_those_of_score(messages: list[tuple[Labels, Labels]], seed: int) -> None:
    gold, answers = [g for g, _ in messages], [found(a) for _, a in messages]
    weights = resamples(len(gold), 1, seed)
    drawn = np.repeat(np.arange(len(gold)), weights[1].astype(int))
    for rows, column in ((np.arange(len(gold)), 0), (drawn, 1)):
        expected = score([gold[i] for i in rows], [answers[i] for i in rows])
        for task in COMPARED:
            for figure in {main_figure(task), "macro-F1"}:
                if f"{task.id} {figure}" in expected:
                    values = sampled_figure(task, figure, gold, answers, weights)
                    assert values[column] == pytest.approx(expected[f"{task.id} {figure}"], abs=6e-5)


def test_each_task_has_its_main_figure() -> None:
    assert main_figure(SEVERITY) == "kappa"
    assert {main_figure(task) for task in (COMPLAINT, MOTIVE)} == {"macro-F1"}
    assert "conduct" not in {task.id for task in COMPARED}


def test_samples_draw_as_many_messages_as_there_are_and_the_first_takes_each_once() -> None:
    weights = resamples(50, 20, 1)
    assert weights.shape == (21, 50)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 50).all()
    assert (resamples(50, 20, 1) == weights).all()
    assert (resamples(50, 20, 2) != weights).any()


def simulated(size: int, *, right: float, seed: int) -> tuple[list[Labels], list[Classification]]:
    """Make messages of which a share of the severities is right, the others one level off."""
    chance = np.random.default_rng(seed)
    names = SEVERITY.label_ids
    levels = np.random.default_rng(99).integers(0, 4, size)
    slips = np.where(chance.random(size) < right, 0, 1)
    given = np.where(levels == 3, levels - slips, levels + slips)
    gold = [{"complaint": True, "severity": names[level]} for level in levels]
    return gold, [found({"complaint": True, "severity": names[level]}) for level in given]


def test_a_model_is_not_worse_than_itself() -> None:
    gold, answers = simulated(100, right=0.7, seed=1)
    for comparison in compare(gold, answers, answers):
        assert comparison.difference == Interval(0, 0, 0)
        assert comparison.verdict is Verdict.NOISE


@pytest.mark.parametrize(
    ("size", "current", "candidate", "verdict"),
    [
        (600, 0.8, 0.4, Verdict.WORSE),
        (600, 0.4, 0.8, Verdict.BETTER),
        (600, 0.6, 0.6, Verdict.NOISE),
        (20, 0.7, 0.6, Verdict.NOISE),  # worse, but twenty messages can't show it
    ],
)
def test_a_difference_counts_beyond_the_noise(size: int, current: float, candidate: float, verdict: Verdict) -> None:
    gold, old = simulated(size, right=current, seed=1)
    _, new = simulated(size, right=candidate, seed=2)
    comparison = next(c for c in compare(gold, old, new) if c.task == "severity")
    assert comparison.verdict is verdict
    assert comparison.difference.low <= comparison.difference.value <= comparison.difference.high
    assert comparison.difference.value == pytest.approx(comparison.candidate - comparison.current)


def test_noise_shrinks_with_the_root_of_the_messages() -> None:
    few, many = (
        next(c for c in compare(gold, old, simulated(size, right=0.6, seed=2)[1]) if c.task == "severity").difference
        for size in (100, 1600)
        for gold, old in [simulated(size, right=0.6, seed=1)]
    )
    assert few.noise / many.noise == pytest.approx(4, rel=0.3)


def test_tasks_without_labels_are_left_out() -> None:
    gold, answers = simulated(30, right=0.7, seed=1)
    assert {c.task for c in compare(gold, answers, answers)} == {"complaint", "severity"}
    assert set(intervals(gold, answers)) == {"complaint macro-F1", "severity kappa"}


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = score(*simulated(4000, right=0.7, seed=1000))["severity kappa"]
    bounds = [intervals(*simulated(150, right=0.7, seed=seed))["severity kappa"] for seed in range(30)]
    assert sum(interval.low <= truth <= interval.high for interval in bounds) >= 25


def test_a_sample_without_any_complaint_has_the_figure_of_all() -> None:
    gold: list[Labels] = [{"complaint": True, "severity": "low"}, {"complaint": False}]
    answers = [found({"complaint": True, "severity": "low"}), found({"complaint": False})]
    values = sampled_figure(SEVERITY, "macro-F1", gold, answers, np.array([[1, 1], [0, 2]], dtype=np.float32))
    assert values.tolist() == [1.0, 1.0]
