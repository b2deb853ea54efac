"""What comes late is counted: corrections, reviews, erasures, cases that end; before and after the days are counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.analytics.columns import Words, decode
from api.analytics.figures import Overview
from api.analytics.layout import FIELDS
from api.analytics.reader import Analytics, count_change
from api.analytics.refresh import Refresher, refresh
from api.analytics.selection import Selection
from api.corrections import keep
from api.store import analytics, cases, messages
from api.store.analytics import OutdatedError, Segment
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.records import CaseRecord, MessageRecord, ReviewStatus, StepRecord
from tests.api.early_warning.history import complaint, record

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
DAYS = Selection(date(2026, 3, 1), date(2026, 3, 21))
Look = Callable[[], Awaitable[Overview]]


async def add(store: Store, received: datetime = NOW, **more: Any) -> MessageRecord:
    """Store a complaint of high severity about fulfilment."""
    result = complaint()
    message = record(received, result, **more)
    async with store.write() as connection:
        await messages.add(connection, message, result)
    return message


def case(**more: Any) -> CaseRecord:
    values: dict[str, Any] = {
        "id": new_id(), "status": "open", "opened_at": NOW, "updated_at": NOW, "closed_at": None, "channel": "email",
        "thread_id": None, "customer_id": None, "customer": None, "priority": "normal", "owner": "desk",
        "first_answer_due": NOW + timedelta(hours=8), "resolution_due": NOW + timedelta(days=3), "policy_version": None,
        "double_deviation": False, "complaints": 1, "revision": 1, "plan": None, "outcome": None,
    }  # fmt: skip
    return CaseRecord(**{**values, **more})


@pytest.fixture(params=[False, True], ids=["changed since", "counted"])
def look(request: pytest.FixtureRequest, store: Store) -> Look:
    """Return what shows the first screen: of days that changed since they were counted, or that were counted again."""
    kept = Analytics(store, clock=lambda: NOW + timedelta(days=1))

    async def overview() -> Overview:
        if request.param:
            await refresh(store)
            async with store.read() as connection:
                assert await analytics.changes(connection) == []
        found = await kept.overview(DAYS)
        assert found == await Analytics(store, clock=lambda: NOW + timedelta(days=1)).overview(DAYS)
        return found

    return overview


async def test_a_message_that_arrives_late_belongs_to_its_day(store: Store, look: Look) -> None:
    await add(store)
    assert (await look()).messages.now == 1
    await add(store, NOW - timedelta(days=9))
    await add(store, NOW - timedelta(days=30))
    found = await look()
    assert (found.messages.now, found.messages.before) == (2, 1)
    assert [day.day for day in found.volume if day.messages] == [date(2026, 3, 11), date(2026, 3, 20)]


async def test_a_correction_counts_in_place_of_the_model(store: Store, look: Look) -> None:
    message = await add(store)
    before = await look()
    async with store.write() as connection:
        await keep(connection, message, {"complaint": True, "severity": "low", "motive": ["altruism"]})
    found = await look()
    assert [each.label for each in before.severities if each.count.now] == ["high"]
    assert [each.label for each in found.severities if each.count.now] == ["low"]
    assert [each.label for each in found.motives if each.count.now] == ["altruism"]
    assert [each.label for each in found.touchpoints if each.count.now] == ["fulfilment"]
    async with store.write() as connection:
        await keep(connection, message, {"complaint": False})
    found = await look()
    assert (found.complaints.now, sum(each.count.now for each in found.severities)) == (0, 0)


async def test_a_review_ends_a_need(store: Store, look: Look) -> None:
    message = await add(store, review="needed")
    assert (await look()).needing_review.now.count == 1
    async with store.write() as connection:
        await messages.set_review(connection, message.id, ReviewStatus.DONE)
    assert (await look()).needing_review.now.count == 0


async def test_what_is_erased_is_gone_from_every_figure(store: Store, look: Look) -> None:
    message = await add(store)
    await add(store)
    async with store.write() as connection:
        await keep(connection, message, {"complaint": True})
    assert (await look()).messages.now == 2
    async with store.write() as connection:
        await connection.execute(sa.text("DELETE FROM messages WHERE id = :id"), {"id": message.id})
    assert (await look()).messages.now == 1
    async with store.write() as connection:
        await connection.execute(sa.text("DELETE FROM messages"))
    assert (await look()).messages.now == 0


async def test_a_case_is_followed_to_its_end(store: Store, look: Look) -> None:
    opened = case()
    async with store.write() as connection:
        await cases.add(connection, opened)
        step = StepRecord(opened.id, 1, "greet", 1, "pending", NOW, {"id": "greet", "stage": "greet"})
        await cases.add_steps(connection, [step])
    first, resolution = (await look()).deadlines
    assert (first.missed.now, first.pending.now) == (1, 0)
    assert (resolution.missed.now, resolution.pending.now) == (0, 1)
    async with store.write() as connection:
        await cases.complete(connection, replace(step, status="done", completed_at=NOW + timedelta(hours=1)))
    first, _ = (await look()).deadlines
    assert (first.met.now.count, first.missed.now) == (1, 0)
    async with store.write() as connection:
        closed = replace(opened, status="closed", closed_at=NOW + timedelta(days=4), outcome="lost")
        await cases.save(connection, closed)
    _, resolution = (await look()).deadlines
    assert (resolution.missed.now, resolution.pending.now) == (1, 0)
    async with store.write() as connection:
        await cases.save(connection, replace(closed, status="cancelled"))
    assert (await look()).cases.now == 0


async def test_a_case_has_the_labels_of_the_message_that_opened_it(store: Store) -> None:
    opened = case()
    async with store.write() as connection:
        await cases.add(connection, opened)
    message = await add(store, case_id=opened.id)
    kept = Analytics(store)
    for label, count in (("high", 1), ("low", 0)):
        found = await kept.overview(replace(DAYS, labels={"severity": (label,)}))
        assert found.cases.now == count
    async with store.write() as connection:
        await keep(connection, message, {"complaint": True, "severity": "low"})
    assert (await kept.overview(replace(DAYS, labels={"severity": ("low",)}))).cases.now == 1


async def test_only_the_hours_that_changed_are_counted_again(store: Store) -> None:
    others = [await add(store, NOW - timedelta(hours=hours), channel="email") for hours in (1, 2, 3)]
    opened = case()
    async with store.write() as connection:
        await cases.add(connection, opened)
    await refresh(store)
    await add(store, channel="chat", case_id=opened.id)
    async with store.write() as connection:
        await keep(connection, others[2], {"complaint": True, "severity": "low"})
        await connection.execute(sa.text("DELETE FROM messages WHERE id = :id"), {"id": others[1].id})
        await cases.save(connection, replace(opened, status="closed", closed_at=NOW, outcome="lost"))

    async with store.read() as connection:
        changed = await analytics.changes(connection)
        read = [len(await analytics.message_rows(connection, NOW.date(), change.hours)) for change in changed]
    assert [(change.kind, change.hours) for change in changed] == [("case", (12,)), ("message", (9, 10, 12))]
    assert read == [1, 2]
    for change in changed:
        mended, whole = [await count_change(store, each) for each in (change, replace(change, hours=None))]
        assert cells(mended) == cells(whole)


async def test_words_that_are_gone_are_forgotten(store: Store) -> None:
    await add(store, NOW - timedelta(hours=1), channel="email")
    only = await add(store, channel="chat")
    await refresh(store)
    async with store.write() as connection:
        await connection.execute(sa.text("DELETE FROM messages WHERE id = :id"), {"id": only.id})

    assert (await Analytics(store).choices()).channels == ["email"]


async def test_a_change_without_an_hour_is_of_the_whole_day(store: Store) -> None:
    await add(store)
    await refresh(store)
    async with store.write() as connection:
        await connection.execute(sa.text("UPDATE messages SET channel = 'letter'"))
        await connection.execute(sa.text("DELETE FROM cell_changes"))
        await connection.execute(sa.text("INSERT INTO cell_changes (kind, day) VALUES ('message', '2026-03-20')"))

    assert (await Analytics(store).choices()).channels == ["letter"]


def cells(segment: Segment) -> list[tuple[object, ...]]:
    """Return a day's cells, their words in full, however these are numbered."""
    columns, named = decode(segment, Words()), ("channel", "country")
    words = [[["", *segment.terms[name]][number] for number in columns.of(name)] for name in named]
    numbers = [columns.of(name).tolist() for name in FIELDS if name not in named]
    return sorted(zip(*words, *numbers, columns.hour.tolist(), columns.count.tolist(), strict=True))


