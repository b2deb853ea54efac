from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.taxonomy import COMPLAINT, GUARANTEE, MOTIVE, SEVERITY, TASKS
from training.evaluation import answer, asked, coverage_at_precision, main_confidence, score
from training.report.figures import COVERAGE, PRECISION, TaskFigures, label_of, main_figure, sampled, task_figures


def test_a_weighting_gives_what_score_gives_on_messages_repeated_so_often(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(60)
    gold = [e.labels for e in examples]
    chance = np.random.default_rng(3)
    weighting = chance.poisson(1.0, (5, 60)).astype(float)
    for weights in weighting:
        repeated = [i for i, times in enumerate(weights) for _ in range(int(times))]
        expected = score([gold[i] for i in repeated], [found[i] for i in repeated])
        for item in task_figures(gold, found):
            for name, value in item.figures(weights[None]).items():
                if name != COVERAGE:
                    assert value[0] == pytest.approx(expected[f"{item.task.id} {name}"], abs=6e-5), (item.task.id, name)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), count=st.integers(3, 40))
def test_coverage_is_that_of_the_plain_function(drawn: Callable[..., Any], seed: int, count: int) -> None:
    examples, found = drawn(count, seed)
    weights = np.random.default_rng(seed).poisson(1.5, count)
    for task in TASKS:
        item = TaskFigures.of(task, [e.labels for e in examples], found)
        repeated = [i for i in item.rows for _ in range(int(weights[i]))]
        if not repeated:
            continue
        given_answers = [(examples[i].labels[task.id], answer(task, found[i])) for i in repeated]
        decided = [main_confidence(task, g, f) for g, f in given_answers if f]
        expected, _ = coverage_at_precision(
            [p for p, _ in decided], [hit for _, hit in decided], precision=PRECISION, messages=len(repeated)
        )
        assert item.figures(weights[None].astype(float))[COVERAGE][0] == pytest.approx(expected)


def test_some_messages_alone_are_as_if_the_others_were_not_there(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(50)
    chosen = np.arange(0, 50, 3)
    gold = [e.labels for e in examples]
    for task in TASKS:
        part = TaskFigures.of(task, gold, found).among(chosen)
        alone = TaskFigures.of(task, [gold[i] for i in chosen], [found[i] for i in chosen])
        assert part.rows.tolist() == alone.rows.tolist()
        ones = np.ones((1, len(chosen)))
        for name, value in alone.figures(ones).items():
            assert part.figures(ones)[name] == pytest.approx(value, nan_ok=True)


def test_figures_are_those_of_score_and_each_lies_within_its_interval(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(120)
    gold = [e.labels for e in examples]
    tasks = task_figures(gold, found)
    figures = sampled(tasks, [e.family for e in examples], np.arange(120), np.random.default_rng(1))
    expected = score(gold, found)
    assert {name for name in figures if COVERAGE not in name} == set(expected) - {"messages"}
    for name, figure in figures.items():
        measured = figure.measured()
        assert measured.low <= measured.value <= measured.high
        assert measured.value == pytest.approx(expected.get(name, measured.value), abs=6e-5)
        task = next(t for t in TASKS if t.id == name.split()[0])
        assert measured.messages == sum(asked(task, labels) for labels in gold)


def test_a_task_without_gold_has_no_figures(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(10)
    tasks = task_figures([{"complaint": e.labels["complaint"]} for e in examples], found)
    assert [item.task for item in tasks] == [COMPLAINT]
    assert sampled([], ["a"], np.arange(1), np.random.default_rng(1)) == {}


def test_names_of_labels_and_of_the_figure_that_stands_for_a_task() -> None:
    assert label_of(GUARANTEE, True) == "yes"
    assert label_of(SEVERITY, "low") == "low"
    assert main_figure(SEVERITY) == "severity kappa"
    assert main_figure(MOTIVE) == "motive macro-F1"
