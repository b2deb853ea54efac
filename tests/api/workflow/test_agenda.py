from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.recovery import default_policy, make_plan
from api.recovery.case import Context
from api.store.records import CaseRecord, CaseStatus, StepRecord, StepStatus
from api.workflow.agenda import Missed, agenda, key_of, step_data, told_of, workflow_id
from tests.classifier.test_card import classification

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case(**more: Any) -> CaseRecord:
    deadlines = [
        {"kind": "first_answer", "due": (START + 8 * HOUR).isoformat(), "warn_at": (START + 6 * HOUR).isoformat()},
        {"kind": "resolution", "due": (START + 48 * HOUR).isoformat(), "warn_at": (START + 36 * HOUR).isoformat()},
    ]
    return CaseRecord(
        id="c",
        status=CaseStatus.OPEN,
        opened_at=START,
        updated_at=START,
        closed_at=None,
        channel="email",
        thread_id=None,
        customer_id=None,
        customer=None,
        priority="normal",
        owner="desk",
        first_answer_due=START + 8 * HOUR,
        resolution_due=START + 48 * HOUR,
        policy_version="p",
        double_deviation=False,
        complaints=1,
        revision=1,
        plan={"deadlines": deadlines},
        outcome=None,
        **more,
    )


def step(name: str, stage: str, hours: int, **more: Any) -> StepRecord:
    content = {"id": name, "stage": stage, "automatic": more.pop("automatic", False)}
    return StepRecord(
        "c", more.pop("revision", 1), name, 1, more.pop("status", StepStatus.PENDING), START + hours * HOUR, content
    )


STEPS = [step("greet", "greet", 8), step("mend", "resolve", 48), step("ask", "check", 120)]


def told(found: CaseRecord, steps: list[StepRecord]) -> list[tuple[float, str]]:
    return [
        ((item.moment - START) / HOUR, str(item.missed or (item.step and item.step.id)))
        for item in agenda(found, steps)
    ]


def done(found: StepRecord) -> StepRecord:
    return replace(found, status=StepStatus.DONE)


def test_steps_come_due_when_their_time_runs_out_and_deadlines_are_watched() -> None:
    assert told(case(), STEPS) == [
        (6, "greet"),
        (8, Missed.FIRST_ANSWER),
        (36, "mend"),
        (48, Missed.RESOLUTION),
        (120, "ask"),
    ]


def test_an_answer_meets_the_first_deadline_and_a_solution_the_second() -> None:
    answered = [done(STEPS[0]), *STEPS[1:]]
    assert told(case(), answered) == [(36, "mend"), (48, Missed.RESOLUTION), (120, "ask")]
    assert told(case(), [done(STEPS[0]), done(STEPS[1]), STEPS[2]]) == [(120, "ask")]
    assert Missed.FIRST_ANSWER in [name for _, name in told(case(), [STEPS[0], done(STEPS[1]), STEPS[2]])]


def test_a_plan_without_stages_is_answered_by_any_step() -> None:
    plain = [replace(found, content={}) for found in STEPS]
    assert (8, Missed.FIRST_ANSWER) in told(case(), plain)
    assert (8, Missed.FIRST_ANSWER) not in told(case(), [done(plain[1]), plain[0], plain[2]])
    assert told(case(), [done(found) for found in plain]) == []


def test_deadlines_of_one_moment_escalate_once() -> None:
    same = replace(case(), first_answer_due=START + 48 * HOUR, plan=None)
    assert [name for _, name in told(same, STEPS) if name in tuple(Missed)] == [Missed.RESOLUTION]


def test_what_a_machine_does_and_what_a_guarantee_pays_is_told_at_once() -> None:
    pay = step("pay_late", "resolve", 24, automatic=False)
    ping = step("ping", "greet", 8, automatic=True)
    promised = replace(case(), plan={"guarantees": [{"id": "late", "step": "pay_late"}]})
    found = told(promised, [ping, pay])
    assert found[:2] == [(0, "ping"), (0, "pay_late")] or found[:2] == [(0, "pay_late"), (0, "ping")]
    assert (24, Missed.PAYOUT) in found
    assert (24, Missed.PAYOUT) not in told(promised, [ping, done(pay)])