async def test_cells_that_others_stored_meanwhile_are_not_overwritten(store: Store) -> None:
    await add(store)
    async with store.read() as connection:
        (change,) = await analytics.changes(connection)
    old = await count_change(store, change)
    await add(store)
    await refresh(store)
    with pytest.raises(OutdatedError):
        await store.change(lambda connection: analytics.replace(connection, old, change))
    assert (await Analytics(store).overview(DAYS)).messages.now == 2


async def test_an_older_change_that_comes_to_light_is_not_forgotten(store: Store) -> None:
    await add(store)
    async with store.read() as connection:
        (change,) = await analytics.changes(connection)
    cells = await count_change(store, change)
    missed = replace(change, count=change.count - 1)
    with pytest.raises(OutdatedError):
        await store.change(lambda connection: analytics.replace(connection, cells, missed))
    async with store.read() as connection:
        assert await analytics.changes(connection) == [change]


async def test_two_that_count_at_the_same_time_agree(store: Store) -> None:
    for days in range(12):
        await add(store, NOW - timedelta(days=days))
    await asyncio.gather(refresh(store), refresh(store), Analytics(store).overview(DAYS))
    await refresh(store)
    async with store.read() as connection:
        assert await analytics.changes(connection) == []
    assert (await Analytics(store).overview(DAYS)).messages.now == 12


async def test_it_goes_on_in_the_background(store: Store) -> None:
    refresher = Refresher(store, 0.01)
    refresher.start()
    await add(store)
    for _ in range(500):
        async with store.read() as connection:
            if not await analytics.changes(connection):
                break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("the day was not counted")
    await refresher.stop()


async def test_what_was_read_beforehand_is_not_read_again(store: Store) -> None:
    await add(store)
    await add(store, NOW - timedelta(days=9))
    await refresh(store)
    kept = Analytics(store, clock=lambda: NOW + timedelta(days=1))
    await kept.warm()
    held = dict(kept._days)
    assert {day for _, day in held} == {date(2026, 3, 20), date(2026, 3, 11)}
    assert (await kept.overview(DAYS)).messages.now == 2
    assert kept._days == held


async def test_the_service_reads_beforehand_once_before_it_counts(store: Store) -> None:
    done: list[int] = []

    async def warm() -> None:
        async with store.read() as connection:
            done.append(len(await analytics.changes(connection)))

    await add(store)
    refresher = Refresher(store, 0.01, warm)
    refresher.start()
    async with asyncio.timeout(20):
        while True:
            async with store.read() as connection:
                if not await analytics.changes(connection):
                    break
            await asyncio.sleep(0.02)
    await refresher.stop()
    assert done == [1]
