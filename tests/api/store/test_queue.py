from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from api.store import cases, queue
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.queue import Place, QueueFilter
from api.store.records import CaseRecord, CaseStatus, StepRecord, StepStatus

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def hours(number: float) -> datetime:
    return NOW + timedelta(hours=number)


async def opened(
    store: Store, dues: Sequence[float | None], status: str = "open", done: int = 0, **more: object
) -> str:
    """Store a case whose steps are due in so many hours, the first ``done`` of them done."""
    values: dict[str, object] = {
        "id": new_id(), "status": status, "opened_at": NOW, "updated_at": NOW, "closed_at": None, "channel": "email",
        "thread_id": None, "customer_id": None, "customer": None, "priority": "normal", "owner": "desk",
        "first_answer_due": None, "resolution_due": None, "policy_version": None, "double_deviation": False,
        "complaints": 1, "revision": 2, "plan": {"much": "text"}, "outcome": None,
    }  # fmt: skip
    case = CaseRecord(**{**values, **more})  # type: ignore[arg-type]
    old = StepRecord(case.id, 1, "old", 1, StepStatus.SUPERSEDED, hours(-100), {})
    steps = [
        StepRecord(
            case.id, 2, f"step-{place}", place, StepStatus.DONE if place <= done else StepStatus.PENDING,
            None if due is None else hours(due), {"place": place},
        )
        for place, due in enumerate(dues, 1)
    ]  # fmt: skip
    async with store.write() as connection:
        await cases.add(connection, case)
        await cases.add_steps(connection, [old, *steps])
    return case.id


async def listed(store: Store, wanted: QueueFilter = QueueFilter(), **more: object) -> list[tuple[str, str]]:  # noqa: B008
    async with store.read() as connection:
        found = await queue.page(connection, wanted, after=more.get("after"), limit=int(str(more.get("limit", 50))))  # type: ignore[arg-type]
    return [(item.case.id, item.step.id if item.step else "") for item in found]


async def test_the_case_whose_next_step_is_due_first_comes_first(store: Store) -> None:
    later = await opened(store, [5, 9])
    sooner = await opened(store, [1, 20])
    half_done = await opened(store, [-50, 3], done=1)
    assert await listed(store) == [(sooner, "step-1"), (half_done, "step-2"), (later, "step-1")]


async def test_of_steps_due_together_the_first_is_next_and_the_case_is_listed_once(store: Store) -> None:
    case = await opened(store, [2, 2, 2])
    assert await listed(store) == [(case, "step-1")]


async def test_cases_that_are_over_or_have_nothing_to_do_are_not_in_it(store: Store) -> None:
    await opened(store, [1], status=CaseStatus.CLOSED)
    finished = await opened(store, [1, 2], done=2)
    over = await opened(store, [1], status=CaseStatus.CANCELLED)
    assert await listed(store) == []
    async with store.read() as connection:
        ready = await queue.ended(connection, QueueFilter(), open_ones=True, before=None, limit=9)
        ended = await queue.ended(connection, QueueFilter(), open_ones=False, before=None, limit=9)
        last = await queue.ended(connection, QueueFilter(), open_ones=False, before=over, limit=9)
    assert [item.case.id for item in ready] == [finished]
    assert (ended[0].case.id, len(ended)) == (over, 2)
    assert len(last) == 1


async def test_pages_follow_each_other_also_where_cases_are_due_together(store: Store) -> None:
    all_of_them = [await opened(store, [due, 30]) for due in (1, 2, 2, 2, 3)]
    first = await listed(store, limit=3)
    rest = await listed(store, after=Place(hours(2), first[-1][0]))
    assert [case for case, _ in first + rest] == all_of_them


