"""What a message does to its case, planned by the default policy, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.case_changes import reassign
from api.cases import close
from api.errors import ConflictError
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.records import CaseRecord, Outcome, StepStatus
from api.taking_up import take_up
from api.workflow.follow_up import follow_up
from classifier.types import Classification
from tests.api.labelled import GRAVE, MILD, PLANNER, Counter

pytestmark = pytest.mark.anyio

PAY = "pay_guarantee_promised_date"
THANKS = {"complaint": False, "touchpoint": None, "tone": "calm"}


@pytest.fixture
async def counter(store: Store) -> Counter:
    return await Counter.opened(store)


async def test_a_milder_message_cancels_nothing_of_what_the_first_was_owed(counter: Counter) -> None:
    key = {"id": "ana", "country": "ES", "value_tier": "key"}
    first = await counter.complain(GRAVE, customer=key)
    assert first.plan is not None
    second = await counter.complain(MILD, customer={"id": "ana"})
    assert second.plan is not None
    assert second.id == first.id
    assert (second.priority, second.owner) == (first.priority, first.owner) == ("urgent", "crisis_desk")
    assert second.customer == key
    assert second.plan["compensation"] == first.plan["compensation"]
    assert [term["id"] for term in second.plan["legal"]] == [term["id"] for term in first.plan["legal"]]
    assert [claim["id"] for claim in second.plan["guarantees"]] == ["promised_date"]
    steps = await counter.steps(second)
    assert {PAY, "ensure_safety", "bond", "listen", "change_owner"} <= set(steps)
    assert steps[PAY].status == StepStatus.PENDING
    assert first.resolution_due == second.resolution_due


async def test_what_a_third_message_needs_is_added_to_both(counter: Counter) -> None:
    await counter.complain(MILD)
    await counter.complain({"justice": ["interactional"], "motive": ["improvement"]})
    third = await counter.complain(GRAVE)
    assert {"report_change", "senior_contact", "listen", PAY, "waive_rule"} <= set(await counter.steps(third))
    assert third.priority == "urgent"


async def test_a_guarantee_is_told_and_paid_once(counter: Counter) -> None:
    case = await counter.complain(GRAVE)
    await counter.look(case)
    await counter.complain(GRAVE)  # told, and not paid yet
    await counter.look(case)
    await counter.do(case, PAY)
    await counter.complain(GRAVE)  # told, and paid
    await counter.look(case)
    assert [told.data["step"]["id"] for told in await counter.told(case) if told.data["step"]["automatic"]] == [PAY]
    paid = (await counter.steps(case))[PAY]
    assert (paid.revision, paid.status, paid.completed_by, paid.note) == (3, StepStatus.DONE, "erp", "Hecho.")


async def test_a_pay_out_that_a_reopened_case_still_owes_is_told_anew(counter: Counter) -> None:
    case = await counter.complain(GRAVE)
    await counter.look(case)
    await closed(counter, case)
    assert (await counter.complain(GRAVE)).id == case.id
    await counter.look(case)
    await counter.do(case, PAY)
    keys = [told.key for told in await counter.told(case) if told.data["step"]["id"] == PAY]
    assert keys == [f"{case.id}:step:1:{PAY}", f"{case.id}.2:step:1:{PAY}"]


async def test_what_was_paid_when_the_case_was_over_is_paid(counter: Counter) -> None:
    case = await counter.complain(GRAVE)
    await counter.look(case)
    await closed(counter, case)
    await counter.do(case, PAY)
    with pytest.raises(ConflictError):
        await counter.do(case, "make_whole")
    await counter.complain(GRAVE)
    await counter.look(case)
    assert [told.data["step"]["id"] for told in await counter.told(case) if told.data["step"]["automatic"]] == [PAY]


async def test_compensation_that_was_given_is_given_again_only_by_the_difference(counter: Counter) -> None:
    case = await counter.complain({"severity": "moderate", "justice": ["procedural"]})
    await counter.do(case, "offer_compensation")
    same = await counter.complain({"severity": "moderate", "justice": ["procedural"]})
    assert (await counter.steps(same))["offer_compensation"].status == StepStatus.DONE
    more = await counter.complain(GRAVE)
    step = (await counter.steps(more))["offer_compensation"]
    assert (step.status, step.content["given"]["band"]) == (StepStatus.PENDING, "gesture")
    assert "ya se dio" in step.content["title"]
    await counter.complain(GRAVE)
    assert (await counter.steps(case))["offer_compensation"].content["given"]["band"] == "gesture"
    await counter.do(case, "offer_compensation")
    await counter.complain(GRAVE)
    assert (await counter.steps(case))["offer_compensation"].status == StepStatus.DONE


async def test_who_has_the_case_keeps_it_and_its_steps(counter: Counter) -> None:
    case = await counter.complain(MILD)
    async with counter.store.write() as connection:
        await reassign(connection, case.id, "eva", by="ana", note=None, now=datetime.now(UTC))
    again = await counter.complain(MILD)
    assert again.owner == "eva"
    assert (await counter.steps(case))["acknowledge"].content["owner"] is None
    assert again.first_answer_due is not None
    await counter.look(case, again.first_answer_due - timedelta(minutes=1))
    told = await counter.told(case)
    assert {event.data["owner"] for event in told} == {"eva"}
    assert {event.data["step"]["owner"] for event in told if event.data["step"]["id"] == "acknowledge"} == {"eva"}
    await counter.look(case, again.first_answer_due + timedelta(days=1))
    after = [event.data["step"]["owner"] for event in (await counter.told(case))[len(told) :]]
    assert "eva" not in after


async def test_a_queue_gives_way_only_to_a_higher_one(counter: Counter) -> None:
    case = await counter.complain(MILD)
    async with counter.store.write() as connection:
        await reassign(connection, case.id, "crisis_desk", by="ana", note=None, now=datetime.now(UTC))
    assert (await counter.complain(MILD)).owner == "crisis_desk"
    other = await counter.complain(MILD, customer={"id": "eva"})
    assert (await counter.complain(MILD, customer={"id": "eva"})).owner == "senior_care" != other.owner


async def test_an_answer_is_due_for_whoever_asked(counter: Counter) -> None:
    case = await counter.complain(MILD)
    before = await counter.case(case.id)
    answers = [await counter.write(THANKS), await counter.write({"complaint": None, "language": "other"})]
    assert [answer.case and answer.case.id for answer in answers] == [case.id] * 2
    after = await counter.case(case.id)
    assert (after.plan, after.revision, after.complaints) == (before.plan, 1, 1)
    assert after.next_at == answers[1].message.accepted_at  # the sweep finds it if the signal is lost
    await counter.look(case)
    (told,) = await counter.told(case)
    assert (told.data["reason"], told.data["answer"]) == ("customer_answered", answers[1].message.id)
    assert told.data["step"]["id"] == "find_expectation"
    await counter.look(case)
    assert len(await counter.told(case)) == 1
    await counter.do(case, "find_expectation", "listen")
    third = await counter.write(THANKS)
    await counter.look(case)
    assert [event.data.get("answer") for event in await counter.told(case)][-1] == third.message.id
    assert (await counter.told(case))[-1].data["step"]["id"] == "confirm_solved"
    assert await counter.history(case) == [
        "case.opened", "customer.answered", "customer.answered", "step.completed", "step.completed",
        "customer.answered",
    ]  # fmt: skip
    assert await counter.unsound() == []


async def closed(counter: Counter, case: CaseRecord, outcome: Outcome = Outcome.RECOVERED, **more: Any) -> datetime:
    """Close a case and return when to check again."""
    async with counter.store.write() as connection:
        await close(connection, case.id, outcome, by="ana", note=None, now=datetime.now(UTC), **more)
    at = (await counter.look(case)).follow_up_at
    return at or datetime.now(UTC)


async def test_a_complaint_soon_after_the_end_shows_that_it_was_none(counter: Counter) -> None:
    case = await counter.complain({"motive": ["improvement"]})
    await closed(counter, case)
    again = await counter.complain(MILD)
    assert (again.id, again.status, again.outcome) == (case.id, "open", None)
    assert (again.double_deviation, again.complaints, again.openings) == (True, 2, 2)
    assert "report_change" in await counter.steps(case)
    assert (await counter.history(case))[-2:] == ["case.reopened", "case.escalated"]
    assert (await counter.told(case, "case.escalated"))[-1].data["reason"] == "double_deviation"
    assert await counter.unsound() == []


async def test_the_time_that_a_case_was_over_is_not_counted_against_its_pay_out(counter: Counter) -> None:
    opened = datetime(2025, 3, 3, 12, tzinfo=UTC)
    accepted = await counter.write({**GRAVE, "severity": "low"}, received_at=opened)
    assert accepted.case is not None
    case, again = accepted.case, opened + timedelta(days=4)
    due = (await counter.steps(case))[PAY].due_at
    assert due is not None
    assert due < again
    async with counter.store.write() as connection:
        await close(connection, case.id, Outcome.RECOVERED, by="ana", note=None, now=opened)
    second = replace(accepted.message, id=new_id(), external_id="again", received_at=again, accepted_at=again)
    async with counter.store.write() as connection:
        found = Classification.from_dict(second.classification)
        assert (await take_up(connection, second, found, PLANNER, now=again)).id == case.id
    assert (await counter.steps(case))[PAY].due_at == due + timedelta(days=4)
    await counter.look(case, again)
    assert await counter.told(case, "case.escalated") == []


@pytest.mark.parametrize("outcome", [Outcome.LOST, Outcome.REFUSED])
async def test_after_an_end_without_recovery_a_complaint_is_another_case(counter: Counter, outcome: Outcome) -> None:
    case = await counter.complain(MILD)
    await closed(counter, case, outcome)
    assert (await counter.complain(MILD)).id != case.id
    await closed(counter, case := await counter.complain(MILD), outcome)
    assert (await counter.write(THANKS)).case is None


async def test_thanks_for_the_question_whether_all_is_well_reach_who_asked(counter: Counter) -> None:
    case = await counter.complain({"motive": ["improvement"]})
    at = await closed(counter, case)
    soon = await counter.write(THANKS)
    assert soon.case is not None
    assert await counter.told(case) == []  # nobody has asked yet
    assert await follow_up(counter.store, case.id, 1, at)
    thanks = await counter.write(THANKS)
    told = (await counter.told(case))[-1]
    assert (told.data["answer"], told.data["step"]["id"]) == (thanks.message.id, "confirm_solved")
    assert (await counter.case(case.id)).status == "closed"
    await counter.do(case, "confirm_solved")
    assert not await follow_up(counter.store, case.id, 1, at)


async def test_what_leaves_the_door_open_is_done_after_the_end(counter: Counter) -> None:
    key = {"id": "ana", "country": "BR", "value_tier": "key"}
    case = await counter.complain({"motive": ["improvement", "altruism"]}, customer=key)
    await counter.do(case, "record_cause")
    at = await closed(counter, case)
    steps = await counter.steps(case)
    left = {name for name, step in steps.items() if step.status == StepStatus.PENDING}
    assert left == {
        "confirm_solved", "report_change", "tell_fixed_for_others", "record_remedy", "thank", "financial_benefit",
        "personalise", "bond",
    }  # fmt: skip
    assert {step.status for name, step in steps.items() if name not in left} == {StepStatus.SKIPPED, StepStatus.DONE}
    assert await follow_up(counter.store, case.id, 1, at)
    told = [(event.data["step"]["id"], event.data["step"].get("follow_up")) for event in await counter.told(case)]
    assert told[0] == ("confirm_solved", True)
    assert sorted(name for name, _ in told) == sorted(left)
    await counter.do(case, "report_change", "thank")
    assert not await follow_up(counter.store, case.id, 1, at)


async def test_of_a_lost_customer_nothing_is_left_to_do(counter: Counter) -> None:
    case = await counter.complain({"motive": ["improvement"]})
    await closed(counter, case, Outcome.LOST)
    assert {step.status for step in (await counter.steps(case)).values()} == {StepStatus.SKIPPED}
