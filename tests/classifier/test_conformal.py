import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier import ComplaintClassifier
from classifier.artifact import FILES, write_checksums, write_json
from classifier.calibration import Calibration, softmax
from classifier.conformal import MAX_SCORES, Conformal, HeldOutScores, nonconformity
from classifier.errors import IncompatibleModelError, TextTooLongError
from classifier.taxonomy import COMPLAINT, MOTIVE, QUALITY, SEVERITY, TASK_BY_ID, TASKS

SCORES = st.floats(0, 1)
COVERAGES = st.floats(0.02, 0.98)
ROWS = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(4)), elements=st.floats(-8, 8)).map(softmax)


def held_out(scores: list[float]) -> HeldOutScores:
    return HeldOutScores.of(np.array(scores))


@given(st.lists(SCORES, min_size=1, max_size=60), COVERAGES)
def test_the_limit_is_the_order_statistic_of_the_finite_sample(scores: list[float], coverage: float) -> None:
    rank = math.ceil((len(scores) + 1) * coverage - 1e-9)
    limit = held_out(scores).limit(coverage)
    if rank > len(scores):
        assert limit == math.inf
    else:
        assert sorted(scores)[rank - 1] < limit <= sorted(scores)[rank - 1] + 2e-5


@given(st.integers(MAX_SCORES + 1, 5000), COVERAGES)
@settings(max_examples=50)
def test_thinned_scores_never_set_a_lower_limit_and_hardly_a_higher_one(count: int, coverage: float) -> None:
    every = np.arange(1, count + 1) / count
    thinned = HeldOutScores.of(every)
    assert len(thinned.scores) == MAX_SCORES
    exact = every[min(math.ceil((count + 1) * coverage - 1e-9), count) - 1]
    assert exact <= thinned.limit(coverage) <= exact + 1 / MAX_SCORES + 1 / count + 2e-5


def test_too_few_messages_rule_nothing_out() -> None:
    assert HeldOutScores().limit(0.5) == math.inf
    assert held_out([0.1] * 8).limit(0.9) == math.inf
    assert held_out([0.1] * 9).limit(0.9) == pytest.approx(0.1, abs=2e-5)
    sets = Conformal().sets(QUALITY, np.full((1, 5), 0.2), 0.6)
    assert sets == [QUALITY.label_ids]


@given(ROWS, st.lists(SCORES, min_size=5, max_size=40), COVERAGES, COVERAGES)
def test_sets_grow_with_coverage_and_hold_the_likeliest_label(
    rows: np.ndarray, scores: list[float], one: float, other: float
) -> None:
    conformal = Conformal(held_out(scores), {label: held_out(scores) for label in MOTIVE.label_ids})
    low, high = sorted([one, other])
    for task in (SEVERITY, MOTIVE):
        pairs = zip(conformal.sets(task, rows, low), conformal.sets(task, rows, high), rows, strict=True)
        for small, large, row in pairs:
            assert set(small) <= set(large)
            assert task.label_ids[int(row.argmax())] in small
    each = zip(conformal.each_label(MOTIVE, rows, low), conformal.each_label(MOTIVE, rows, high), strict=True)
    assert all(set(small) <= set(large) for small, large in each)


def test_the_likeliest_label_is_told_by_its_last_bit() -> None:
    row = np.array([[0.25, np.nextafter(0.25, 1), 0.25, 0.25]])
    assert Conformal(held_out([0.0] * 5)).sets(MOTIVE, row, 0.5) == [(MOTIVE.label_ids[1],)]


@given(ROWS, st.lists(SCORES, min_size=5, max_size=40), COVERAGES)
def test_levels_of_a_set_are_without_gaps(rows: np.ndarray, scores: list[float], coverage: float) -> None:
    for found in Conformal(held_out(scores)).sets(SEVERITY, rows, coverage):
        levels = [SEVERITY.label_ids.index(label) for label in found]
        assert levels == list(range(levels[0], levels[-1] + 1))