async def test_filters_narrow_it(store: Store) -> None:
    urgent = await opened(store, [1], priority="urgent", owner="crisis", channel="chat", double_deviation=True)
    await opened(store, [8])
    for wanted in (
        QueueFilter(priority="urgent"), QueueFilter(owner="crisis"), QueueFilter(channel="chat"),
        QueueFilter(double_deviation=True), QueueFilter(due_before=hours(2)),
    ):  # fmt: skip
        assert [case for case, _ in await listed(store, wanted)] == [urgent]
    async with store.read() as connection:
        assert await queue.choices(connection) == (["crisis", "desk"], ["chat", "email"])


async def test_open_and_late_cases_are_counted_once(store: Store) -> None:
    await opened(store, [-1, -2, 5])
    await opened(store, [5])
    await opened(store, [-5], status=CaseStatus.CLOSED)
    async with store.read() as connection:
        assert await queue.counts(connection, NOW) == (2, 1)


async def test_plans_are_not_read_for_a_list(store: Store) -> None:
    await opened(store, [1])
    async with store.read() as connection:
        (item,) = await queue.page(connection, QueueFilter(), after=None, limit=1)
    assert item.case.plan is None


async def test_a_step_without_a_time_is_due_when_the_case_is_and_comes_after_those_with_one(store: Store) -> None:
    bare = await opened(store, [None, None], resolution_due=hours(7))
    mixed = await opened(store, [None, 2], resolution_due=hours(7))
    assert await listed(store) == [(mixed, "step-2"), (bare, "step-1")]
    async with store.read() as connection:
        (_, last) = await queue.page(connection, QueueFilter(), after=None, limit=5)
        assert last.step is not None
        assert last.step.due_at == hours(7)
        assert await queue.ended(connection, QueueFilter(), open_ones=True, before=None, limit=9) == []


async def test_what_is_due_next_follows_every_change_of_a_plan(store: Store) -> None:
    def later(step: StepRecord) -> StepRecord:
        return replace(step, due_at=step.due_at and step.due_at + timedelta(hours=2))

    name = await opened(store, [1, 5])
    async with store.write() as connection:
        case = await cases.get(connection, name)
        assert case is not None
        step = next(step for step in await cases.steps_of(connection, name) if step.id == "step-1")
        await cases.complete(connection, replace(step, status=StepStatus.DONE, completed_at=NOW))
    assert await listed(store) == [(name, "step-2")]
    async with store.write() as connection:
        await cases.change_pending(connection, name, StepStatus.SKIPPED)
    assert await listed(store) == []
    async with store.write() as connection:
        await cases.revive(connection, case, later)
    assert await listed(store, QueueFilter(due_before=hours(7.5))) == [(name, "step-2")]
    planned = replace(case, revision=3)
    async with store.write() as connection:
        await cases.save(connection, planned)
        await cases.add_steps(connection, [StepRecord(name, 3, "new", 1, StepStatus.PENDING, hours(9), {})])
    assert await listed(store) == [(name, "new")]
    async with store.write() as connection:
        await cases.save(connection, replace(planned, status=CaseStatus.CLOSED))
    assert await listed(store) == []


@pytest.mark.parametrize("wanted", [QueueFilter(owner="nobody"), QueueFilter(channel="none", priority="urgent")])
async def test_lists_are_narrowed_within_an_index(store: Store, wanted: QueueFilter) -> None:
    if not store.is_sqlite:
        pytest.skip("SQLite tells its plan in words")
    for number in range(3):
        await opened(store, [number])
    async with store.read() as connection:
        for status in ("open", "closed"):
            query = "EXPLAIN QUERY PLAN SELECT id, plan FROM cases WHERE status = :status AND owner = 'nobody' "
            order = "AND next_due IS NOT NULL ORDER BY next_due, id" if status == "open" else "ORDER BY id DESC"
            plan = (await connection.execute(sa.text(query + order), {"status": status})).all()
            name = "ix_cases_queue" if status == "open" else "ix_cases_newest"
            assert [name in str(line) for line in plan] == [True], plan
        assert await queue.page(connection, wanted, after=None, limit=5) == []
