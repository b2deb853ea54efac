from __future__ import annotations

from dataclasses import replace

from api.channels.email.tagging import TAGS, known_tags, labels_of, tags_of
from classifier.taxonomy import MOTIVE, SEVERITY
from classifier.types import FlagDecision, MultiDecision, OrdinalDecision, Review
from tests.classifier.test_card import classification

COMPLAINT = replace(
    classification(),
    complaint=FlagDecision(label=True, probability=0.9),
    motive=MultiDecision("restitution", ("restitution", "altruism"), {}),
    severity=OrdinalDecision("high", {}, 2.0),
    justice=MultiDecision("outcome", ("outcome",), {}),
    review=Review(needed=False),
)


def test_a_complaint_has_a_tag_for_each_label() -> None:
    assert tags_of(COMPLAINT) == (
        "recupera-complaint",
        "recupera-motive-restitution",
        "recupera-motive-altruism",
        "recupera-severity-high",
        "recupera-justice-outcome",
    )


def test_what_is_no_complaint_has_one_tag() -> None:
    other = replace(COMPLAINT, complaint=FlagDecision(label=False, probability=0.1), motive=None, severity=None)
    assert tags_of(replace(other, justice=None)) == ("recupera-other",)


def test_what_was_not_decided_is_for_a_person() -> None:
    undecided = replace(COMPLAINT, complaint=FlagDecision(label=None, probability=None), motive=None, severity=None)
    undecided = replace(undecided, justice=None, review=Review(needed=True, reasons=("language",)))
    assert tags_of(undecided) == ("recupera-review",)


def test_every_tag_is_a_keyword_that_servers_take() -> None:
    assert len(TAGS) == len(set(TAGS)) <= 26
    assert all(tag.isascii() and tag.replace("-", "").isalpha() and tag == tag.lower() for tag in TAGS)


def test_tags_are_known_in_any_case_and_among_others() -> None:
    assert known_tags(["Recupera-Other", "\\Seen", "recupera-invented", "$label1"]) == ("recupera-other",)


def test_labels_come_back_from_tags() -> None:
    tags = tags_of(COMPLAINT)
    assert labels_of(SEVERITY, tags) == ("high",)
    assert set(labels_of(MOTIVE, tags)) == {"restitution", "altruism"}
