import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from dbos import DBOS

from api.case_changes import cancel, reopen
from api.cases import close, complete_step
from api.intake import Incoming
from api.store import cases, outbox
from api.store.records import OutboxKind, Outcome, StepStatus
from tests.api.workflow.conftest import PAY, Desk, FastClock, Open, Staged, until

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def finished(desk: Desk) -> bool:
    """Say whether the workflows were told all that happened."""
    async with desk.store.read() as connection:
        return not await outbox.pending(connection, OutboxKind.WORKFLOW)


async def seen(desk: Desk, case_id: str, moment: datetime | None) -> bool:
    return (await desk.case(case_id)).next_at == moment


async def test_a_step_that_is_done_is_not_told_and_moves_the_next_look(desk: Desk) -> None:
    case_id = await desk.complain()
    opened = (await desk.case(case_id)).opened_at
    async with desk.working():
        await until(lambda: seen(desk, case_id, opened + 6 * HOUR))
        async with desk.store.write() as connection:
            await complete_step(connection, case_id, "greet", by="erp", note=None, now=datetime.now(UTC))
        await until(lambda: seen(desk, case_id, opened + 36 * HOUR))
    assert not await desk.events(case_id, "step.due")
    assert await desk.history(case_id) == ["case.opened", "step.completed"]


async def test_a_guarantee_is_paid_at_once_and_without_proof(open_desk: Open) -> None:
    desk = await open_desk(Staged(guarantee=True))
    case_id = await desk.complain()
    clock = FastClock()
    async with desk.working(clock=clock):
        (told,) = await until(lambda: desk.events(case_id, "step.due"))
        claim = {"id": "late", "promise": "grátis", "payout": "refund", "share": 1.0, "step": PAY}
        assert told.data["step"]["guarantee"] == {**claim, "proof_required": False}
        assert (told.data["step"]["id"], told.data["step"]["automatic"]) == (PAY, True)
        clock.set(clock.now() + 25 * HOUR)
        found = await until(lambda: desk.events(case_id, "case.escalated"))
    assert {event.data["reason"] for event in found} == {"first_answer_missed", "payout_missed"}
    (unpaid,) = [event for event in found if event.data["reason"] == "payout_missed"]
    assert unpaid.data["step"]["id"] == PAY


async def test_a_customer_who_writes_again_gets_the_new_plan_seen_through(desk: Desk) -> None:
    case_id = await desk.complain("1")
    clock = FastClock()
    async with desk.working(clock=clock):
        await until(lambda: finished(desk))
        assert await desk.complain("2", "Chegou quebrado outra vez.") == case_id
        await until(lambda: finished(desk))
        clock.set(clock.now() + 7 * HOUR)
        await until(lambda: desk.events(case_id, "step.due"))
    due = await desk.events(case_id, "step.due")
    assert [(event.data["step"]["id"], event.data["step"]["revision"]) for event in due] == [("greet", 2)]
    (joined,) = await desk.events(case_id, "case.escalated")
    assert joined.data["reason"] == "double_deviation"


