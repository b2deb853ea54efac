"""Plans of the default policy: what each label asks for, what must never happen, and JSON there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.recovery import Context, Money, Plan, default_policy, make_plan
from api.recovery.case import traits_of
from api.recovery.check import check_policy
from api.recovery.legal import binding_clocks, legal_clocks
from api.recovery.plan import DeadlineKind
from api.recovery.policy import Remedy, Stage
from api.recovery.rules import decide
from classifier.taxonomy import TASK_BY_ID
from classifier.types import Fact
from tests.api.recovery.cases import CONTEXTS, LABELS, NOON, amount, classified, context

POLICY = default_policy()
SEVERITIES = TASK_BY_ID["severity"].label_ids
CONDUCTS = TASK_BY_ID["conduct"].label_ids
TONES = TASK_BY_ID["tone"].label_ids


def plan(where: Context | None = None, **labels: Any) -> Plan:
    return make_plan(POLICY, classified(**labels), where or context())


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


# The rows of the table of findings that the default policy is built on, by a part of their source.
SOURCES = [
    "Tax & Brown, Sloan Management Review",
    "Smith, Bolton & Wagner, Journal of Marketing Research 36(3), 1999",
    "Blodgett, Hill & Tax, Journal of Retailing 73(2), 1997",
    "Gelbrich & Roschk, Journal of Service Research 14(1), 2011",
    "Orsingher, Valentini & de Angelis",
    "de Matos, Henrique & Rossi, Journal of Service Research 10(1), 2007",
    "Bitner, Booms & Tetreault, Journal of Marketing 54(1), 1990",
    "Social comparison literature",
    "Jin & Aletras, NAACL 2021",
    "Olshtain & Weinbach 1987; Preotiuc-Pietro, Gaman & Aletras, ACL 2019",
    "IIC-UAM case study",
    "ticket-triage package",
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_finding_is_the_source_of_a_rule(source: str) -> None:
    assert [rule.id for rule in POLICY.rule if source in POLICY.findings[rule.finding].source]


STEPS = [
    ({"justice": ["outcome"]}, {"make_whole", "offer_choice"}),
    ({"justice": ["procedural"]}, {"single_owner", "waive_rule", "fast_track"}),
    ({"justice": ["interactional"]}, {"apologise", "explain", "senior_contact"}),
    ({"motive": ["restitution"], "justice": ["procedural"]}, {"offer_choice"}),
    ({"motive": ["venting"]}, {"listen"}),
    ({"motive": ["improvement"]}, {"pass_on_idea", "report_change"}),
    ({"motive": ["altruism"]}, {"tell_fixed_for_others"}),
    ({"severity": "critical"}, {"ensure_safety", "senior_contact"}),
    ({"severity": "high"}, {"act_unasked", "review_history"}),
    ({"quality": "consistency"}, {"keep_word"}),
    ({"quality": "responsiveness"}, {"single_owner"}),
    ({"touchpoint": "termination"}, {"easy_exit", "personalise"}),
    ({"reasons": ["severity: low confidence"]}, {"read_whole", "correct_labels", "confirm_severity"}),
]


@pytest.mark.parametrize(("labels", "steps"), STEPS)
def test_labels_bring_their_steps(labels: dict[str, Any], steps: set[str]) -> None:
    assert steps <= set(ids(plan(**labels).steps))


def test_a_complaint_goes_through_the_five_stages_in_order() -> None:
    made = plan(severity="low", justice=["outcome"])
    stages = list(dict.fromkeys(step.stage for step in made.steps))
    assert stages == list(Stage)
    assert [list(Stage).index(step.stage) for step in made.steps] == sorted(
        list(Stage).index(step.stage) for step in made.steps
    )


def test_a_grave_complaint_gets_all_four_remedies() -> None:
    made = plan(severity="high", justice=["outcome", "procedural"])
    assert made.remedies == tuple(Remedy)


@pytest.mark.parametrize(
    ("severity", "justice", "band", "approver"),
    [
        ("low", ["outcome"], "none", "agent"),
        ("moderate", ["procedural"], "gesture", "agent"),
        ("moderate", ["outcome"], "moderate", "team_lead"),
        ("high", ["interactional"], "moderate", "team_lead"),
        ("high", ["outcome"], "substantial", "manager"),
        ("critical", ["procedural"], "substantial", "manager"),
        ("critical", ["interactional", "outcome"], "exceptional", "director"),
    ],
)
def test_bands_follow_the_failure_and_its_severity(severity: str, justice: list[str], band: str, approver: str) -> None:
    compensation = plan(severity=severity, justice=justice).compensation
    assert (compensation.band, compensation.approver) == (band, approver)


def test_a_double_deviation_changes_owner_and_channel_and_repeats_no_apology() -> None:
    before, after = plan(justice=["interactional"]), plan(context(double_deviation=True), justice=["interactional"])
    assert "apologise" in ids(before.steps)
    assert "apologise" not in ids(after.steps)
    assert {"change_owner", "change_channel", "explain_second_failure"} <= set(ids(after.steps))
    assert after.queue == "senior_care" != before.queue
    assert after.priority == "high"
    assert "no_second_apology" in ids(after.guidance)


def test_a_key_customer_gets_attention_and_no_more_money() -> None:
    plain, key = plan(), plan(context(tier="key"))
    assert key.deadline(DeadlineKind.FIRST_ANSWER).due < plain.deadline(DeadlineKind.FIRST_ANSWER).due
    assert {"personalise", "financial_benefit", "bond"} <= set(ids(key.steps))
    assert key.compensation == plain.compensation


@pytest.mark.parametrize(
    ("tier", "flagged"), [("gold", True), ("Key", True), ("", True), ("standard", False), ("key", False), (None, False)]
)
def test_a_tier_that_the_policy_does_not_know_is_told_to_people(tier: str | None, *, flagged: bool) -> None:
    made = plan(context(tier=tier), language="pt")
    assert ("unknown_tier" in ids(made.flags)) is flagged
    if flagged:
        assert replace(made, flags=()) == plan(language="pt")
    without = make_plan(POLICY.model_copy(update={"tiers": ()}), classified(), context(tier=tier))
    assert "unknown_tier" not in ids(without.flags)


def test_an_amount_that_cannot_be_read_is_told_to_people() -> None:
    assert ids(plan(context(stake_unread=True)).flags) == ["unread_amount"]


READ = [
    ("BRL", "350.00", "350.00"), ("EUR", 80, "80"), ("MXN", 99.9, "99.9"), ("BRL", "R$ 350", None), ("BRL", "", None),
    ("R$", "350", None), ("brl", "350", None), (None, "350", None), ("BRL", True, None), ("BRL", None, None),
    ("BRL", "-1", None), ("BRL", 0, None), ("BRL", "NaN", None), ("BRL", "Infinity", None), ("BRL", "9" * 400, None),
    ("BRL", ["350"], None), ("BRL", float("inf"), None),
]  # fmt: skip


@pytest.mark.parametrize(("currency", "amount", "read"), READ)
def test_money_is_read_as_callers_write_it(currency: Any, amount: Any, read: str | None) -> None:
    assert Money.read(currency, amount) == (Money(currency, Decimal(read)) if read else None)


def test_who_had_to_ask_three_times_is_asked_nothing_again() -> None:
    third = plan(context(contacts=2, double_deviation=True))
    assert third.priority == "high"
    assert "dont_ask_again" in ids(third.guidance)
    assert "dont_ask_again" not in ids(plan(context(contacts=1, double_deviation=True)).guidance)


def test_an_agency_named_is_told_to_people() -> None:
    made = plan(facts=[Fact("agency", "Procon", {"name": "Procon", "country": "BR"}, 0, 6)])
    assert ids(made.flags) == ["agency_named"]
    assert made.priority == "high"


def test_a_guarantee_is_paid_without_asking_for_proof() -> None:
    made = plan(guarantee=True, touchpoint="fulfilment", language="pt")
    [claim] = made.guarantees
    step = next(step for step in made.steps if step.id == claim.step)
    assert claim.id == "promised_date"
    assert step.automatic
    assert step.remedy is Remedy.COMPENSATION
    assert step.due <= made.deadline(DeadlineKind.RESOLUTION).due
    assert "sem pedir provas" in step.title
    assert claim.promise in step.title
    assert "no_proof" in ids(made.guidance)


@pytest.mark.parametrize("touchpoint", TASK_BY_ID["touchpoint"].label_ids)
@pytest.mark.parametrize("quality", TASK_BY_ID["quality"].label_ids)
def test_whatever_promise_is_invoked_one_guarantee_applies(touchpoint: str, quality: str) -> None:
    assert len(plan(guarantee=True, touchpoint=touchpoint, quality=quality).guarantees) == 1
    assert not plan(guarantee=False, touchpoint=touchpoint, quality=quality).guarantees


@pytest.mark.parametrize(
    ("quality", "guarantee"), [("responsiveness", "promised_date"), ("tangibles", "our_word_on_delivery")]
)
def test_a_delivery_pays_by_itself_for_its_date_and_by_a_person_for_the_rest(quality: str, guarantee: str) -> None:
    made = plan(guarantee=True, touchpoint="fulfilment", quality=quality)
    [step] = [step for step in made.steps if step.id == f"pay_guarantee_{guarantee}"]
    assert step.automatic is (guarantee == "promised_date")


@pytest.mark.parametrize(
    ("labels", "flag"),
    [
        ({"conduct": "belligerent"}, "protect_staff"),
        ({"conduct": "vandal"}, "protect_staff"),
        ({"tone": "abusive"}, "protect_staff"),
        ({"tone": "abusive", "complaint": False}, "protect_staff"),
        ({"conduct": "cheat"}, "verify_claim"),
        ({"conduct": "thief"}, "verify_claim"),
        ({"conduct": "deadbeat"}, "verify_claim"),
        ({"conduct": "rule_breaker"}, "mediate"),
        ({"conduct": "family_feuder"}, "mediate"),
    ],
)
def test_conduct_and_abuse_are_flags_for_people(labels: dict[str, Any], flag: str) -> None:
    assert flag in ids(plan(**labels).flags)


def test_a_suspected_cheat_is_paid_the_guarantee_like_anybody() -> None:
    honest = plan(guarantee=True, touchpoint="fulfilment")
    suspected = plan(guarantee=True, touchpoint="fulfilment", conduct="cheat")
    assert suspected.guarantees == honest.guarantees
    assert suspected.steps == honest.steps
    assert suspected.deadlines == honest.deadlines


@pytest.mark.parametrize(
    ("language", "written"), [("es", "Responder por su nombre"), ("pt", "Responder pelo nome"), ("other", "Answer by")]
)
def test_a_plan_speaks_the_language_of_the_message(language: str, written: str) -> None:
    made = plan(language=language, severity="critical")
    assert made.language == (language if language != "other" else "en")
    assert any(step.title.startswith(written) for step in made.steps)
    assert all(note.text for note in made.guidance)


def test_a_plan_says_which_rules_fired_why_and_what_is_known() -> None:
    made = plan(language="pt", severity="high", justice=["procedural"])
    reasons = {reason.rule: reason for reason in made.reasons}
    assert (
        reasons["procedural"].why
        == "O injusto foi o procedimento: rapidez, uma só pessoa responsável e a regra que atrapalha, fora."
    )
    assert "Smith, Bolton & Wagner" in reasons["procedural"].source
    assert reasons["procedural"].says.startswith("O cliente prefere")
    assert all(set(step.rules) <= {*reasons, "guarantee:our_word"} for step in made.steps)


def test_amounts_come_from_the_caller_then_from_the_one_amount_told_then_from_the_band() -> None:
    told = [amount("BRL", "350.00")]
    caller = plan(context(at_stake=Money("BRL", Decimal("1000"))), facts=told).compensation
    message = plan(facts=told).compensation
    flat = plan(facts=[*told, amount("BRL", "99.90")]).compensation
    assert (caller.basis, caller.least, caller.most) == (
        "caller", Money("BRL", Decimal("100.00")), Money("BRL", Decimal("250.00")),
    )  # fmt: skip
    assert (message.basis, message.most) == ("message", Money("BRL", Decimal("87.50")))
    assert (flat.basis, flat.most) == ("flat", Money("BRL", Decimal(90)))
    assert plan(context(country=None)).compensation.most is None
    assert plan(facts=[amount("BRL", "a lot")]).compensation.basis == "flat"


def test_no_band_no_amount() -> None:
    compensation = plan(severity="low", facts=[amount("BRL", "350.00")]).compensation
    assert (compensation.band, compensation.least, compensation.most) == ("none", None, None)


# Deadlines


def test_deadlines_are_counted_from_receipt_on_the_customers_calendar() -> None:
    made = plan(context(now=datetime(2026, 12, 24, 19, tzinfo=UTC)))  # 16:00 before Christmas, normal priority
    first, resolution, follow_up = made.deadlines
    assert first.local.isoformat() == "2026-12-28T15:00:00-03:00"
    assert resolution.local.isoformat() == "2027-01-04T18:00:00-03:00"  # New Year on a Friday
    assert follow_up.local.isoformat() == "2027-01-11T18:00:00-03:00"
    assert first.basis == "priority:normal"
    assert made.deadline(DeadlineKind.RESOLUTION) is resolution


def test_danger_does_not_wait_for_monday() -> None:
    sunday = datetime(2026, 11, 22, 3, tzinfo=UTC)
    made = plan(context(now=sunday), severity="critical")
    assert made.deadline(DeadlineKind.FIRST_ANSWER).due == sunday + timedelta(hours=1)


def test_a_clock_ahead_of_ours_and_a_late_fetch_are_both_right() -> None:
    ahead = plan(context(received_at=NOON + timedelta(days=400)))
    late = plan(context(received_at=NOON - timedelta(days=2)))
    assert ahead.deadlines == plan().deadlines
    assert late.deadline(DeadlineKind.FIRST_ANSWER).due == plan(context(now=NOON - timedelta(days=2))).deadlines[0].due


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        plan(context(now=NOON.replace(tzinfo=None)))


@settings(max_examples=80, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), where=CONTEXTS)
def test_deadlines_come_in_order_with_a_warning_before_each(labels: dict[str, Any], where: dict[str, Any]) -> None:
    made = plan(Context(**where), **labels)
    first, resolution, follow_up = made.deadlines
    assert where["now"] < first.due <= resolution.due < follow_up.due
    assert all(deadline.warn_at <= deadline.due for deadline in made.deadlines)
    assert all(deadline.local == deadline.due for deadline in made.deadlines)
    assert all(term.due >= resolution.due for term in made.legal)


LEGAL = [
    # country, scopes, received (local noon), last day
    ("ES", ["general"], "2026-11-30", "2026-12-15"),
    ("ES", ["general"], "2025-12-27", "2026-01-27"),  # a month until the law changed
    ("ES", ["general"], "2025-12-28", "2026-01-12"),
    ("ES", ["large_or_essential"], "2026-12-29", "2027-01-21"),  # 1 and 6 January
    ("PT", ["complaints_book"], "2026-11-30", "2026-12-23"),  # 1 and 8 December
    ("PE", ["complaints_book"], "2026-07-20", "2026-08-14"),  # 23, 28 and 29 July, 6 August
    ("CO", ["general"], "2026-01-02", "2026-01-26"),  # Reyes on Monday the 12th
    ("MX", ["financial"], "2026-11-02", "2026-12-15"),  # 16 November
    ("AR", ["financial"], "2026-12-01", "2026-12-17"),  # 7 and 8 December
    ("CL", ["telecom"], "2026-09-14", "2026-09-22"),  # 18 September
    ("BR", ["regulated_services"], "2026-11-18", "2026-11-25"),
    ("BR", ["ecommerce"], "2026-11-18", "2026-11-23"),
    ("BR", ["general"], "2026-11-18", "2026-12-18"),
]


@pytest.mark.parametrize(("country", "scopes", "received", "last"), LEGAL)
def test_legal_terms_end_with_the_last_second_of_their_last_day(
    country: str, scopes: list[str], received: str, last: str
) -> None:
    policy = POLICY.model_copy(update={"legal": POLICY.legal.model_copy(update={"scopes": tuple(scopes)})})
    now = datetime.fromisoformat(f"{received}T15:00:00+00:00")
    made = make_plan(policy, classified(severity="low"), context(now=now, country=country))
    [term] = made.legal
    zone = made.deadlines[0].local.tzinfo
    assert term.due.astimezone(zone).replace(tzinfo=None).isoformat() == f"{last}T23:59:59"


def test_the_law_brings_a_resolution_forward_to_the_last_open_moment() -> None:
    policy = POLICY.model_copy(update={"legal": POLICY.legal.model_copy(update={"scopes": ("ecommerce",)})})
    monday = datetime(2026, 11, 16, 15, tzinfo=UTC)
    made = make_plan(policy, classified(severity="low"), context(now=monday))
    resolution = made.deadline(DeadlineKind.RESOLUTION)
    assert made.legal[0].due.astimezone(resolution.local.tzinfo).date().isoformat() == "2026-11-21"  # a Saturday
    assert resolution.local.isoformat() == "2026-11-19T18:00:00-03:00"  # Friday is a holiday
    assert resolution.basis == "legal:br-ecommerce"
    assert made.legal[0].binding


def test_clocks_bind_their_country_scope_failure_and_time_only() -> None:
    outcome = {"touchpoint": frozenset({"use"}), "justice": frozenset({"outcome"})}
    before, after = datetime(2026, 12, 27).date(), datetime(2026, 12, 28).date()
    assert [clock.id for clock in binding_clocks("BR", ("general",), outcome, before)] == ["br-defect"]
    assert not binding_clocks("BR", ("general",), {**outcome, "touchpoint": frozenset({"billing"})}, before)
    assert not binding_clocks("ES", ("large_or_essential",), outcome, before)
    assert binding_clocks("ES", ("large_or_essential",), outcome, after)
    assert not binding_clocks(None, ("general",), outcome, after)


def test_every_clock_names_its_source_and_is_verified_or_says_not() -> None:
    clocks = legal_clocks()
    assert {clock.country for clock in clocks} == {"AR", "BR", "CL", "CO", "ES", "MX", "PE", "PT"}
    assert all(clock.source and clock.url.startswith("http") for clock in clocks)
    assert {clock.id for clock in clocks if clock.verified_on is None} == set()
    assert all("art" in clock.source or clock.scope in ("financial", "telecom") for clock in clocks)
    assert not [clock.url for clock in clocks if clock.url.rstrip("/").count("/") < 3]  # a law, not a home page


def test_a_clock_that_nobody_has_verified_binds_no_plan_and_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    unread = tuple(replace(clock, verified_on=None) for clock in legal_clocks())
    monkeypatch.setattr("api.recovery.legal.legal_clocks", lambda: unread)
    monkeypatch.setattr("api.recovery.check.legal_clocks", lambda: unread)
    assert plan(severity="low").legal == ()
    warned = [problem for problem in check_policy(POLICY) if problem.code == "legal"]
    assert {str(problem.level) for problem in warned} == {"warning"}
    assert "br-defect" in str(warned)
    assert "binds no plan" in str(warned)


def test_a_bill_is_answered_sooner_than_the_rest_where_the_law_says_so() -> None:
    policy = POLICY.model_copy(update={"legal": POLICY.legal.model_copy(update={"scopes": ("large_or_essential",)})})
    january = context(now=datetime(2027, 1, 4, 12, tzinfo=UTC), country="ES")
    bill, use = (
        make_plan(policy, classified(severity="low", touchpoint=touchpoint), january)
        for touchpoint in ("billing", "use")
    )
    assert [term.id for term in bill.legal] == ["es-customer-service", "es-billing"]
    assert [term.id for term in bill.legal if term.binding] == ["es-billing"]
    assert [term.id for term in use.legal] == ["es-customer-service"]


# What must hold for every case


def decided(labels: dict[str, Any], where: dict[str, Any]) -> Any:
    return decide(POLICY, traits_of(classified(**labels), Context(**where)))


@settings(max_examples=150, deadline=None)
@given(
    labels=st.fixed_dictionaries(LABELS), where=CONTEXTS, conduct=st.sampled_from(CONDUCTS), tone=st.sampled_from(TONES)
)
def test_no_conduct_and_no_tone_ever_takes_anything_away(
    labels: dict[str, Any], where: dict[str, Any], conduct: str, tone: str
) -> None:
    plain = plan(Context(**where), **{**labels, "conduct": "none", "tone": "calm"})
    difficult = plan(Context(**where), **{**labels, "conduct": conduct, "tone": tone})
    assert difficult.compensation == plain.compensation
    assert difficult.guarantees == plain.guarantees
    assert POLICY.priorities[difficult.priority] >= POLICY.priorities[plain.priority]
    assert set(ids(difficult.steps)) >= set(ids(plain.steps))
    for kind in DeadlineKind:
        assert difficult.deadline(kind).due <= plain.deadline(kind).due


@settings(max_examples=150, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), where=CONTEXTS)
def test_a_graver_case_never_gets_less(labels: dict[str, Any], where: dict[str, Any]) -> None:
    levels = [decided({**labels, "severity": severity}, where) for severity in SEVERITIES]
    priorities = [POLICY.priorities[level.priority] for level in levels]
    bands = [POLICY.bands[level.band] for level in levels]
    assert priorities == sorted(priorities)
    assert bands == sorted(bands)


@settings(max_examples=150, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), one=CONTEXTS, other=CONTEXTS, rest=st.fixed_dictionaries(LABELS))
def test_equal_failures_get_equal_bands_and_steps_that_pay(
    labels: dict[str, Any], one: dict[str, Any], other: dict[str, Any], rest: dict[str, Any]
) -> None:
    failure = ("severity", "justice", "quality", "touchpoint", "guarantee")
    second = {**rest, **{name: labels[name] for name in failure}}
    other = {**other, "double_deviation": one["double_deviation"]}
    first, second = decided(labels, one), decided(second, other)
    assert first.band == second.band
    paying = [step for step in POLICY.steps if POLICY.steps[step].remedy is Remedy.COMPENSATION]
    assert [step in first.steps for step in paying] == [step in second.steps for step in paying]


@settings(max_examples=100, deadline=None)
@given(labels=st.fixed_dictionaries(LABELS), where=CONTEXTS, complaint=st.sampled_from([True, False, None]))
def test_json_there_and_back_is_the_same_plan(labels: dict[str, Any], where: dict[str, Any], complaint: bool) -> None:
    made = plan(Context(**where), **{**labels, "complaint": complaint})
    assert Plan.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_every_combination_of_labels_has_a_plan() -> None:
    def subsets(task: str) -> list[tuple[str, ...]]:
        labels = TASK_BY_ID[task].label_ids
        return [chosen for size in range(1, len(labels) + 1) for chosen in combinations(labels, size)]

    singles = [TASK_BY_ID[name].label_ids for name in ("quality", "touchpoint", "tone", "conduct")]
    longest = max(len(labels) for labels in singles)
    count = 0
    for number, (severity, justice, motive, guarantee) in enumerate(
        product(SEVERITIES, subsets("justice"), subsets("motive"), (True, False))
    ):
        for turn in range(longest):
            quality, touchpoint, tone, conduct = (labels[(number + turn) % len(labels)] for labels in singles)
            decision = decide(
                POLICY,
                traits_of(
                    classified(
                        severity=severity, justice=justice, motive=motive, guarantee=guarantee, quality=quality,
                        touchpoint=touchpoint, tone=tone, conduct=conduct,
                    ),
                    context(),
                ),
            )  # fmt: skip
            count += len(decision.steps) >= 5 and bool(decision.rules)
    assert count == 4 * 7 * 15 * 2 * longest


def test_a_missed_deadline_goes_up_never_down() -> None:
    assert plan().escalate_to == "senior_care"
    assert plan(context(double_deviation=True)).escalate_to == "crisis_desk"
    assert plan(severity="critical").escalate_to == "crisis_desk"


def test_a_plan_is_made_from_json_too() -> None:
    message = classified()
    assert make_plan(POLICY, json.loads(json.dumps(message.to_dict())), context()) == make_plan(
        POLICY, message, context()
    )


def test_a_complaint_with_undecided_tasks_has_a_plan() -> None:
    made = plan(
        motive=(), justice=(), severity=None, quality=None, touchpoint=None, tone=None, guarantee=None, conduct=None
    )
    assert made.priority == "low"
    assert "acknowledge" in ids(made.steps)
