from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

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