async def test_an_answer_wakes_the_workflow_and_is_told(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    async with desk.working(clock=clock):
        await until(lambda: _is_later(desk, case_id, clock))
        answer = await desk.intake.accept(Incoming("email", "2", "Ficou tudo bien.", thread_id="t"))
        (told,) = await until(lambda: desk.events(case_id, "step.due"))
    assert (told.data["reason"], told.data["answer"]) == ("customer_answered", answer.message.id)
    assert (told.data["step"]["id"], told.data["owner"]) == ("confirm_solved", "desk")
    assert await desk.history(case_id) == ["case.opened", "customer.answered"]


async def test_a_cancelled_case_is_left_alone_and_a_reopened_one_seen_through_again(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    async with desk.working(clock=clock):
        await until(lambda: finished(desk))
        async with desk.store.write() as connection:
            await cancel(connection, case_id, by="ana", note="Duplicada.", now=clock.now())
        await until(lambda: seen(desk, case_id, None))
        clock.set(clock.now() + 100 * HOUR)
        async with desk.store.write() as connection:
            case = await reopen(connection, case_id, by="ana", note=None, now=clock.now())
            steps = await cases.steps_of(connection, case_id)
        assert {step.status for step in steps} == {StepStatus.PENDING}
        assert case.openings == 2
        assert case.first_answer_due is not None
        await until(lambda: _is_later(desk, case_id, clock))
        assert not await desk.events(case_id, "case.escalated")
        clock.set(case.first_answer_due + HOUR)
        (missed,) = await until(lambda: desk.events(case_id, "case.escalated"))
    assert missed.data["reason"] == "first_answer_missed"
    told = [
        (event.type, event.data.get("cancelled"), event.data.get("reopened")) for event in await desk.events(case_id)
    ]
    assert ("case.closed", True, None) in told
    assert ("case.opened", None, True) in told


async def _is_later(desk: Desk, case_id: str, clock: FastClock) -> bool:
    next_at = (await desk.case(case_id)).next_at
    return next_at is not None and next_at > clock.now()


@pytest.mark.parametrize("outcome", [Outcome.LOST, Outcome.REFUSED])
async def test_what_was_not_recovered_is_not_checked_again(desk: Desk, outcome: Outcome) -> None:
    case_id = await desk.complain()
    async with desk.working():
        async with desk.store.write() as connection:
            await close(connection, case_id, outcome, by=None, note=None, now=datetime.now(UTC))
        await until(lambda: seen(desk, case_id, None))


async def test_a_follow_up_can_be_completed_and_a_case_reopened_before_it_has_none(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    async with desk.working(clock=clock):
        async with desk.store.write() as connection:
            closed = await close(connection, case_id, Outcome.RECOVERED, by=None, note=None, now=clock.now())
        assert closed.closed_at is not None
        # 72 hours after the end, as the plan has it between the resolution and the check
        await until(lambda: seen(desk, case_id, closed.closed_at + 72 * HOUR))
        clock.set(closed.closed_at + 74 * HOUR)
        (told,) = await until(lambda: desk.events(case_id, "step.due"))
        async with desk.store.write() as connection:
            case = await complete_step(connection, case_id, "confirm_solved", by="ana", note="Sim.", now=clock.now())
        assert (case.status, told.data["step"]["id"]) == ("closed", "confirm_solved")
        async with desk.store.write() as connection:
            await reopen(connection, case_id, by=None, note=None, now=clock.now())
            await close(connection, case_id, Outcome.RECOVERED, by=None, note=None, now=clock.now())
        await until(lambda: finished(desk))
        clock.set(clock.now() + 200 * HOUR)
        await until(lambda: seen(desk, case_id, None))
    assert len(await desk.events(case_id, "step.due")) == 1  # it was checked already


async def test_a_clock_that_jumps_loses_and_doubles_nothing(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    begin = clock.now()
    async with desk.working(clock=clock):
        await until(lambda: finished(desk))
        clock.set(begin + 10 * HOUR)
        await until(lambda: desk.events(case_id, "case.escalated"))
        clock.set(begin - 30 * HOUR)
        async with desk.store.write() as connection:
            await complete_step(connection, case_id, "greet", by=None, note=None, now=clock.now())
        await until(lambda: finished(desk))
        clock.set(begin + 10 * HOUR)
        await until(lambda: finished(desk))
        clock.set(begin + 100 * HOUR)
        await until(lambda: _escalations(desk, case_id, 2))
    told = [event.data["reason"] for event in await desk.events(case_id, "case.escalated")]
    assert told == ["first_answer_missed", "resolution_missed"]


async def _escalations(desk: Desk, case_id: str, count: int) -> bool:
    return len(await desk.events(case_id, "case.escalated")) == count


async def test_a_workflow_that_was_lost_is_begun_again(desk: Desk) -> None:
    case_id = await desk.complain()
    async with desk.store.write() as connection:  # as if it had been told, and then a disk failed
        entries = await outbox.pending(connection, OutboxKind.WORKFLOW)
        await outbox.finish_all(connection, [entry.id for entry in entries], datetime.now(UTC))
    clock = FastClock()
    async with desk.working(clock=clock):
        clock.set(clock.now() + 9 * HOUR)
        await until(lambda: desk.events(case_id, "case.escalated"))


async def test_what_waits_survives_a_stop(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    async with desk.working(clock=clock):
        await until(lambda: _is_later(desk, case_id, clock))
    async with desk.working(clock=FastClock(clock.now() + 9 * HOUR), sweep=3600):
        await until(lambda: desk.events(case_id, "case.escalated"))
    assert len(await desk.events(case_id, "case.escalated")) == 1


async def test_a_case_runs_under_the_version_it_began_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.taking_up.WORKFLOW_VERSION", "0")
    case_id = await desk.complain()
    begun = await desk.case(case_id)
    assert begun.workflow_version == "0"
    async with desk.working(clock=FastClock(begun.opened_at + 9 * HOUR)):  # of a later version
        await until(lambda: finished(desk))
        await asyncio.sleep(0.5)
        assert not await desk.events(case_id, "case.escalated")
    monkeypatch.setattr("api.workflow.engine.WORKFLOW_VERSION", "0")
    async with desk.working(clock=FastClock(begun.opened_at + 9 * HOUR)):
        await until(lambda: desk.events(case_id, "case.escalated"))


async def test_workflows_that_ended_long_ago_are_forgotten(desk: Desk) -> None:
    case_id, clock = await desk.complain(), FastClock()
    async with desk.working(clock=clock, forget=0.05, keep=timedelta(days=2)) as worker:
        async with desk.store.write() as connection:
            await close(connection, case_id, Outcome.LOST, by=None, note=None, now=clock.now())
        await until(lambda: seen(desk, case_id, None))
        await until(lambda: _state(case_id, "SUCCESS"))
        clock.set(clock.now() + timedelta(days=3))
        await until(lambda: _state(case_id, None))
    assert worker.executor_id == "one"


async def _state(case_id: str, wanted: str | None) -> bool:
    status = await asyncio.to_thread(DBOS.get_workflow_status, case_id)
    return (status and status.status) == wanted
