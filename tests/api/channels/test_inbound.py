"""What arrived is looked at once, in the order of its conversation, and again if that failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.batching import QueueFullError
from api.channels.arrival import TagsSeen, Wrote
from api.channels.desk import DeskError
from api.channels.inbound import Inbound, Line, taken_in
from api.channels.pace import PacedError
from api.channels.tickets import wrote as ticket
from api.errors import ErasedError
from api.intake import Incoming
from api.store import inbound
from api.store.database import Store
from api.store.inbound import InboundKind, InboundRecord

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Looker:
    """Keeps what it was shown; fails as long as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.seen: list[str] = []

    async def __call__(self, record: InboundRecord) -> tuple[str, str | None]:
        if self.failures:
            raise self.failures.pop(0)
        self.seen.append(record.key)
        return "seen", None


def wrote(name: str, thread: str = "t") -> Wrote:
    return Wrote(name, Incoming("chatwoot", name, f"queja {name}", thread_id=thread))


async def settled(box: Inbound, line: Line, clock: Clock, **step: float) -> None:
    for _ in range(40):
        await box.turn(line)
        clock.now += timedelta(**step or {"seconds": 2})


async def statuses(store: Store) -> dict[str, int]:
    async with store.read() as connection:
        return await inbound.counts(connection)


async def test_each_is_kept_and_looked_at_once(store: Store) -> None:
    box, look = Inbound(store, clock=Clock()), Looker()
    assert await box.put([wrote("a"), wrote("b"), wrote("a")]) == [True, True, False]
    assert await box.put([wrote("a")]) == [False]
    line = Line(InboundKind.MESSAGE, look)
    assert await box.turn(line)
    assert not await box.turn(line)
    assert look.seen == ["a", "b"]
    assert await statuses(store) == {"done": 2}


class Counter:
    """Takes messages in, and turns all of them away."""

    def __init__(self) -> None:
        self.handed: list[Incoming] = []

    async def accept(self, incoming: Incoming) -> None:
        self.handed.append(incoming)
        raise ErasedError("erased")


async def test_a_message_without_a_time_came_when_it_was_told_of(store: Store) -> None:
    clock, counter, at = Clock(), Counter(), datetime(2026, 3, 1, tzinfo=UTC)
    came = clock.now
    box = Inbound(store, clock=clock)
    timed = Wrote("b", Incoming("chatwoot", "b", "queja", received_at=at, thread_id="t"))
    await box.put([wrote("a"), timed])
    clock.now += timedelta(hours=5)
    await box.turn(Line(InboundKind.MESSAGE, taken_in(counter)))  # type: ignore[arg-type]
    assert [(each.received_at, each.arrived_at) for each in counter.handed] == [(None, came), (at, came)]
    assert [each.content_hash for each in counter.handed] == [
        wrote("a").message.content_hash,
        timed.message.content_hash,
    ]


