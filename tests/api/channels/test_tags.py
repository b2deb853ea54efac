from __future__ import annotations

from typing import Any

import pytest

from api.channels.email.tagging import TAGS, tags_of
from api.channels.tags import corrected, described, joined, with_ours
from api.feedback import Labels
from classifier.types import FlagDecision, MultiDecision
from tests.classifier.test_card import classification

OWN = tags_of(classification())
NO_COMPLAINT = classification(
    complaint=FlagDecision(False, 0.1), motive=None, severity=None, justice=None, quality=None, guarantee=None,
    conduct=None,
)  # fmt: skip
OTHER = ("recupera-other",)


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in OWN if name not in names)


def judged(before: tuple[str, ...], now: tuple[str, ...], result: Any = None) -> dict[str, Any]:
    labels = corrected(result or classification(), before, before, now)
    assert Labels.model_validate(labels).model_dump(exclude_none=True) == labels
    return labels


def test_every_tag_fits_where_help_desks_keep_it_short() -> None:
    assert max(map(len, TAGS)) <= 32


def test_what_others_tagged_stays_in_its_place() -> None:
    assert with_ours(["vip", "recupera-other", "Pago"], OWN) == ["vip", "Pago", *OWN]


@pytest.mark.parametrize(
    ("present", "own", "expected"),
    [
        ((), OTHER, OTHER),
        (OTHER, OWN, OWN),
        (OWN, OTHER, OWN),
        (OWN, (*OTHER, "recupera-review"), (*OWN, "recupera-review")),
        (OWN, OWN, OWN),
        (("recupera-complaint", "recupera-severity-critical"), ("recupera-complaint", "recupera-severity-low"),
         ("recupera-complaint", "recupera-severity-critical")),
        (("recupera-complaint", "recupera-severity-low"), ("recupera-complaint", "recupera-severity-high"),
         ("recupera-complaint", "recupera-severity-high")),
    ],
)  # fmt: skip
def test_a_conversation_stays_a_complaint_and_keeps_its_gravest_severity(
    present: tuple[str, ...], own: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert joined(["vip", *present], own) == expected


def test_another_severity_in_its_place() -> None:
    now = (*without("recupera-severity-high"), "recupera-severity-low")
    assert judged(OWN, now) == {"complaint": True, "severity": "low"}


def test_a_second_severity_beside_the_first_is_the_agents() -> None:
    assert judged(OWN, (*OWN, "recupera-severity-critical"))["severity"] == "critical"


def test_a_severity_taken_away_was_wrong_and_none_is_known() -> None:
    assert judged(OWN, without("recupera-severity-high")) == {"complaint": True}


def test_one_of_several_motives_taken_away() -> None:
    assert judged(OWN, without("recupera-motive-altruism")) == {"complaint": True, "motive": ["restitution"]}


def test_a_motive_added() -> None:
    added = judged(OWN, (*OWN, "recupera-motive-venting"))
    assert set(added["motive"]) == {"restitution", "altruism", "venting"}


@pytest.mark.parametrize("now", [(), without("recupera-complaint"), (*without("recupera-complaint"), *OTHER)])
def test_no_complaint_after_all(now: tuple[str, ...]) -> None:
    assert judged(OWN, now) == {"complaint": False}


@pytest.mark.parametrize("now", [(), ("recupera-complaint",), ("recupera-complaint", "recupera-severity-high")])
def test_a_complaint_after_all(now: tuple[str, ...]) -> None:
    assert judged(OTHER, now, NO_COMPLAINT)["complaint"] is True


def test_nothing_but_the_review_taken_away_agrees_with_the_rest() -> None:
    before = (*OWN, "recupera-review")
    assert judged(before, OWN) == {
        "complaint": True, "severity": "high", "motive": ["restitution", "altruism"], "justice": ["outcome"],
    }  # fmt: skip


def test_motives_of_other_messages_are_not_this_ones() -> None:
    result = classification(motive=MultiDecision("restitution", ("restitution",), {"restitution": 0.9}))
    before = (*tags_of(result), "recupera-motive-venting", "recupera-motive-altruism")
    now = tuple(name for name in before if name != "recupera-motive-altruism")
    assert corrected(result, tags_of(result), before, now)["motive"] == ["restitution"]


def test_what_was_done_is_said() -> None:
    said = described(OWN, (*without("recupera-severity-high"), "recupera-severity-low"))
    assert said == "tags in the help desk: removed recupera-severity-high; added recupera-severity-low"