def test_a_new_complaint_has_a_first_answer_of_its_own() -> None:
    again = [
        {"kind": "first_answer", "due": (START + 30 * HOUR).isoformat()},
        {"kind": "resolution", "due": (START + 70 * HOUR).isoformat()},
    ]
    second = replace(case(), revision=2, plan={"deadlines": again})
    steps = [done(STEPS[0]), step("greet", "greet", 30, revision=2), step("mend", "resolve", 70, revision=2)]
    missed = [item for item in told(second, steps) if item[1] in tuple(Missed)]
    assert missed == [(30, Missed.FIRST_ANSWER), (48, Missed.RESOLUTION), (70, Missed.RESOLUTION)]


def test_a_pay_out_keeps_the_key_of_the_plan_that_owed_it_first() -> None:
    promised = replace(case(), plan={"guarantees": [{"id": "late", "step": "pay_late"}]})
    first = [step("pay_late", "resolve", 24), step("greet", "greet", 8)]
    again = [*first, step("pay_late", "resolve", 24, revision=2), step("greet", "greet", 30, revision=2)]
    before = {item.key for item in agenda(promised, first)}
    after = {item.key for item in agenda(replace(promised, revision=2), again)}
    assert {key for key in before if "pay_late" in key} == {key for key in after if "pay_late" in key}
    assert len({key for key in after if "pay_late" in key}) == 2  # told once, and missed once
    assert not {key for key in before & after if "greet" in key}


def test_a_step_is_for_whoever_has_the_case_unless_it_names_somebody() -> None:
    found, own = step("greet", "greet", 8), step("call", "greet", 8)
    own = replace(own, content={**own.content, "owner": "team_lead"})
    for owner in ("desk", "eva"):
        assert step_data(replace(case(), owner=owner), found)["owner"] == owner
        assert step_data(replace(case(), owner=owner), own)["owner"] == "team_lead"


def test_each_answer_of_the_customer_is_told_with_its_step() -> None:
    waiting = step("greet", "greet", 8)
    keys = []
    for answer in ("m1", "m2"):
        found = replace(waiting, due_at=START + HOUR, content={**waiting.content, "answer": answer})
        (item,) = [item for item in agenda(case(), [found, *STEPS[1:]]) if item.step and item.step.id == "greet"]
        assert item.moment == START + HOUR
        keys.append(item.key)
        assert told_of(case(), found)["reason"] == "customer_answered"
    assert keys == ["c:answer:m1", "c:answer:m2"]
    assert set(told_of(case(), waiting)) == {"step"}


def test_keys_name_the_workflow_and_the_step() -> None:
    keys = [item.key for item in agenda(case(), STEPS)]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("c:") for key in keys)
    assert keys == [item.key for item in agenda(case(), STEPS)]
    again = replace(case(), openings=2)
    assert not set(keys) & {item.key for item in agenda(again, STEPS)}
    assert (key_of(again, "step", 1, "greet"), workflow_id("c", 2)) == ("c.2:step:1:greet", "c.2")


@pytest.mark.parametrize(
    ("country", "received", "zone"),
    [
        ("ES", datetime(2026, 10, 23, 16, 30), "Europe/Madrid"),  # the night to Sunday has 25 hours
        ("ES", datetime(2026, 3, 27, 16, 30), "Europe/Madrid"),  # and this one 23
        ("CL", datetime(2026, 9, 4, 16, 30), "America/Santiago"),
        ("BR", datetime(2026, 9, 4, 16, 30), "America/Sao_Paulo"),  # Monday is a holiday
    ],
)
def test_a_plan_over_a_change_of_clocks_escalates_at_the_instant_that_it_promised(
    country: str, received: datetime, zone: str
) -> None:
    moment = received.replace(tzinfo=ZoneInfo(zone))
    plan = make_plan(default_policy(), classification(), Context(now=moment, received_at=moment, country=country))
    written, due = plan.to_dict(), {deadline.kind: deadline.due for deadline in plan.deadlines}
    steps = [
        StepRecord("c", 1, made.id, n, StepStatus.PENDING, made.due, said)
        for n, (made, said) in enumerate(zip(plan.steps, written["steps"], strict=True))
    ]
    planned = replace(
        case(), opened_at=moment, first_answer_due=due["first_answer"], resolution_due=due["resolution"], plan=written
    )
    missed = {item.missed: item.moment for item in agenda(planned, steps) if item.missed}
    assert missed[Missed.RESOLUTION] == due["resolution"] > moment
    assert missed.get(Missed.FIRST_ANSWER, due["first_answer"]) == due["first_answer"]
    assert len([item for item in agenda(planned, steps) if item.missed is Missed.RESOLUTION]) == 1
    assert {item.moment.utcoffset() for item in agenda(planned, steps)} <= {timedelta(), moment.utcoffset()}
