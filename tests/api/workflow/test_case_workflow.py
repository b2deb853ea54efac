from datetime import UTC, datetime

import pytest

from api.cases import close, complete_step
from api.store.records import Outcome
from tests.api.workflow.conftest import Desk, FastClock, until

pytestmark = pytest.mark.anyio

DAY = 86_400.0


async def test_missed_deadlines_escalate_to_the_next_owner_once(desk: Desk) -> None:
    case_id = await desk.complain()
    async with desk.working(clock=FastClock(speed=DAY)):
        await until(lambda: _count(desk, case_id, "case.escalated", 2))
        await until(lambda: _count(desk, case_id, "step.due", 3))
    told = await desk.events(case_id, "case.escalated")
    assert [(event.data["reason"], event.data["previous_owner"], event.data["owner"]) for event in told] == [
        ("first_answer_missed", "desk", "care"),
        ("resolution_missed", "care", "crisis"),
    ]
    case = await desk.case(case_id)
    assert (case.owner, case.next_at, case.workflow_version) == ("crisis", None, "1")
    assert [event.data["due_at"] for event in told] == [
        moment.isoformat() for moment in (case.first_answer_due, case.resolution_due) if moment
    ]
    assert await desk.history(case_id) == ["case.opened", "case.escalated", "case.escalated"]
    due = [event.data["step"]["id"] for event in await desk.events(case_id, "step.due")]
    assert due == ["greet", "resolve", "confirm_solved"]
    assert all(event.data["classification"] and event.data["message_id"] for event in told)


async def _count(desk: Desk, case_id: str, type_: str, count: int) -> bool:
    return len(await desk.events(case_id, type_)) >= count


async def test_a_case_that_is_closed_is_checked_again_days_later(desk: Desk) -> None:
    case_id, now = await desk.complain(), datetime.now(UTC)
    async with desk.working(clock=FastClock(speed=DAY)):
        async with desk.store.write() as connection:
            for step in ("greet", "resolve"):
                await complete_step(connection, case_id, step, by="ana", note=None, now=now)
            await close(connection, case_id, Outcome.RECOVERED, by="ana", note=None, now=now)
        (told,) = await until(lambda: desk.events(case_id, "step.due"))
    assert (told.data["step"]["id"], told.data["step"]["follow_up"]) == ("confirm_solved", True)
    assert told.created_at >= now
    case = await desk.case(case_id)
    assert (case.status, case.outcome, case.next_at) == ("closed", "recovered", None)
    assert not await desk.events(case_id, "case.escalated")
