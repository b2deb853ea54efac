from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from api.channels.email.corrections import correction, lost_at_once
from api.channels.email.tagging import TAGS, known_tags
from api.feedback import Labels

BEFORE = (
    "recupera-complaint",
    "recupera-motive-restitution",
    "recupera-motive-altruism",
    "recupera-severity-high",
    "recupera-justice-outcome",
)


def changed(*changes: str, before: tuple[str, ...] = BEFORE) -> tuple[str, ...]:
    """Return the tags after ``+tag`` and ``-tag``."""
    there = set(before)
    for change in changes:
        (there.add if change[0] == "+" else there.discard)(f"recupera-{change[1:]}")
    return known_tags(there)


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        (["-complaint"], {"complaint": False}),
        (["+other"], {"complaint": False}),
        (["-severity-high", "+severity-critical"], {"complaint": True, "severity": "critical"}),
        (["+severity-low"], {"complaint": True, "severity": "low"}),
        (["-severity-high"], {"complaint": True}),
        (["-motive-altruism"], {"complaint": True, "motive": ["restitution"]}),
        (["-justice-outcome", "+justice-interactional"], {"complaint": True, "justice": ["interactional"]}),
        (["-justice-outcome"], {"complaint": True}),
    ],
)
def test_a_change_says_what_the_person_means(changes: list[str], labels: dict[str, Any]) -> None:
    found = correction(BEFORE, changed(*changes))
    assert found is not None
    assert found.labels == labels


def test_taking_all_tags_away_says_that_it_is_no_complaint() -> None:
    found = correction(BEFORE, ())
    assert found is not None
    assert found.labels == {"complaint": False}


def test_what_was_no_complaint_becomes_one() -> None:
    for changes in (["-other", "+complaint", "+severity-high"], ["+complaint", "+severity-high"]):
        found = correction(("recupera-other",), changed(*changes, before=("recupera-other",)))
        assert found is not None
        assert found.labels == {"complaint": True, "severity": "high"}


def test_taking_review_away_says_that_somebody_looked() -> None:
    found = correction((*BEFORE, "recupera-review"), BEFORE)
    assert found is not None
    assert found.labels is None


def test_nothing_follows_from_nothing() -> None:
    assert correction(BEFORE, BEFORE) is None
    assert correction(BEFORE, (*BEFORE, "recupera-review")) is None


def test_the_comment_names_what_changed() -> None:
    found = correction(BEFORE, changed("-severity-high", "+severity-low"))
    assert found is not None
    assert found.comment == "removed severity-high; added severity-low"


def test_whatever_people_do_makes_valid_feedback() -> None:
    for one, two in product(TAGS, TAGS):
        for before in (BEFORE, ("recupera-other",), ()):
            found = correction(before, changed(f"+{one[9:]}", f"-{two[9:]}", before=before))
            if found is not None and found.labels is not None:
                Labels.model_validate(found.labels)


def test_many_mails_without_any_tag_at_once_are_no_person() -> None:
    assert lost_at_once([(BEFORE, ())] * 5)
    assert not lost_at_once([(BEFORE, ())] * 4)
    assert not lost_at_once([(BEFORE, ())] * 5 + [(BEFORE, BEFORE[:2])] * 6)
