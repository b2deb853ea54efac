"""Another complaint of a case: its plan takes nothing back of what was promised before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.recovery import Plan, default_policy, make_plan
from api.recovery.case import Context
from api.recovery.earlier import Earlier, Found, owes_more
from api.recovery.plan import DeadlineKind
from classifier.types import Classification
from tests.api.recovery.cases import LABELS, NOON, amount, classified, context

POLICY = default_policy()
TIERS = st.sampled_from([None, "standard", "valued", "key"])
COUNTRIES = st.sampled_from([None, "BR", "ES", "PT", "CL"])
COMPLAINTS = st.lists(
    st.tuples(st.fixed_dictionaries(LABELS), TIERS, COUNTRIES, st.integers(0, 200)), min_size=2, max_size=4
)
CRITICAL = classified(
    severity="critical", touchpoint="fulfilment", guarantee=True, facts=[amount("EUR", "500.00")], language="pt"
)
MILD = classified(
    severity="low", justice=["procedural"], motive=["venting"], touchpoint="support", quality="responsiveness"
)


def again(before: Plan, found: list[Classification], told: Classification, where: Context, **more: Any) -> Plan:
    """Return the plan for another complaint of a case that is planned already."""
    return make_plan(POLICY, told, where, Earlier(tuple(map(Found, found)), before, **more))


def due(plan: Plan, kind: DeadlineKind) -> Any:
    return plan.deadline(kind).due


@settings(max_examples=60, deadline=None)
@given(COMPLAINTS)
def test_joining_never_lowers_anything(complaints: list[tuple[dict[str, Any], Any, Any, int]]) -> None:
    found: list[Classification] = []
    plan, now = None, NOON
    for labels, tier, country, hours in complaints:
        now += timedelta(hours=hours)
        told, where = classified(**labels), context(now=now, tier=tier, country=country)
        if plan is None:
            plan = make_plan(POLICY, told, where)
        else:
            before, plan = plan, again(plan, found, told, context(
                now=now, tier=tier, country=country, double_deviation=True, contacts=len(found)
            ))  # fmt: skip
            assert POLICY.priorities[plan.priority] >= POLICY.priorities[before.priority]
            assert POLICY.queue_ranks[plan.queue] >= POLICY.queue_ranks[before.queue]
            assert POLICY.queue_ranks[plan.escalate_to] >= POLICY.queue_ranks[before.escalate_to]
            assert POLICY.bands[plan.compensation.band] >= POLICY.bands[before.compensation.band]
            terms = {term.id: term.due for term in plan.legal}
            assert all(terms[term.id] <= term.due for term in before.legal)
            assert {claim.id for claim in plan.guarantees} >= {claim.id for claim in before.guarantees}
            payments = {step.id: step.due for step in plan.steps}
            assert all(payments[claim.step] <= _due_of(before, claim.step) for claim in before.guarantees)
            for kind in (DeadlineKind.FIRST_ANSWER, DeadlineKind.RESOLUTION):
                assert due(plan, kind) <= due(before, kind) or due(before, kind) <= now
            assert {flag.id for flag in plan.flags} >= {flag.id for flag in before.flags}
            alone = make_plan(POLICY, told, context(now=now, tier=tier, country=country, double_deviation=True))
            assert {step.id for step in plan.steps} >= {step.id for step in alone.steps}
        assert Plan.from_dict(plan.to_dict()) == plan
        found.append(told)


def _due_of(plan: Plan, name: str) -> Any:
    return next(step.due for step in plan.steps if step.id == name)


def test_a_grave_failure_badly_repaired_is_that_though_the_second_message_is_mild() -> None:
    first = make_plan(POLICY, classified(severity="high"), context())
    plan = again(first, [classified(severity="high")], MILD, context(double_deviation=True))
    assert plan.priority == "urgent"
    assert "double-deviation-grave" in [reason.rule for reason in plan.reasons]


def test_no_rule_matches_a_part_of_one_message_and_a_part_of_another() -> None:
    """A small complaint of treatment and a critical one of a delivery are no critical mistreatment."""
    treated = classified(severity="low", justice=["interactional"], quality="empathy")
    late = classified(severity="critical", justice=["outcome"], touchpoint="fulfilment")
    where = context(double_deviation=True)
    plan = again(make_plan(POLICY, treated, context()), [treated], late, where)
    alone = {reason.rule for each in (treated, late) for reason in make_plan(POLICY, each, where).reasons}
    assert {reason.rule for reason in plan.reasons} == alone


def test_what_was_at_stake_stays_at_stake() -> None:
    first = make_plan(POLICY, CRITICAL, context(country="ES"))
    plan = again(first, [CRITICAL], MILD, context(country="ES", double_deviation=True))
    assert first.at_stake == plan.at_stake is not None
    assert plan.compensation == first.compensation
    less = classified(severity="low", facts=[amount("EUR", "3.00")])
    assert (
        again(first, [CRITICAL], less, context(country="ES", double_deviation=True)).compensation == first.compensation
    )


def test_amounts_that_were_promised_are_the_least() -> None:
    flat = make_plan(POLICY, classified(severity="high"), context(country="ES"))
    told = classified(severity="high", facts=[amount("EUR", "10.00")])
    plan = again(flat, [classified(severity="high")], told, context(country="ES", double_deviation=True))
    assert flat.compensation.most is not None
    assert plan.compensation.most is not None
    assert plan.compensation.most.amount >= flat.compensation.most.amount > Decimal(5)


def test_a_promise_of_the_past_binds_no_more() -> None:
    first = make_plan(POLICY, CRITICAL, context())
    later = NOON + timedelta(days=30)
    plan = again(first, [CRITICAL], MILD, context(now=later, double_deviation=True))
    assert due(plan, DeadlineKind.FIRST_ANSWER) > later
    assert due(plan, DeadlineKind.RESOLUTION) > later


def test_who_had_an_answer_gets_the_next_one_in_a_time_of_its_own() -> None:
    first = make_plan(POLICY, classified(severity="critical"), context())
    soon = context(now=NOON + timedelta(minutes=30), double_deviation=True)
    waiting = again(first, [classified(severity="critical")], MILD, soon)
    answered = again(first, [classified(severity="critical")], MILD, soon, answered=True)
    assert due(waiting, DeadlineKind.FIRST_ANSWER) == due(first, DeadlineKind.FIRST_ANSWER)
    assert due(answered, DeadlineKind.FIRST_ANSWER) == NOON + timedelta(minutes=90)


def test_what_was_done_is_asked_for_again_only_by_what_is_new() -> None:
    first = make_plan(POLICY, CRITICAL, context())
    done = frozenset({"ensure_safety", "acknowledge"})
    ids = {step.id for step in again(first, [CRITICAL], MILD, context(double_deviation=True), done=done).steps}
    assert "ensure_safety" not in ids
    assert {"acknowledge", "senior_contact"} <= ids


def test_a_message_in_no_language_is_planned_in_that_of_the_case() -> None:
    first = make_plan(POLICY, CRITICAL, context())
    silent = classified(language=None)
    assert again(first, [CRITICAL], silent, context(double_deviation=True)).language == "pt"
    assert make_plan(POLICY, silent, context()).language == POLICY.policy.fallback_language


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({"band": "none"}, True),
        ({"band": "moderate"}, True),
        ({"band": "exceptional"}, False),
        ({"band": "substantial", "most": None}, False),
        ({"band": "substantial", "most": {"currency": "EUR", "amount": "99.99"}}, True),
        ({"band": "substantial", "most": {"currency": "EUR", "amount": "100.00"}}, False),
        ({"band": "substantial", "most": {"currency": "BRL", "amount": "1.00"}}, False),
        ({"band": "of another policy"}, True),
    ],
)
def test_more_is_owed_of_a_larger_band_or_a_larger_amount(given: dict[str, Any], *, more: bool) -> None:
    plan = make_plan(POLICY, classified(severity="high", justice=["outcome"]), context(country="ES"))
    assert plan.compensation.most is not None
    assert (plan.compensation.band, plan.compensation.most.amount) == ("substantial", 100)
    assert owes_more(POLICY, plan.compensation, given) is more
