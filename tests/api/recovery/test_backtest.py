"""Another policy tried on cases that happened, without a database."""

from __future__ import annotations

import gc
import json
import tracemalloc
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.recovery import Case, Context, Money, Policy, default_policy, make_plan
from api.recovery.backtest import Backtest, Kept, Past, Report
from api.recovery.plan import DeadlineKind
from tests.api.recovery.cases import CONTEXTS, LABELS, NOON, classified, context
from tests.api.recovery.test_difference import CASES, REFUND, changed
from tests.api.recovery.test_difference import LATE as PROMISED

OURS = default_policy()
LATE = NOON + timedelta(days=365)
SLOWER = (('resolution = "5 business days"', 'resolution = "6 business days"'),)
DEARER = (("share = [0.10, 0.25]", "share = [0.10, 0.40]"),)


def past(case: Case, policy: Policy = OURS, **happened: datetime) -> Past:
    return Past(case, make_plan(policy, case.classification, case.context), **happened)


def replayed(policy: Policy, *pasts: Past, now: datetime = LATE) -> Report:
    backtest = Backtest(policy, now)
    for one in pasts:
        backtest.replay(one)
    return backtest.report()


def resolution(policy: Policy, case: Case = CASES[0]) -> datetime:
    return make_plan(policy, case.classification, case.context).deadline(DeadlineKind.RESOLUTION).due


def test_the_policy_that_planned_changes_nothing() -> None:
    report = replayed(OURS, *map(past, CASES))
    assert (report.cases, report.changed, report.by_kind, report.bands) == (5, 0, {}, {})
    assert all(old == new for old, new in report.rules.values())
    assert all(kept.newly == kept.no_longer == 0 for kept in report.missed.values())
    assert report.before == {"recupera-default 1.0.0": 5}


def test_each_case_says_what_changes_and_the_report_what_it_costs() -> None:
    backtest = Backtest(changed(*DEARER), LATE)
    found = backtest.replay(past(CASES[0]))
    assert found is not None
    assert [(c.what, str(c.after)) for c in found.case.changes] == [("compensation", "BRL 100.00-400.00")]
    assert backtest.replay(past(CASES[2])) is None
    (cost,) = backtest.report().to_dict()["costs"]
    assert (cost["before"], cost["after"], cost["more"]) == (
        ["100.00", "250.00"], ["100.00", "400.00"], ["0.00", "150.00"],
    )  # fmt: skip


def test_bands_are_counted_by_where_they_come_from_and_go_to() -> None:
    other = changed(('then = { band = "moderate" }', 'then = { band = "substantial" }'))
    assert replayed(other, *map(past, CASES)).bands == {("moderate", "substantial"): 3}


def test_rules_are_counted_before_and_after_those_that_are_gone_too() -> None:
    other = changed(('id = "outcome-moderate"', 'id = "outcome-some"'))
    rules = replayed(other, *map(past, CASES)).rules
    assert rules["outcome-some"] == (0, 3)
    assert rules["outcome-moderate"] == (3, 0)
    assert rules["severity-low"] == (1, 1)
    assert list(rules)[-1] == "outcome-moderate"


@pytest.mark.parametrize(
    ("closed", "now", "kept"),
    [
        # closed, the day it is, resolutions: cases, missed before, after, newly, no longer
        ("between", LATE, Kept(1, 1, 0, 0, 1)),
        ("in time", LATE, Kept(1, 0, 0, 0, 0)),
        ("late", LATE, Kept(1, 1, 1, 0, 0)),
        (None, LATE, Kept(1, 1, 1, 0, 0)),
        (None, NOON, Kept(0, 0, 0, 0, 0)),
    ],
)
def test_a_slower_policy_misses_fewer_deadlines(closed: str | None, now: datetime, kept: Kept) -> None:
    due, later = resolution(OURS), resolution(changed(*SLOWER))
    moments = {"between": due + timedelta(minutes=1), "in time": due, "late": later + timedelta(seconds=1)}
    happened = {} if closed is None else {"answered_at": NOON, "closed_at": moments[closed]}
    assert replayed(changed(*SLOWER), past(CASES[0], **happened), now=now).missed["resolution"] == kept


def test_a_quicker_policy_names_the_cases_it_would_have_missed() -> None:
    slow = changed(*SLOWER)
    closed = resolution(OURS) + timedelta(minutes=1)
    found = Backtest(OURS, LATE).replay(past(CASES[0], slow, answered_at=NOON, closed_at=closed))
    assert found is not None
    assert found.missed == (DeadlineKind.RESOLUTION,)


def test_what_is_open_and_due_under_the_other_policy_alone_is_missed_by_it() -> None:
    now = resolution(OURS) + timedelta(minutes=1)
    report = replayed(OURS, past(CASES[0], changed(*SLOWER)), now=now)
    assert report.missed["resolution"] == Kept(1, 0, 1, 1, 0)


