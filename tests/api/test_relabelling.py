import pytest

from api.feedback import Labels
from api.recovery import default_policy, make_plan
from api.relabelling import relabelled
from classifier.types import Classification
from tests.api.recovery.cases import classified, context


def test_what_a_person_says_is_certain_and_what_nobody_judged_stays() -> None:
    before = classified(severity="low", justice=["outcome"], reasons=["severity: low confidence"])
    found = relabelled(before, {"complaint": True, "severity": "critical", "justice": ["procedural", "outcome"]})
    assert found.severity is not None
    assert (found.severity.label, found.severity.score) == ("critical", 3.0)
    assert found.justice is not None
    assert (found.justice.primary, found.justice.labels) == ("procedural", ("procedural", "outcome"))
    assert (found.quality, found.motive, found.touchpoint) == (before.quality, before.motive, before.touchpoint)
    assert not found.review.needed
    assert Classification.from_dict(found.to_dict()) == found


def test_what_is_no_complaint_has_none_of_its_labels() -> None:
    found = relabelled(classified(touchpoint="support", tone="calm"), {"complaint": False, "tone": "upset"})
    assert (found.complaint.label, found.severity, found.motive, found.conduct) == (False, None, None, None)
    assert found.touchpoint is not None
    assert found.tone is not None
    assert (found.touchpoint.label, found.tone.label) == ("support", "upset")


@pytest.mark.parametrize("language", [None, "pt"])
def test_a_complaint_whose_severity_nobody_judged_waits_for_one_but_not_last(language: str | None) -> None:
    silent = classified(complaint=None, touchpoint=None, tone=None, language=None)
    plan = make_plan(default_policy(), relabelled(silent, {"complaint": True}, language), context())
    assert plan.language == (language or default_policy().policy.fallback_language)
    assert plan.priority == "normal"
    assert "confirm_severity" in {step.id for step in plan.steps}


def test_all_that_may_be_corrected_is_taken() -> None:
    labels = {
        "complaint": True, "motive": ["altruism"], "severity": "high", "justice": ["outcome"], "quality": "empathy",
        "touchpoint": "billing", "tone": "angry", "guarantee": True, "conduct": "none",
    }  # fmt: skip
    valid = Labels.model_validate(labels).model_dump(exclude_none=True)
    found = relabelled(classified(complaint=False), valid).to_dict()
    told = {name: found[name].get("label") or list(found[name]["labels"]) for name in labels}
    assert told == labels
