import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.taxonomy import TASK_BY_ID
from classifier.types import Classification
from training.corpus import Example
from training.evaluation import (
    calibration_error,
    coverage_at_precision,
    covered,
    main_confidence,
    score,
    score_by_language,
)

GOLD = json.loads((Path(__file__).parents[1] / "golden" / "scores.json").read_text(encoding="utf-8"))


def classification(answers: dict[str, Any]) -> Classification:
    blank: dict[str, Any] = dict.fromkeys(
        ("motive", "severity", "justice", "quality", "touchpoint", "tone", "guarantee", "conduct")
    )
    fixed = {
        "id": "1",
        "language": "es",
        "language_probability": 1.0,
        "complaint": {"label": False, "probability": 0.1},
        "evidence": [],
        "facts": [],
        "review": {"needed": False, "reasons": []},
        "model": {"name": "m", "version": "1", "taxonomy": "1"},
    }
    return Classification.from_dict(fixed | blank | answers)


def test_figures_worked_out_by_hand() -> None:
    found = score([case["gold"] for case in GOLD["cases"]], [classification(case["found"]) for case in GOLD["cases"]])
    assert found == pytest.approx(found | GOLD["scores"], abs=5e-4)


def test_calibration_error_is_zero_where_probabilities_come_true() -> None:
    assert calibration_error([0.5] * 4, [True, False, True, False]) == 0
    assert calibration_error([1.0] * 4, [True, False, True, False]) == 0.5
    assert calibration_error([], []) == 0


def test_coverage_worked_out_by_hand() -> None:
    assert coverage_at_precision([0.9, 0.8, 0.7, 0.6], [True, True, False, True], precision=0.7) == (1.0, 0.6)
    assert coverage_at_precision([0.6, 0.9, 0.7, 0.8], [True, True, False, True], precision=0.8) == (0.5, 0.8)
    assert coverage_at_precision([0.9, 0.8], [False, True]) == (0.0, 1.0)
    assert coverage_at_precision([], []) == (0.0, 1.0)


def test_answers_of_equal_probability_are_decided_together() -> None:
    assert coverage_at_precision([0.9, 0.9, 0.9], [True, True, False]) == (0.0, 1.0)
    assert coverage_at_precision([0.95, 0.9, 0.9], [True, True, False]) == (pytest.approx(1 / 3), 0.95)


def test_messages_without_an_answer_are_not_covered() -> None:
    assert coverage_at_precision([0.9], [True], messages=4) == (0.25, 0.9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.2, 0.4, 0.6, 0.8, 1.0]), st.booleans()), min_size=1, max_size=40))
def test_from_the_threshold_on_the_precision_holds_and_below_it_never_does(answers: list[tuple[float, bool]]) -> None:
    coverage, threshold = coverage_at_precision([p for p, _ in answers], [hit for _, hit in answers], precision=0.75)
    reached = {}
    for p, _ in answers:
        hits = [hit for q, hit in answers if q >= p]
        reached[p] = (len(hits) / len(answers), sum(hits) / len(hits))
    enough = {p: share for p, (share, precision) in reached.items() if precision >= 0.75}
    assert coverage == pytest.approx(max(enough.values(), default=0.0))
    assert threshold == min(enough, default=1.0)


def test_main_confidence_is_that_of_the_answer_given() -> None:
    assert main_confidence(TASK_BY_ID["guarantee"], False, {"label": False, "probability": 0.2}) == (0.8, True)
    motive = {"primary": "venting", "labels": ["venting"], "probabilities": {"venting": 0.7, "restitution": 0.4}}
    assert main_confidence(TASK_BY_ID["motive"], ["restitution", "venting"], motive) == (0.7, False)
    severity = {"label": "low", "probabilities": {"low": 0.4, "moderate": 0.6}, "score": 0.6}
    assert main_confidence(TASK_BY_ID["severity"], "low", severity) == (0.4, True)


def test_what_needs_no_person_is_told_by_task_and_an_answer_that_is_missing_needs_one() -> None:
    answers = [(True, 0.99), (True, 0.98), (False, 0.4)]
    found = [classification({"complaint": {"label": label, "probability": p}}) for label, p in answers]
    labels = {"complaint": True, "severity": "low"}
    examples = [Example(str(i), "a", "es", "", str(i), labels) for i in range(3)]
    assert covered(examples, found) == {"complaint": 0.6667, "severity": 0.0}


def test_a_text_that_was_not_classified_counts_as_wrong() -> None:
    undecided = classification({"complaint": {"label": None, "probability": None}})
    decided = classification({"complaint": {"label": True, "probability": 0.9}})
    scores = score([{"complaint": True}] * 2, [undecided, decided])
    assert scores["complaint macro-F1"] == pytest.approx(2 / 3, abs=5e-5)
    assert scores["complaint ece"] == pytest.approx(0.1)


def test_languages_that_are_there_have_scores_of_their_own() -> None:
    labels = {"complaint": True}
    examples = [Example("1", "a", "es", "", "a", labels), Example("2", "b", "es", "", "b", labels)]
    yes, no = (classification({"complaint": {"label": v, "probability": float(v)}}) for v in (True, False))
    scores = score_by_language(examples, [yes, no])
    assert set(scores) == {"all", "es"}
    assert scores["es"] == scores["all"]