async def test_what_is_done_holds_no_word_of_the_customers(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    await box.put([wrote("a")])
    await box.turn(Line(InboundKind.MESSAGE, Looker()))
    async with store.write() as connection:
        assert await inbound.claim(connection, InboundKind.MESSAGE, "w", now=clock(), until=clock(), limit=9) == []
        assert await inbound.forget(connection, clock() + timedelta(seconds=1)) == 1


async def test_a_conversation_waits_for_what_failed_and_others_do_not(store: Store) -> None:
    clock = Clock()
    box, look = Inbound(store, clock=clock), Looker(DeskError("no"))
    await box.put([wrote("a"), wrote("b"), wrote("c", "another")])
    line = Line(InboundKind.MESSAGE, look)
    await box.turn(line)
    assert look.seen == ["c"]
    await settled(box, line, clock)
    assert look.seen == ["c", "a", "b"]


async def test_a_full_queue_is_waited_for_without_end(store: Store) -> None:
    clock = Clock()
    box, look = Inbound(store, clock=clock), Looker(*(QueueFullError(retry_after=1) for _ in range(30)))
    await box.put([wrote("a")])
    await settled(box, Line(InboundKind.MESSAGE, look), clock)
    assert look.seen == ["a"]


async def test_what_always_fails_is_given_up_and_kept(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    await box.put([wrote("a")])
    await settled(box, Line(InboundKind.MESSAGE, Looker(*(ValueError() for _ in range(99)))), clock, hours=2)
    assert await statuses(store) == {"dead": 1}


async def test_what_another_worker_left_is_taken_over(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    await box.put([wrote("a")])
    async with store.write() as connection:
        until = clock() + timedelta(seconds=30)
        assert await inbound.claim(connection, InboundKind.MESSAGE, "killed", now=clock(), until=until, limit=9)
    look = Looker()
    line = Line(InboundKind.MESSAGE, look)
    assert not await box.turn(line)
    clock.now += timedelta(seconds=31)
    assert await box.turn(line)
    assert look.seen == ["a"]


async def test_neither_a_full_queue_nor_a_crash_is_an_attempt(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    await box.put([wrote("a"), wrote("b")])
    for _ in range(20):
        async with store.write() as connection:
            until = clock() + timedelta(seconds=1)
            assert await inbound.claim(connection, InboundKind.MESSAGE, "killed", now=clock(), until=until, limit=9)
        clock.now += timedelta(seconds=1)
    look = Looker(*(QueueFullError(retry_after=1) for _ in range(20)), DeskError("no"))
    await settled(box, Line(InboundKind.MESSAGE, look), clock)
    assert look.seen == ["a", "b"]
    assert await statuses(store) == {"done": 2}


async def test_what_is_given_back_was_no_attempt(store: Store) -> None:
    clock = Clock()
    await Inbound(store, clock=clock).put([wrote("a")])
    async with store.write() as connection:
        until = clock() + timedelta(seconds=30)
        (claimed,) = await inbound.claim(connection, InboundKind.MESSAGE, "w", now=clock(), until=until, limit=9)
        await inbound.release(connection, "w", clock())
        (again,) = await inbound.claim(connection, InboundKind.MESSAGE, "w", now=clock(), until=until, limit=9)
    assert claimed.attempts == again.attempts == 1


async def test_what_was_told_of_an_erased_message_goes_by_whatever_name(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    said = "Me cobraron dos veces"
    arrivals = [ticket("zendesk", "7", said, now=clock(), name=name, received_at=clock()) for name in (None, "51")]
    assert await box.put([*arrivals, ticket("zendesk", "8", said, now=clock())]) == [True, False, True]

    async def take(record: InboundRecord) -> tuple[str, str | None]:
        return "taken in", f"m-{record.thread_id}"

    await box.turn(Line(InboundKind.MESSAGE, take))
    async with store.write() as connection:
        assert await inbound.drop_told(connection, ["m-7"]) == 2
        left = await inbound.page(connection, channel=None, status=None, before=None, limit=9)
    assert [record.thread_id for record in left] == ["8"]


async def test_a_help_desk_that_says_when_is_not_asked_before(store: Store) -> None:
    clock = Clock()
    box, look = Inbound(store, clock=clock), Looker(DeskError("429", status=429, wait=timedelta(minutes=30)))
    await box.put([TagsSeen("zendesk", "t", ("vip",))])
    line = Line(InboundKind.TAGS, look)
    await settled(box, line, clock, seconds=40)
    assert not look.seen
    await settled(box, line, clock, seconds=40)
    assert len(look.seen) == 1


async def test_what_is_put_off_for_the_rate_is_no_attempt(store: Store) -> None:
    clock = Clock()
    box, look = Inbound(store, clock=clock), Looker(*(PacedError(timedelta(seconds=20)) for _ in range(20)))
    await box.put([TagsSeen("zendesk", "t", ("vip",))])
    await settled(box, Line(InboundKind.TAGS, look), clock, seconds=21)
    assert await statuses(store) == {"done": 1}


async def test_a_conversation_that_is_gone_is_done_with(store: Store) -> None:
    clock = Clock()
    box = Inbound(store, clock=clock)
    await box.put([TagsSeen("zendesk", "t", ("vip",))])
    await box.turn(Line(InboundKind.TAGS, Looker(DeskError("the help desk answered 404", status=404, final=True))))
    assert await statuses(store) == {"done": 1}


async def test_no_more_are_looked_at_at_once_than_the_line_says(store: Store) -> None:
    box, look = Inbound(store, clock=Clock()), Looker()
    await box.put([TagsSeen("zendesk", str(number), ("vip",)) for number in range(5)])
    await box.turn(Line(InboundKind.TAGS, look, at_once=2))
    assert len(look.seen) == 2


async def test_tags_and_messages_are_two_lines(store: Store) -> None:
    box, look = Inbound(store, clock=Clock()), Looker()
    await box.put([TagsSeen("chatwoot", "t", ("vip",)), TagsSeen("chatwoot", "t", ("vip",)), wrote("a")])
    await box.turn(Line(InboundKind.MESSAGE, look))
    assert look.seen == ["a"]
    await box.turn(Line(InboundKind.TAGS, look))
    assert len(look.seen) == 3
