"""What differs between two plans, as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from api.recovery import default_policy, make_plan
from api.recovery.case import Money
from api.recovery.changes import MOVED, Change, Payment, Range, changes_between, instant
from api.recovery.plan import DeadlineKind, Plan
from tests.api.recovery.test_difference import CASES, LATE, reais


def plan_of(case: int = 0) -> Plan:
    return make_plan(default_policy(), LATE[case].classification, LATE[case].context)


def test_a_plan_too_early_to_say_what_is_paid_is_compared_by_what_it_says() -> None:
    now = plan_of()
    [claim] = now.guarantees
    early = replace(claim, within=None, basis=None, least=None, most=None)
    before = replace(now, guarantees=(early,))
    assert changes_between(before, now) == ()
    half = replace(now, guarantees=(replace(claim, share=0.5),))
    paid = [(Payment("promised_date", "refund", share),) for share in (0.1, 0.5)]
    assert changes_between(before, half) == (Change("payouts", *paid),)


def test_the_sums_of_a_payment_are_those_of_the_guarantee_or_else_what_is_due() -> None:
    now = plan_of()
    [claim] = now.guarantees
    flat = (reais("20.00"), Money("EUR", Decimal("5.00")))
    other = replace(now, guarantees=(replace(claim, share=None, payout="amount", amount=flat),))
    (change,) = changes_between(now, other)
    assert change.before == (Payment("promised_date", "refund", 0.1, (reais("35.00"),), "2 business days"),)
    assert change.after == (Payment("promised_date", "amount", None, flat, "2 business days"),)


def test_deadlines_are_instants_and_a_plan_without_one_has_none() -> None:
    now = plan_of()
    due = instant(now, DeadlineKind.RESOLUTION)
    without = replace(now, deadlines=tuple(one for one in now.deadlines if one.kind is not DeadlineKind.RESOLUTION))
    assert isinstance(due, datetime)
    assert due.tzinfo is UTC
    assert changes_between(now, without) == (Change("resolution", due, None),)


@pytest.mark.parametrize(("by", "kinds"), [(MOVED - timedelta(seconds=1), ()), (MOVED, ("first_answer",))])
def test_a_deadline_moves_by_a_minute_or_more(by: timedelta, kinds: tuple[str, ...]) -> None:
    now = plan_of()
    first, *rest = now.deadlines
    assert first.kind is DeadlineKind.FIRST_ANSWER
    later = replace(now, deadlines=(replace(first, due=first.due + by), *rest))
    assert tuple(change.what for change in changes_between(now, later)) == kinds


def test_the_same_amount_written_with_more_digits_is_no_change() -> None:
    now = make_plan(default_policy(), CASES[0].classification, CASES[0].context)
    paid = now.compensation
    longer = replace(paid, least=Money("BRL", Decimal("100.000")))
    assert paid.least == reais("100.00")
    assert changes_between(now, replace(now, compensation=longer)) == ()


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (Range(reais("100.00"), reais("250.50")), "BRL 100.00-250.50"),
        (Payment("late", "refund", 0.125), "late: refund 12.5%"),
        (Payment("late", "redo", within="1 hour"), "late: redo within 1 hour"),
        (
            Payment("late", "amount", None, (reais("20.00"), Money("EUR", Decimal(5))), "2 business days"),
            "late: amount BRL 20.00/EUR 5 within 2 business days",
        ),
    ],
)
def test_values_have_a_line_of_text(value: Range | Payment, line: str) -> None:
    assert str(value) == line
