from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bootstrap import Interval, compare, figures, sample_weights
from benchmarks.quality import decide
from classifier.calibration import Calibration
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import Classification
from training.corpus import Example
from training.evaluation import score

WIDTH = sum(task.width for task in TASKS)


def messages(count: int, seed: int) -> tuple[list[dict[str, Any]], list[Classification]]:
    """Return random labels, some tasks left out, and random decisions."""
    chance, gold = np.random.default_rng(seed), []
    for _ in range(count):
        labels: dict[str, Any] = {"complaint": bool(chance.random() < 0.8)}
        for task in TASKS[1:]:
            if chance.random() < 0.1 or (task.complaints_only and not labels["complaint"]):
                continue
            names = chance.permutation(task.label_ids).tolist()
            several = names[: int(chance.integers(1, 3))]
            labels[task.id] = {TaskKind.FLAG: bool(chance.random() < 0.3), TaskKind.MULTI: several}.get(
                task.kind, names[0]
            )
        gold.append(labels)
    examples = [Example(str(i), "x", "es", "s", "f", labels) for i, labels in enumerate(gold)]
    logits = chance.normal(0, 2, (count, WIDTH)).astype(np.float32)
    return gold, decide(logits, examples, Calibration.neutral(), "peer")


def drawn(items: Sequence[Any], weights: Sequence[float]) -> list[Any]:
    """Repeat each item as often as it was drawn."""
    return [item for item, weight in zip(items, weights, strict=True) for _ in range(int(weight))]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_weighted_figures_are_those_of_the_repeated_messages(count: int, seed: int) -> None:
    gold, found = messages(count, seed)
    weights = sample_weights(count, samples=3, seed=seed)
    draws = figures(gold, found, weights)
    for sample, row in enumerate(weights.tolist()):
        expected = score(drawn(gold, row), drawn(found, row))
        for figure, values in draws.items():
            if figure in expected:
                assert values[sample] == pytest.approx(expected[figure], abs=6e-5), figure
            else:
                assert np.isnan(values[sample]), figure


def test_samples_keep_the_number_of_messages() -> None:
    weights = sample_weights(17, samples=50)
    assert weights[0].tolist() == [1.0] * 17
    assert set(weights.sum(axis=1)) == {17.0}


def test_an_interval_leaves_out_the_first_draw() -> None:
    interval = Interval.of(np.array([9.0, *np.linspace(0, 1, 101)]))
    assert (interval.value, interval.low, interval.high) == pytest.approx((9.0, 0.025, 0.975))


def test_nobody_is_ahead_of_themselves_and_the_best_peer_is_found() -> None:
    gold, found = messages(60, 1)
    other = messages(60, 2)[1]
    comparison = compare(gold, found, {"same": found, "other": other})
    for figure, lead in comparison.leads.items():
        scores = comparison.scores[figure]
        assert scores[lead.peer].value == max(scores["same"].value, scores["other"].value)
        if lead.peer == "same":
            assert (lead.difference.value, lead.difference.low, lead.difference.high) == (0.0, 0.0, 0.0)
    assert {lead.peer for lead in comparison.leads.values()} == {"same", "other"}


def test_without_peers_there_is_no_lead() -> None:
    gold, found = messages(20, 3)
    comparison = compare(gold, found, {})
    assert comparison.leads == {}
    assert all(list(scores) == ["recupera"] for scores in comparison.scores.values())
