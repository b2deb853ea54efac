import json
from pathlib import Path
from typing import Any

import pytest

from classifier.types import Classification
from training.evaluation import calibration_error, score

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
