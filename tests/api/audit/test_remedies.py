"""The same failure, equally grave: one band of compensation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.audit import Code, Finding
from api.audit.remedies import Remedies, circumstances_of, failure_of
from api.store.plans import EarlierComplaint, PlannedCase
from classifier.taxonomy import TASK_BY_ID
from tests.api.recovery.cases import classified

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)


def case(name: str, band: str = "moderate", policy: str | None = "ours 1", **labels: Any) -> PlannedCase:
    return PlannedCase(
        id=name,
        opened_at=NOW,
        closed_at=None,
        double_deviation=False,
        complaints=1,
        policy_version=policy,
        plan={"compensation": {"band": band}},
        customer={"country": "BR"},
        classification=classified(**labels).to_dict(),
    )


def findings(*cases: PlannedCase) -> list[Finding]:
    remedies = Remedies()
    for one in cases:
        remedies.enter(one)
    return list(remedies.findings())


def test_equal_cases_with_one_band_are_equal() -> None:
    assert findings(*(case(str(number)) for number in range(5))) == []


def test_another_band_for_the_same_failure_is_listed_with_cases_to_compare() -> None:
    (finding,) = findings(case("a"), case("b"), case("c"), case("d", "gesture"))
    assert finding.code is Code.UNEQUAL
    assert finding.ids == {"case": "a", "other": "d"}
    assert "gesture in 1 cases (d), moderate in 3 cases (a b)" in finding.message
    assert finding.message.startswith("justice outcome, quality reliability, touchpoint use, severity moderate")
    assert "motive restitution, country BR, by policy ours 1" in finding.message


OTHERS: list[dict[str, Any]] = [
    {"justice": ("procedural",)},
    {"quality": "empathy"},
    {"touchpoint": "billing"},
    {"severity": "high"},
]


@pytest.mark.parametrize("labels", OTHERS)
def test_another_failure_may_have_another_band(labels: dict[str, Any]) -> None:
    assert findings(case("a"), case("b", "gesture", **labels)) == []


def test_a_second_failure_may_have_another_band() -> None:
    assert findings(case("a"), replace(case("b", "substantial"), double_deviation=True)) == []


def abroad(one: PlannedCase) -> PlannedCase:
    return replace(one, customer={"country": "PT"})


DIFFERENT = [
    (case("b", "gesture", motive=("venting",)), "motive", "gesture (motive venting, country BR) in 1 cases (b)"),
    (case("b", "gesture", guarantee=True), "guarantee", "guarantee yes"),
    (abroad(case("b", "gesture")), "country", "gesture (motive restitution, country PT)"),
    (abroad(case("b", "gesture", guarantee=True)), "country, guarantee", "guarantee yes, country PT"),
]


@pytest.mark.parametrize(("other", "names", "said"), DIFFERENT)
def test_another_band_for_another_motive_promise_or_country_is_a_notice_that_names_it(
    other: PlannedCase, names: str, said: str
) -> None:
    (finding,) = findings(case("a"), case("c"), other)
    assert finding.code is Code.DIFFERENT
    assert f"by policy ours 1, differs with {names}: " in finding.message
    assert said in finding.message
    assert finding.ids == {"case": "a", "other": "b"}


def test_what_sets_two_cases_apart_alone_is_named_before_what_does_with_others() -> None:
    both = abroad(case("b", "gesture", motive=("venting",)))
    (finding,) = findings(case("a"), both, case("c", "gesture", motive=("venting",)), abroad(case("d")))
    assert "differs with motive: " in finding.message


def test_another_motive_with_the_same_band_is_equal_also_under_two_policies() -> None:
    assert findings(case("a"), case("b", motive=("venting",))) == []
    assert findings(case("a"), case("b", "gesture", policy="ours 2", motive=("venting",))) == []


def test_unequal_where_all_is_alike_is_a_finding_also_where_motives_differ_besides() -> None:
    found = findings(case("a"), case("b", "gesture"), case("c", motive=("venting",)))
    assert [finding.code for finding in found] == [Code.UNEQUAL, Code.DIFFERENT]


def test_a_case_is_about_all_that_its_messages_found() -> None:
    graver = classified(severity="critical").to_dict()
    again = replace(case("b"), double_deviation=True)
    worse = replace(
        case("c", "substantial"), double_deviation=True, earlier=(EarlierComplaint(graver, "email", NOW, NOW),)
    )
    assert findings(again, worse, replace(worse, id="d")) == []
    (finding,) = findings(worse, replace(worse, id="d", plan={"compensation": {"band": "moderate"}}))
    assert finding.code is Code.UNEQUAL
    assert "severity critical and justice outcome" in finding.message
    assert "double deviation yes" in finding.message


def test_what_a_person_corrected_is_not_compared_by_the_labels_before() -> None:
    assert findings(case("a"), replace(case("b", "gesture"), corrected=True)) == []


@pytest.mark.parametrize(
    "labels", [{"tone": "abusive"}, {"conduct": TASK_BY_ID["conduct"].label_ids[-1]}, {"language": "pt"}]
)
def test_what_is_no_part_of_the_failure_makes_no_difference(labels: dict[str, Any]) -> None:
    assert [finding.code for finding in findings(case("a"), case("b", "gesture", **labels))] == [Code.UNEQUAL]


def test_the_order_of_labels_makes_no_difference() -> None:
    one, other = ("outcome", "procedural"), ("procedural", "outcome")
    assert failure_of(case("a", justice=one)) == failure_of(case("b", justice=other))
    one, other = ("restitution", "altruism"), ("altruism", "restitution")
    assert circumstances_of(case("a", motive=one)) == circumstances_of(case("b", motive=other))


def test_another_policy_is_a_notice_not_an_error() -> None:
    (finding,) = findings(case("a"), case("b", "gesture", policy="ours 2"))
    assert finding.code is Code.CHANGED
    assert "gesture by ours 2 in 1 cases (b), moderate by ours 1 in 1 cases (a)" in finding.message


def test_unequal_under_one_policy_and_changed_by_the_next_are_both_said() -> None:
    found = findings(case("a"), case("b", "gesture"), case("c", policy="ours 2"))
    assert [finding.code for finding in found] == [Code.UNEQUAL, Code.CHANGED]


@pytest.mark.parametrize(
    "broken",
    [
        {"plan": None},
        {"plan": {"compensation": None}},
        {"plan": {"steps": []}},
        {"classification": None},
        {"classification": {"motive": 3}},
    ],
)
def test_what_cannot_be_compared_is_left_out(broken: dict[str, Any]) -> None:
    assert findings(case("a"), replace(case("b", "gesture"), **broken)) == []


@pytest.mark.parametrize("country", ["br", "Brasil", "", 7, None, ["BR"], "B\x1b[31m"])
def test_a_country_that_is_none_is_left_out(country: Any) -> None:
    assert circumstances_of(replace(case("a"), customer={"country": country})).country is None


def test_how_much_is_remembered_depends_on_the_labels_alone() -> None:
    remedies = Remedies()
    for number in range(2000):
        remedies.enter(case(str(number), "gesture" if number % 2 else "moderate"))
    ((got,),) = (among.values() for among in remedies._got.values())
    assert sum(band.count for band in got.values()) == 2000
    assert sum(len(band.cases) for band in got.values()) == 4