def test_who_was_never_answered_was_answered_by_the_end() -> None:
    due = make_plan(OURS, CASES[0].classification, CASES[0].context).deadline(DeadlineKind.FIRST_ANSWER).due
    in_time = replayed(OURS, past(CASES[0], closed_at=due)).missed["first_answer"]
    late = replayed(OURS, past(CASES[0], closed_at=due + timedelta(seconds=1))).missed["first_answer"]
    assert (in_time.after, late.after) == (0, 1)


def test_a_plan_made_a_moment_after_the_message_is_the_same_plan() -> None:
    ahead = context(now=NOON, received_at=NOON + timedelta(hours=1))
    case = Case("ahead", classified(), replace(ahead, now=NOON + timedelta(milliseconds=300)))
    assert Backtest(OURS, LATE).replay(Past(Case("ahead", classified(), ahead), past(case).plan)) is None


def test_amounts_in_two_currencies_are_never_added_up() -> None:
    dollars = replace(CASES[0], context=context(at_stake=Money("USD", Decimal(1000))))
    report = replayed(OURS, Past(dollars, past(CASES[0]).plan))
    costs = {cost.currency: (cost.before[1], cost.after[1]) for cost in report.costs}
    assert costs == {"BRL": (Decimal(250), Decimal(0)), "USD": (Decimal(0), Decimal(250))}


def test_a_report_says_what_guarantees_would_pay_and_of_how_many_cases_nobody_knows() -> None:
    other = changed((REFUND, REFUND.replace("0.10", "1.00")))
    report = replayed(other, *map(past, PROMISED)).to_dict()
    assert report["by_kind"] == {"payouts": 2}
    assert report["guarantees"] == [
        {
            "currency": "BRL",
            "cases": 1,
            "before": ["35.00", "35.00"],
            "after": ["350.00", "350.00"],
            "more": ["315.00", "315.00"],
        }
    ]
    assert report["guarantees_unpriced"] == 2


def test_a_changed_case_is_json_with_its_amounts_apart() -> None:
    found = Backtest(changed((REFUND, REFUND.replace("0.10", "1.00")), *SLOWER), LATE).replay(past(PROMISED[0]))
    assert found is not None
    written = json.loads(json.dumps(found.to_dict()))
    (before,), (after,) = written["changes"]["payouts"].values()
    assert before == {
        "guarantee": "promised_date",
        "payout": "refund",
        "share": 0.1,
        "sums": [{"currency": "BRL", "amount": "35.00"}],
        "within": "2 business days",
    }
    assert (after["share"], after["sums"][0]["amount"]) == (1.0, "350.00")
    days = [datetime.fromisoformat(moment) for moment in written["changes"]["resolution"].values()]
    assert days[1] - days[0] == timedelta(days=1)
    assert written["changes"]["resolution"]["before"].endswith("Z")
    assert (written["id"], written["missed"]) == ("late", [])


def test_a_report_is_json() -> None:
    report = replayed(changed(*DEARER, *SLOWER), *map(past, CASES))
    written = json.loads(json.dumps(report.to_dict()))
    assert written["by_kind"]["compensation"] == 2
    assert written["missed"]["resolution"].keys() == {"cases", "before", "after", "newly", "no_longer"}
    assert written["rules"]["severity-low"] == {"before": 1, "after": 1}
    assert written["policy"] == "recupera-default 1.0.0"


def test_no_cases_no_report() -> None:
    report = replayed(OURS)
    assert (report.cases, report.before, report.costs, report.deadlines) == (0, {}, (), {})


@settings(max_examples=40, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), where=CONTEXTS)
def test_there_and_back_are_opposites(labels: dict[str, object], where: dict[str, object]) -> None:
    other = changed(*DEARER, ('band = "gesture", steps', 'band = "moderate", steps'))
    case = Case("1", classified(**labels), Context(**where))  # type: ignore[arg-type]
    there, back = replayed(other, past(case)), replayed(OURS, past(case, other))
    assert there.by_kind == back.by_kind
    assert {(new, old) for old, new in there.bands} == set(back.bands)
    assert [cost.before for cost in there.costs] == [cost.after for cost in back.costs]
    assert {rule: (new, old) for rule, (old, new) in there.rules.items()} == dict(back.rules)


def test_many_cases_take_no_more_memory_than_few() -> None:
    backtest, one = Backtest(changed(*DEARER), LATE), past(CASES[0])

    def held_after(cases: int) -> int:
        for _ in range(cases):
            backtest.replay(one)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    warm = held_after(50)
    grown = held_after(600) - warm
    tracemalloc.stop()
    assert backtest.report().changed == 650
    assert grown < 100_000