def test_levels_are_added_from_the_likeliest_to_the_likelier_neighbour() -> None:
    scores = nonconformity(SEVERITY, np.array([[0.1, 0.5, 0.15, 0.25], [0.7, 0.2, 0.1, 0.0]]))
    assert scores == pytest.approx(np.array([[0.9, 0.0, 0.5, 0.65], [0.0, 0.7, 0.9, 1.0]]))


def test_a_flag_may_be_both() -> None:
    conformal = Conformal(held_out([0.1, 0.2, 0.3, 0.6]))
    rows = np.array([[0.95], [0.5], [0.05]])
    assert conformal.sets(COMPLAINT, rows, 0.8) == [("yes",), ("no", "yes"), ("no",)]


def test_each_label_is_held_against_its_own_messages() -> None:
    sure, unsure = held_out([0.1] * 10), held_out([0.8] * 10)
    each = dict(zip(MOTIVE.label_ids, (sure, unsure, sure, sure), strict=True))
    assert Conformal(each=each).each_label(MOTIVE, np.full((1, 4), 0.5), 0.8) == [(MOTIVE.label_ids[1],)]
    assert Conformal(each=each | {MOTIVE.label_ids[1]: sure}).each_label(MOTIVE, np.full((1, 4), 0.5), 0.8) == [()]


def test_saved_then_read_is_the_same() -> None:
    conformal = Conformal(held_out([0.25, 0.5]), {"venting": held_out([0.125])})
    assert Conformal.from_dict(json.loads(json.dumps(conformal.to_dict()))) == conformal


def test_the_toy_model_names_sets_of_every_task(tiny: ComplaintClassifier) -> None:
    texts = ["El pedido no llegó y nadie responde.", "Quero meu dinheiro de volta!"]
    narrow, wide = tiny.prediction_sets(texts, 0.5), tiny.prediction_sets(texts, 0.95)
    for small, large in zip(narrow, wide, strict=True):
        assert list(small) == [task.id for task in TASKS]
        for task_id, labels in small.items():
            assert labels
            assert set(labels) <= set(large[task_id]) <= set(TASK_BY_ID[task_id].label_ids)
    each = tiny.prediction_sets(texts[0], 0.9, each_label=True)[0]
    assert each["severity"] == tiny.prediction_sets(texts[0], 0.9)[0]["severity"]
    assert each["motive"] != ()


def test_nothing_is_ruled_out_for_a_text_that_is_not_classified(tiny: ComplaintClassifier) -> None:
    everything = {task.id: task.label_ids for task in TASKS}
    texts = ["", "The parcel never arrived and nobody at the shop answers my letters about it."]
    assert tiny.prediction_sets(texts, 0.5) == [everything, everything]
    assert tiny.prediction_sets([]) == []


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90, math.nan])
def test_a_coverage_that_is_no_share_is_refused(tiny: ComplaintClassifier, coverage: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        tiny.prediction_sets("No llegó.", coverage)


def test_a_text_that_is_too_long_is_refused(tiny: ComplaintClassifier) -> None:
    with pytest.raises(TextTooLongError):
        tiny.prediction_sets("a" * 20_001)


def test_a_model_of_before_loads_and_says_that_it_has_no_sets(tiny_model: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(tiny_model, old)
    content = json.loads((old / FILES.calibration).read_text())
    for item in content.values():
        for key in ("prior", "conformal"):
            item.pop(key, None)
        assert list(item) == ["scale", "shift", "thresholds", "review_below"]
    write_json(old / FILES.calibration, content)
    write_checksums(old)
    classifier = ComplaintClassifier.from_pretrained(old)
    assert classifier.predict("No llegó el pedido.")[0].complaint.label is not None
    assert Calibration.from_dict(content).to_dict() == content
    with pytest.raises(IncompatibleModelError, match="recupera calibrate"):
        classifier.prediction_sets("No llegó el pedido.")
