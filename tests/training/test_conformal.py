import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from classifier.calibration import Calibration, columns, sigmoid, softmax
from classifier.taxonomy import COMPLAINT, JUSTICE, QUALITY, SEVERITY, TASKS, Task, TaskKind
from training.calibration import fit_calibration
from training.config import DecisionSection
from training.conformal import fit_conformal
from training.corpus import Example

WIDTH = sum(task.width for task in TASKS)
CHECKED = (COMPLAINT, SEVERITY, JUSTICE, QUALITY)
SEEDS, COVERAGES = st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.7, 0.8, 0.9, 0.95])
TEST = 1500


def drawn(task: Task, size: int, chance: np.random.Generator) -> tuple[np.ndarray, list[Example]]:
    """Draw messages whose network is noisy, biased and overconfident: a guarantee must not need a good one."""
    truth = chance.normal(0, 1.2, (size, task.width))
    logits = 2.5 * truth + chance.normal(0, 1.0, truth.shape) + 0.5
    values: list[Any]
    if task.kind is TaskKind.FLAG:
        values = [bool(v) for v in chance.random(size) < sigmoid(truth[:, 0])]
    elif task.kind is TaskKind.MULTI:
        has = chance.random(truth.shape) < sigmoid(truth)
        order = np.argsort(-truth, axis=1)
        pairs = zip(order, has, strict=True)
        values = [[task.label_ids[i] for i in o if h[i]] or [task.label_ids[o[0]]] for o, h in pairs]
    else:
        values = [task.label_ids[chance.choice(task.width, p=p)] for p in softmax(truth)]
    wide = np.zeros((size, WIDTH), dtype=np.float32)
    wide[:, columns()[task.id]] = logits
    labels = [{"complaint": True, task.id: value} for value in values]
    return wide, [Example(str(i), "x", "es", "s", str(i), item) for i, item in enumerate(labels)]


def named(value: Any) -> str:
    return (
        {True: "yes", False: "no"}[value] if isinstance(value, bool) else value if isinstance(value, str) else value[0]
    )


def conformal_only(task: Task, logits: np.ndarray, examples: list[Example]) -> Calibration:
    neutral = Calibration.neutral()
    item = fit_conformal(task, logits[:, columns()[task.id]], examples)
    return Calibration({**neutral.tasks, task.id: replace(neutral[task.id], conformal=item)})


def least(size: int, held: int, coverage: float) -> float:
    """Return the share that coverage of ``size`` new messages falls under in one of a million draws.

    With scores that are all different it has a beta-binomial law (Angelopoulos & Bates 2021, appendix C).
    """
    rank = math.ceil((held + 1) * coverage)
    return float(betabinom.ppf(1e-6, size, rank, held + 1 - rank)) / size


@given(SEEDS, COVERAGES, st.sampled_from(CHECKED), st.sampled_from([60, 300, 900]))
@settings(max_examples=40, deadline=None)
def test_sets_cover_as_often_as_was_asked_for(seed: int, coverage: float, task: Task, held: int) -> None:
    chance = np.random.default_rng(seed)
    calibration = conformal_only(task, *drawn(task, held, chance))
    logits, examples = drawn(task, TEST, chance)
    sets = [found[task.id] for found in calibration.prediction_sets(logits, coverage)]
    covered = np.mean([named(e.labels[task.id]) in found for e, found in zip(examples, sets, strict=True)])
    assert covered >= least(TEST, held, coverage)


@given(SEEDS, COVERAGES)
@settings(max_examples=15, deadline=None)
def test_each_label_is_found_as_often_as_was_asked_for(seed: int, coverage: float) -> None:
    chance = np.random.default_rng(seed)
    held_logits, held = drawn(JUSTICE, 600, chance)
    calibration = conformal_only(JUSTICE, held_logits, held)
    logits, examples = drawn(JUSTICE, TEST, chance)
    sets = [found["justice"] for found in calibration.prediction_sets(logits, coverage, each_label=True)]
    for label in JUSTICE.label_ids:
        having = [label in found for e, found in zip(examples, sets, strict=True) if label in e.labels["justice"]]
        scored = sum(label in e.labels["justice"] for e in held)
        assert np.mean(having) >= least(len(having), scored, coverage)


def test_coverage_over_many_draws_is_what_was_asked_for_and_not_much_more() -> None:
    chance, coverage, held = np.random.default_rng(3), 0.8, 29
    found = []
    for _ in range(300):
        calibration = conformal_only(QUALITY, *drawn(QUALITY, held, chance))
        logits, examples = drawn(QUALITY, 20, chance)
        sets = calibration.prediction_sets(logits, coverage)
        found += [e.labels["quality"] in s["quality"] for e, s in zip(examples, sets, strict=True)]
    assert np.mean(found) == pytest.approx(coverage, abs=0.02)


def test_a_better_network_has_smaller_sets() -> None:
    chance = np.random.default_rng(4)
    sizes = []
    for noise in (0.3, 3.0):
        level = chance.integers(0, 5, 800)
        logits = 4 * np.eye(5)[level] + chance.normal(0, noise, (800, 5))
        labels = [{"complaint": True, "quality": QUALITY.label_ids[v]} for v in level]
        examples = [Example(str(i), "x", "es", "s", str(i), item) for i, item in enumerate(labels)]
        sets = fit_conformal(QUALITY, logits, examples).sets(QUALITY, softmax(logits), 0.9)
        sizes.append(np.mean([len(s) for s in sets]))
    assert sizes[0] == pytest.approx(1, abs=0.05)
    assert sizes[1] > 1.5


def test_calibration_brings_scores_of_its_held_out_messages_and_their_shares() -> None:
    logits, examples = drawn(JUSTICE, 700, np.random.default_rng(5))
    fitted = fit_calibration(logits, examples, DecisionSection())
    conformal = fitted["justice"].conformal
    assert conformal == fit_conformal(JUSTICE, logits[:, columns()["justice"]], examples)
    assert conformal is not None
    assert (conformal.main.count, len(conformal.main.scores)) == (700, 400)
    shares = [np.mean([label in e.labels["justice"] for e in examples]) for label in JUSTICE.label_ids]
    assert fitted["justice"].prior == pytest.approx(shares, abs=0.001)
    assert Calibration.from_dict(fitted.to_dict()) == fitted
    unlabelled = fitted["quality"].conformal
    assert unlabelled is not None
    assert unlabelled.main.count == 0
    assert fitted.prediction_sets(logits[:1], 0.5)[0]["quality"] == QUALITY.label_ids


def test_of_messages_that_something_was_chosen_by_nothing_is_scored() -> None:
    logits, examples = drawn(QUALITY, 300, np.random.default_rng(7))
    fitted = fit_calibration(logits, examples, DecisionSection(), scored=range(100, 300))["quality"]
    assert fitted.conformal == fit_conformal(QUALITY, logits[100:, columns()["quality"]], examples[100:])
    whole = fit_calibration(logits, examples, DecisionSection())["quality"]
    assert replace(fitted, conformal=whole.conformal) == whole


def test_scores_do_not_depend_on_the_calibration_fitted_on_the_same_messages() -> None:
    logits, examples = drawn(QUALITY, 300, np.random.default_rng(6))
    one = fit_calibration(logits, examples, DecisionSection(), seed=1)["quality"]
    other = fit_calibration(logits, examples, DecisionSection(), seed=2)["quality"]
    assert one.thresholds != other.thresholds
    assert one.conformal == other.conformal
