import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.calibration import expected_level
from training.robustness.answers import answer, interval, mean


def test_calibrated_figures_are_those_of_the_classification(shipped: ComplaintClassifier) -> None:
    text = "El pedido llegó roto y nadie me contesta. Quiero mi dinero."
    (found,) = shipped.predict(text)
    probabilities = shipped.calibrated([text])
    assert probabilities["complaint"][0, 0] == pytest.approx(found.complaint.probability, abs=1e-3)
    assert found.severity is not None
    assert expected_level(probabilities["severity"])[0] == pytest.approx(found.severity.score, abs=1e-3)


def test_nothing_to_classify_gives_empty_figures(shipped: ComplaintClassifier) -> None:
    assert shipped.calibrated([])["severity"].shape == (0, 4)


def test_answers_are_labels_sets_or_nothing(shipped: ComplaintClassifier) -> None:
    complaint, thanks = shipped.predict(
        ["El pedido llegó roto, exijo mi dinero.", "Gracias, todo perfecto. Un saludo."]
    )
    assert complaint.motive is not None
    assert answer(complaint, "complaint") is True
    assert answer(complaint, "motive") == frozenset(complaint.motive.labels)
    assert answer(complaint, "severity") == getattr(complaint.severity, "label", None)
    assert answer(thanks, "complaint") is False
    assert answer(thanks, "motive") is None


def test_the_interval_holds_the_mean_and_narrows_with_more_values() -> None:
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 1000
    low, high = interval(few, seed=1)
    assert low < 0.5 < high
    narrow = interval(many, seed=1)
    assert narrow[1] - narrow[0] < high - low
    assert narrow[1] - narrow[0] == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(2000), rel=0.15)


def test_an_interval_of_nothing_and_of_one_value() -> None:
    assert interval([], seed=1) == (0.0, 0.0)
    assert interval([1.0, 1.0], seed=1) == (1.0, 1.0)
    assert mean([]) == 0.0
    assert mean([0.0, 1.0, 1.0]) == 0.6667
