import pytest

from api.analytics.calibration import Outcome, coverage, outcomes, reliability, task_rows
from api.store.reviewing import Judged
from tests.classifier.test_card import classification

RIGHT, WRONG = Outcome("severity", 0.92, True), Outcome("severity", 0.55, False)


def test_an_answer_is_right_if_the_person_left_it() -> None:
    labels = {"complaint": True, "motive": ["venting", "restitution"], "severity": "high", "guarantee": True}
    found = outcomes([Judged(classification().to_dict(), labels, "m 1")])
    assert {outcome.task: (round(outcome.sureness, 2), outcome.right) for outcome in found} == {
        "complaint": (0.98, True),
        "motive": (0.97, False),
        "severity": (0.7, True),
        "guarantee": (0.9, False),
    }


def test_what_the_model_did_not_decide_is_not_counted() -> None:
    undecided = {**classification().to_dict(), "severity": None, "complaint": {"label": None, "probability": None}}
    assert outcomes([Judged(undecided, {"complaint": True, "severity": "low"}, "m")]) == []


def test_reliability_puts_answers_of_like_sureness_together() -> None:
    found = reliability([RIGHT, RIGHT, WRONG, Outcome("tone", 1.0, True)])
    assert [(part.count, round(part.sureness, 3), round(part.right, 3)) for part in found] == [
        (1, 0.55, 0.0),
        (3, 0.947, 1.0),
    ]


def test_leaving_unsure_answers_to_people_makes_the_rest_better() -> None:
    rows = {row.threshold: row for row in coverage([RIGHT, WRONG])}
    assert (rows[0.0].share, rows[0.0].right) == (1.0, 0.5)
    assert (rows[0.9].share, rows[0.9].right) == (0.5, 1.0)
    assert (rows[0.95].share, rows[0.95].right) == (0.0, None)
    assert coverage([])[0].right is None


def test_the_error_is_how_far_sureness_and_truth_are_apart() -> None:
    (row,) = task_rows([RIGHT, RIGHT, WRONG, WRONG])
    assert (row.count, row.right) == (4, 0.5)
    assert row.error == pytest.approx((0.08 + 0.55) / 2)
