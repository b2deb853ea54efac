import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.calibration import (
    Calibration,
    TaskCalibration,
    columns,
    confidence,
    expected_level,
    sigmoid,
    softmax,
)
from classifier.taxonomy import COMPLAINT, JUSTICE, MOTIVE, QUALITY, SEVERITY, TASKS
from classifier.types import FlagDecision, MultiDecision, OrdinalDecision, SingleDecision

LOGITS = st.floats(-1000, 1000, width=32)


@given(arrays(np.float64, 7, elements=LOGITS))
def test_probabilities_stay_in_range_for_any_logit(logits: np.ndarray) -> None:
    for p in (sigmoid(logits), softmax(logits)):
        assert np.isfinite(p).all()
        assert ((p >= 0) & (p <= 1)).all()
    assert softmax(logits).sum() == pytest.approx(1)


def test_scale_and_shift_are_applied_to_the_logits() -> None:
    item = TaskCalibration((2.0,), (-1.0,), (0.5,))
    assert item.probabilities(COMPLAINT, np.array([[0.5]]))[0, 0] == pytest.approx(0.5)


def test_a_flag_is_yes_from_its_threshold_on() -> None:
    item = TaskCalibration((1.0,), (0.0,), (0.3,))
    assert item.decide(COMPLAINT, np.array([0.3])) == FlagDecision(True, 0.3)
    assert item.decide(COMPLAINT, np.array([0.29])) == FlagDecision(False, 0.29)


def test_labels_over_their_own_thresholds_are_given_likeliest_first() -> None:
    item = TaskCalibration((1.0,) * 4, (0.0,) * 4, (0.5, 0.5, 0.2, 0.4))
    decision = item.decide(MOTIVE, np.array([0.45, 0.6, 0.25, 0.9]))
    assert isinstance(decision, MultiDecision)
    assert decision.labels == ("altruism", "venting", "improvement")
    assert decision.primary == "altruism"


def test_one_label_is_given_even_if_none_reaches_its_threshold() -> None:
    decision = TaskCalibration.neutral(JUSTICE).decide(JUSTICE, np.array([0.2, 0.4, 0.1]))
    assert isinstance(decision, MultiDecision)
    assert decision.labels == ("procedural",)


def test_a_level_is_read_off_the_expected_level() -> None:
    row = np.array([0.05, 0.3, 0.35, 0.3])
    assert expected_level(row) == pytest.approx(1.9)
    decision = TaskCalibration((1.0,) * 4, (0.0,) * 4, (0.5, 1.5, 1.85)).decide(SEVERITY, row)
    assert isinstance(decision, OrdinalDecision)
    assert (decision.label, decision.score) == ("critical", 1.9)


def test_a_rare_label_may_be_lifted() -> None:
    row = np.array([0.5, 0.1, 0.1, 0.0, 0.3])
    assert TaskCalibration.neutral(QUALITY).decide(QUALITY, row).label == "reliability"  # type: ignore[union-attr]
    lifted = TaskCalibration((1.0,) * 5, (0.0,) * 5, (1.0, 1.0, 1.0, 1.0, 2.0))
    assert lifted.decide(QUALITY, row).label == "tangibles"  # type: ignore[union-attr]


def test_confidence_is_that_of_the_label_given() -> None:
    assert confidence(FlagDecision(False, 0.1)) == pytest.approx(0.9)
    assert confidence(MultiDecision("a", ("a", "b"), {"a": 0.8, "b": 0.6})) == 0.8
    assert confidence(SingleDecision("b", {"a": 0.8, "b": 0.2})) == 0.2


def test_saved_then_read_is_the_same() -> None:
    calibration = Calibration.neutral()
    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_columns_follow_the_tasks_without_gap() -> None:
    where = columns()
    assert where["complaint"] == slice(0, 1)
    assert where["conduct"].stop == sum(task.width for task in TASKS)
