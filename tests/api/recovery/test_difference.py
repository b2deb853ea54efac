"""What would change under another policy."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.recovery import Case, Context, Money, Policy, default_policy
from api.recovery.changes import Change, Payment, Range
from api.recovery.difference import difference
from api.recovery.reading import default_policy_text, parse_policy
from tests.api.recovery.cases import CONTEXTS, LABELS, NOON, amount, classified, context

TEXT = default_policy_text()


def reais(amount: str) -> Money:
    return Money("BRL", Decimal(amount))


def changed(*pairs: tuple[str, str]) -> Policy:
    text = TEXT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_policy(text, "changed")


CASES = [
    Case("paid", classified(), context(at_stake=Money("BRL", Decimal(1000)))),
    Case("told", classified(language="pt", facts=[amount("EUR", "80.00")]), context(country="PT")),
    Case("small", classified(severity="low"), context()),
    Case("nowhere", classified(), context(country=None)),
    Case("praise", classified(complaint=False), context()),
]


def test_a_policy_does_not_differ_from_itself() -> None:
    same = difference(default_policy(), default_policy(), CASES)
    assert (same.cases, same.changed, same.by_kind) == (5, (), {})
    assert all(cost.before == cost.after for cost in same.costs)
    assert all((moved.earlier, moved.later) == (0, 0) for moved in same.deadlines.values())


def test_a_larger_band_shows_in_each_case_and_in_the_cost_by_currency() -> None:
    result = difference(default_policy(), changed(("share = [0.10, 0.25]", "share = [0.10, 0.40]")), CASES)
    costs = {cost.currency: cost for cost in result.costs}
    assert costs["BRL"].before == (Decimal("100.00"), Decimal("250.00"))
    assert costs["BRL"].after == (Decimal("100.00"), Decimal("400.00"))
    assert costs["EUR"].after[1] - costs["EUR"].before[1] == Decimal("12.00")
    assert (costs["BRL"].cases, costs["EUR"].cases, result.unpriced) == (1, 1, 1)
    assert [case.id for case in result.changed] == ["paid", "told"]
    before, after = Range(reais("100.00"), reais("250.00")), Range(reais("100.00"), reais("400.00"))
    assert result.changed[0].changes == (Change("compensation", before, after),)


def test_slower_priorities_show_as_later_deadlines() -> None:
    slower = changed(('resolution = "5 business days"', 'resolution = "6 business days"'))
    result = difference(default_policy(), slower, CASES[:1])
    moved = result.deadlines["resolution"]
    assert (moved.earlier, moved.later, moved.mean_hours) == (0, 1, 24.0)
    assert result.by_kind == {"resolution": 1, "follow_up": 1}


def test_steps_queues_and_names_show() -> None:
    other = changed(('version = "1.0.0"', 'version = "2.0.0"'), ('queue = "product_support" }', 'queue = "billing" }'))
    result = difference(default_policy(), other, CASES[:1])
    assert (result.before, result.after) == ("recupera-default 1.0.0", "recupera-default 2.0.0")
    assert result.changed[0].changes == (Change("queue", "product_support", "billing"),)


def test_the_comparison_is_json_and_takes_any_iterable() -> None:
    result = difference(default_policy(), changed(("share = [0.10, 0.25]", "share = [0.10, 0.40]")), iter(CASES))
    written = json.loads(json.dumps(result.to_dict()))
    assert written["costs"][0]["after"] == ["100.00", "400.00"]
    assert written["guarantees"] == []
    sums = [
        {side: {"currency": "BRL", "amount": n} for side, n in (("least", "100.00"), ("most", most))}
        for most in ("250.00", "400.00")
    ]
    assert written["changed"][0] == {
        "id": "paid",
        "changes": [{"what": "compensation", "before": sums[0], "after": sums[1]}],
    }


def test_no_cases_no_difference() -> None:
    nothing = difference(default_policy(), default_policy(), [])
    assert (nothing.cases, nothing.costs, nothing.deadlines) == (0, (), {})


# Guarantees

LATE = [
    Case("late", classified(guarantee=True, touchpoint="fulfilment", facts=[amount("BRL", "350.00")]), context()),
    Case("somewhen", classified(guarantee=True, touchpoint="fulfilment"), context()),
    Case("promised", classified(guarantee=True, touchpoint="support"), context()),
]
REFUND = 'kind = "refund", share = 0.10, within = "2 business days"'


def paying(payout: str) -> Policy:
    return changed((REFUND, payout))


def test_a_guarantee_that_pays_all_instead_of_a_tenth_shows_in_its_cases_and_in_what_guarantees_pay() -> None:
    result = difference(default_policy(), paying(REFUND.replace("0.10", "1.00")), LATE)
    assert [case.id for case in result.changed] == ["late", "somewhen"]
    before, after = (
        Payment("promised_date", "refund", share, (reais(due),), "2 business days")
        for share, due in ((0.1, "35.00"), (1.0, "350.00"))
    )
    assert result.changed[0].changes == (Change("payouts", (before,), (after,)),)
    [cost] = result.guarantees
    assert (cost.currency, cost.cases) == ("BRL", 1)
    assert cost.before == (Decimal("35.00"), Decimal("35.00"))
    assert cost.after == (Decimal("350.00"), Decimal("350.00"))
    assert result.guarantees_unpriced == 2
    assert all(cost.before == cost.after for cost in result.costs)


def test_a_flat_payout_is_priced_also_where_nothing_is_known_of_the_stake() -> None:
    flat, dearer = (paying(f'kind = "amount", amount = {{ BRL = {n} }}, within = "1 hour"') for n in (20, 50))
    result = difference(flat, dearer, LATE)
    [cost] = result.guarantees
    assert (cost.cases, cost.before[1], cost.after[1]) == (2, Decimal("40.00"), Decimal("100.00"))
    assert result.guarantees_unpriced == 1


def test_what_is_priced_under_one_policy_alone_is_in_no_sum() -> None:
    result = difference(default_policy(), paying('kind = "redo", within = "2 business days"'), LATE[:1])
    assert (result.guarantees, result.guarantees_unpriced) == ((), 1)


def test_a_guarantee_no_longer_offered_costs_nothing() -> None:
    [cost] = difference(default_policy(), changed(("offered = true", "offered = false")), LATE[:1]).guarantees
    assert (cost.before[1], cost.after[1]) == (Decimal("35.00"), Decimal(0))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (REFUND, REFUND.replace("2 business days", "1 hour"), "payouts"),
        (REFUND, REFUND.replace("refund", "credit"), "payouts"),
        ("le devolvemos el envío.", "le devolvemos todo.", "promises"),
        ("offered = true", "offered = false", "guarantees"),
    ],
)
def test_whatever_changes_in_a_guarantee_shows(old: str, new: str, what: str) -> None:
    assert what in difference(default_policy(), changed((old, new)), LATE[:1]).by_kind


@settings(max_examples=40, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), where=CONTEXTS)
def test_the_way_back_is_the_opposite(labels: dict[str, object], where: dict[str, object]) -> None:
    other = changed(('band = "gesture", steps', 'band = "moderate", steps'))
    case = Case("1", classified(**labels), Context(**where))  # type: ignore[arg-type]
    there, back = difference(default_policy(), other, [case]), difference(other, default_policy(), [case])
    assert there.by_kind == back.by_kind
    assert [cost.before for cost in there.costs] == [cost.after for cost in back.costs]


def test_a_backtest_is_made_at_the_time_of_the_case() -> None:
    old = Case("old", classified(), context(now=NOON - timedelta(days=700)))
    moved = difference(default_policy(), default_policy(), [old]).deadlines
    assert moved["first_answer"].mean_hours == 0
