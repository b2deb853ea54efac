"""What is sent, when, in which order, and what is left of it; on both databases."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from api.delivery.destinations import change, delete, replay, replay_dead, rotate
from api.delivery.dispatcher import Dispatcher, Timing
from api.delivery.events import matches
from api.delivery.schedule import DELAYS
from api.delivery.sender import Answer
from api.errors import ConflictError, NotFoundError
from api.store import deliveries, destinations, outbox
from api.store.database import Connection, Store, UnavailableError, database_url
from api.store.destinations import DestinationRecord
from api.store.records import OutboxKind
from tests.api.delivery.conftest import START, Clock, Desk
from tests.api.delivery.receiver import OK, SECRET, Receiver, answer

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]


class Scripted:
    """Answers without a network, and keeps what it was sent when."""

    def __init__(self, clock: Clock, *answers: Answer) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.sent: list[tuple[datetime, str]] = []

    async def send(self, claim: Any) -> Answer:
        self.sent.append((self.clock(), claim.event.data["external_id"]))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def close(self) -> None:
        pass

    def dispatcher(self, desk: Desk, **more: Any) -> Dispatcher:
        return Dispatcher(desk.store, {"webhook": self}, clock=self.clock, chance=lambda: 0.5, **more)


DOWN = Answer(error="down", status=500)


async def test_an_event_is_told_as_a_signed_cloud_event(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    await desk.event("1", plan={"priority": "high"})
    await desk.dispatcher().drain()
    (request,), (delivery,) = receiver.taken, await desk.all()
    event = request.event
    assert event.pop("data") == {
        "message_id": None, "external_id": "1", "channel": "email", "case_id": "case", "plan": {"priority": "high"},
    }  # fmt: skip
    assert event == {
        "specversion": "1.0", "id": delivery.event_id, "source": "/recupera", "type": "case.opened",
        "time": "2026-03-01T12:00:00Z", "datacontenttype": "application/json", "subject": "case",
        "partitionkey": "case",
    }  # fmt: skip
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["webhook-id"] == delivery.id
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert (delivery.status, delivery.attempts, delivery.response_status, delivery.error) == ("delivered", 1, 200, None)
    assert delivery.log == [{"attempt": 1, "at": START.isoformat(), "ms": 0, "status": 200, "error": None}]


async def test_who_did_not_ask_is_not_told(desk: Desk, receiver: Receiver) -> None:
    wanting = await desk.destination(receiver.url)
    await desk.destination(receiver.url, events=["message.classified"])
    off = await desk.destination(receiver.url, enabled=False)
    await desk.event("1")
    await desk.event("2", type_="step.due")
    await desk.event("3", type_="nobody.knows")
    await desk.dispatcher().drain()
    states = {(delivery.destination_id, delivery.status) for delivery in await desk.all()}
    assert states == {(wanting.id, "delivered"), (off.id, "pending")}
    assert [request.external_id for request in receiver.asked] == ["1"]


async def test_what_happened_before_there_was_a_destination_is_told_to_none(desk: Desk, receiver: Receiver) -> None:
    dispatcher = desk.dispatcher()
    for number in range(3):
        await desk.event(f"early {number}")
    async with desk.store.write() as connection:
        await outbox.add(connection, outbox.entry(OutboxKind.WORKFLOW, "start", {"case_id": "case"}, desk.clock()))
    assert await dispatcher.turn()
    assert not await dispatcher.turn()
    async with desk.store.read() as connection:
        assert not await outbox.pending(connection, OutboxKind.EVENT)
        assert len(await outbox.pending(connection, OutboxKind.WORKFLOW)) == 1

    await desk.destination(receiver.url)
    await desk.event("late")
    await dispatcher.drain()
    assert [request.external_id for request in receiver.asked] == ["late"]
    assert len(await desk.all()) == 1


async def test_without_a_destination_a_turn_takes_only_so_many_events(desk: Desk) -> None:
    for number in range(3):
        await desk.event(f"{number}")
    async with desk.store.write() as connection:
        assert await deliveries.fan_out(connection, matches, desk.clock(), limit=2) == 2
        (left,) = await outbox.pending(connection, OutboxKind.EVENT)
    assert left.data["external_id"] == "2"


async def test_an_event_of_after_a_new_destination_is_told_to_it_though_both_come_in_the_middle_of_a_turn(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    if desk.store.is_sqlite:
        pytest.skip("SQLite has one writer at a time, so nothing comes in the middle")
    look = destinations.live

    async def interrupted(connection: Connection) -> list[DestinationRecord]:
        found = await look(connection)
        monkeypatch.setattr(destinations, "live", look)
        await desk.destination(receiver.url)
        await desk.event("after it")
        return found

    monkeypatch.setattr(destinations, "live", interrupted)
    await desk.event("before it")
    await desk.dispatcher().drain()
    assert [request.external_id for request in receiver.asked] == ["after it"]


async def test_a_disabled_destination_gets_everything_once_it_is_enabled(desk: Desk, receiver: Receiver) -> None:
    off = await desk.destination(receiver.url, enabled=False)
    for n in range(3):
        await desk.event(str(n))
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    assert receiver.asked == []
    async with desk.store.write() as connection:
        await change(connection, off.id, {"enabled": True}, None, desk.clock())
    await dispatcher.drain()
    assert [request.external_id for request in receiver.taken] == ["0", "1", "2"]


async def test_attempts_follow_the_schedule_to_the_dead_letter(desk: Desk) -> None:
    sender = Scripted(desk.clock, DOWN)
    await desk.destination("http://x")
    await desk.event("1")
    dispatcher = sender.dispatcher(desk)
    await dispatcher.drain()
    while (await desk.all())[0].status == "pending":
        (delivery,) = await desk.all()
        assert delivery.next_at
        desk.clock.now = delivery.next_at - timedelta(milliseconds=1)
        await dispatcher.drain()
        desk.clock.now = delivery.next_at
        await dispatcher.drain()
    moments = [moment for moment, _ in sender.sent]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps == list(DELAYS[1:])
    assert len(moments) == 10
    (dead,) = await desk.all(status="dead")
    assert (dead.attempts, dead.error, dead.next_at, len(dead.log)) == (10, "down", None, 10)


async def test_a_dead_letter_is_replayed_with_its_id(desk: Desk, receiver: Receiver) -> None:
    destination = await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(500)
    for n in range(3):
        await desk.event(str(n), case=f"case {n}")
    dispatcher = desk.dispatcher()
    await desk.settle(dispatcher)
    one, *others = dead = await desk.all(status="dead")
    assert len(dead) == 3
    receiver.answers = lambda _: OK
    async with desk.store.write() as connection:
        again = await replay(connection, one.id, desk.clock())
        assert (again.status, again.attempts, again.log) == ("pending", 0, one.log)
    await dispatcher.drain()
    assert [request.id for request in receiver.taken] == [one.id]
    async with desk.store.write() as connection:
        assert await replay_dead(connection, destination.id, desk.clock()) == 2
        assert await replay_dead(connection, destination.id, desk.clock()) == 0
    await dispatcher.drain()
    assert [request.id for request in receiver.taken] == [one.id, *(other.id for other in others)]
    assert {len(delivery.log) for delivery in await desk.all(status="delivered")} == {11}
    async with desk.store.write() as connection:
        with pytest.raises(NotFoundError):
            await replay(connection, "nothing", desk.clock())


async def test_what_waits_is_sent_at_once_when_it_is_replayed(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(500)
    await desk.event("1")
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    receiver.answers = lambda _: OK
    await dispatcher.drain()
    assert not receiver.taken
    (waiting,) = await desk.all()
    async with desk.store.write() as connection:
        await replay(connection, waiting.id, desk.clock())
    await dispatcher.drain()
    assert len(receiver.taken) == 1


async def test_gone_disables_and_leaves_a_dead_letter(desk: Desk, receiver: Receiver) -> None:
    destination = await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(410)
    await desk.event("1")
    await desk.event("2")
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    desk.clock.forward(days=9)
    await dispatcher.drain()
    assert [delivery.status for delivery in await desk.all()] == ["dead", "pending"]
    assert len(receiver.asked) == 1
    gone = await desk.again(destination)
    assert (gone.enabled, gone.disabled_reason) == (False, "gone: the destination answered 410")
    async with desk.store.write() as connection:
        with pytest.raises(ConflictError, match="disabled"):
            await replay_dead(connection, destination.id, desk.clock())
        await change(connection, destination.id, {"enabled": True}, None, desk.clock())
        await replay_dead(connection, destination.id, desk.clock())
    receiver.answers = lambda _: OK
    await dispatcher.drain()
    assert [request.external_id for request in receiver.taken] == ["1", "2"]


async def test_retry_after_is_kept_to_and_holds_the_others_back(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(429, Retry_After="600")
    await desk.event("1", case="a")
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    receiver.answers = lambda _: OK
    await desk.event("2", case="b")
    desk.clock.forward(seconds=599)
    await dispatcher.drain()
    assert not receiver.taken
    desk.clock.forward(seconds=1)
    await dispatcher.drain()
    assert {request.external_id for request in receiver.taken} == {"1", "2"}


async def test_an_hour_down_loses_nothing_and_keeps_each_case_in_order(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(503)
    dispatcher = desk.dispatcher()
    number = 0
    for _ in range(60):
        for case in ("a", "b", "c"):
            await desk.event(f"{case}{number}", case=case)
            number += 1
        await dispatcher.drain()
        desk.clock.forward(minutes=1)
    assert not receiver.taken
    assert len(receiver.asked) < 60  # the pauses spare a receiver that is down
    receiver.answers = lambda _: OK
    await desk.settle(dispatcher, minutes=10)
    taken = defaultdict(list)
    for request in receiver.taken:
        taken[request.event["data"]["case_id"]].append(int(request.external_id[1:]))
    assert taken == {case: list(range(start, 180, 3)) for start, case in enumerate("abc")}
    assert len({request.id for request in receiver.taken}) == 180
    assert desk.clock() < START + timedelta(hours=4)
    assert {delivery.status for delivery in await desk.all()} == {"delivered"}


async def test_one_case_does_not_hold_up_another(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    receiver.answers = lambda request: answer(422) if request.external_id == "bad" else OK
    await desk.event("bad", case="a")
    await desk.event("behind", case="a")
    await desk.event("other", case="b")
    await desk.event("alert", case=None)
    await desk.dispatcher().drain()
    assert {request.external_id for request in receiver.taken} == {"other", "alert"}


async def test_after_failures_in_a_row_one_alone_tries(desk: Desk) -> None:
    destination = await desk.destination("http://x")
    sender = Scripted(desk.clock, DOWN)
    for n in range(20):
        await desk.event(str(n), case=str(n))
    dispatcher = sender.dispatcher(desk)
    await dispatcher.drain()
    assert len(sender.sent) == 8  # as many as go at a time
    paused = await desk.again(destination)
    assert (paused.failures, paused.paused_until) == (5, START + timedelta(seconds=30))
    desk.clock.forward(seconds=30)
    await dispatcher.drain()
    assert len(sender.sent) == 9
    assert (await desk.again(destination)).paused_until == desk.clock() + timedelta(minutes=1)
    sender.answers = [Answer()]
    desk.clock.forward(minutes=1)
    await dispatcher.drain()
    whole = await desk.again(destination)
    assert (whole.failures, whole.paused_until) == (0, None)
    await desk.settle(dispatcher)
    assert len(await desk.all(status="delivered")) == 20


async def test_no_more_than_asked_for_at_a_time(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url, concurrency=3)
    receiver.delay = 0.02
    for n in range(12):
        await desk.event(str(n), case=str(n))
    await desk.dispatcher().drain()
    assert len(receiver.taken) == 12
    assert receiver.most_together == 3


async def test_no_more_than_asked_for_a_second(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url, rate=2.0)
    for n in range(7):
        await desk.event(str(n), case=str(n))
    dispatcher, arrived = desk.dispatcher(), []
    for _ in range(5):
        await dispatcher.drain()
        arrived.append(len(receiver.taken))
        desk.clock.forward(seconds=1)
    assert arrived == [2, 4, 6, 7, 7]


async def test_two_workers_share_the_work_and_send_nothing_twice(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url, concurrency=4)
    receiver.delay = 0.005
    for n in range(60):
        await desk.event(str(n), case=f"case {n % 7}")
    one, two = desk.dispatcher(), desk.dispatcher()

    async def work(dispatcher: Dispatcher) -> None:
        while len(receiver.taken) < 60:
            await dispatcher.drain()
            await asyncio.sleep(0.002)

    async with asyncio.timeout(60):
        await asyncio.gather(work(one), work(two))
    assert set(Counter(request.id for request in receiver.asked).values()) == {1}
    assert receiver.most_together <= 4
    taken = defaultdict(list)
    for request in receiver.taken:
        taken[request.event["data"]["case_id"]].append(int(request.external_id))
    assert all(numbers == sorted(numbers) for numbers in taken.values())


async def test_a_claim_that_is_not_settled_is_taken_over(desk: Desk) -> None:
    await desk.destination("http://x")
    await desk.event("1")
    started = asyncio.Event()

    class Stuck(Scripted):
        async def send(self, claim: Any) -> Answer:
            await super().send(claim)
            started.set()
            await asyncio.sleep(3600)
            raise AssertionError

    stuck, other = Stuck(desk.clock, Answer()), Scripted(desk.clock, Answer())
    dead = stuck.dispatcher(desk)
    await dead.turn()
    await started.wait()
    for seconds, sent in ((59, 0), (1, 1)):
        desk.clock.forward(seconds=seconds)
        await other.dispatcher(desk).drain()
        assert len(other.sent) == sent
    (delivery,) = await desk.all()
    assert (delivery.status, delivery.attempts) == ("delivered", 1)
    for task in dead._sending:
        task.cancel()


@pytest.mark.parametrize("late", [Answer(), DOWN])
async def test_of_a_late_answer_only_success_counts(desk: Desk, late: Answer) -> None:
    await desk.destination("http://x")
    await desk.event("1")
    slow = Scripted(desk.clock, late).dispatcher(desk)
    await slow.turn()
    await asyncio.sleep(0)
    desk.clock.forward(seconds=61)
    taking_over = Scripted(desk.clock, DOWN).dispatcher(desk)
    await taking_over.drain()
    (before,) = await desk.all()
    await slow.turn()
    (delivery,) = await desk.all()
    if late.ok:
        assert delivery.status == "delivered"
    else:
        assert delivery == before


async def test_without_time_left_nothing_is_sent_and_no_attempt_counted(desk: Desk) -> None:
    sender = Scripted(desk.clock, Answer())
    destination = await desk.destination("http://x")
    await desk.event("1")
    dispatcher = sender.dispatcher(desk)
    await dispatcher.turn()
    desk.clock.forward(seconds=50)  # the machine slept between claim and sending
    await asyncio.sleep(0.01)
    assert sender.sent == []
    await dispatcher.drain()
    (delivery,) = await desk.all()
    assert (len(sender.sent), delivery.status, delivery.attempts, len(delivery.log)) == (1, "delivered", 1, 1)
    assert (await desk.again(destination)).failures == 0


async def test_a_service_that_dies_again_and_again_uses_up_no_attempt(desk: Desk) -> None:
    await desk.destination("http://x")
    await desk.event("1")
    for _ in range(12):
        dying = Scripted(desk.clock, Answer()).dispatcher(desk)
        await dying.turn()
        for task in dying._sending:
            task.cancel()
        desk.clock.forward(seconds=60)
    sender = Scripted(desk.clock, DOWN)
    await sender.dispatcher(desk).drain()
    (delivery,) = await desk.all()
    assert (delivery.attempts, delivery.next_at) == (1, desk.clock() + timedelta(seconds=5))
    assert [entry["attempt"] for entry in delivery.log] == [1]


async def test_the_clock_may_go_back(desk: Desk, receiver: Receiver) -> None:
    await desk.destination(receiver.url)
    dispatcher = desk.dispatcher()
    await desk.event("1")
    await dispatcher.drain()
    desk.clock.forward(hours=-1)
    await desk.event("2")
    await dispatcher.drain()
    desk.clock.forward(hours=1)
    await dispatcher.drain()
    assert [request.external_id for request in receiver.taken] == ["1", "2"]


async def test_deleting_cancels_what_is_pending(desk: Desk, receiver: Receiver) -> None:
    destination = await desk.destination(receiver.url)
    receiver.answers = lambda _: answer(500)
    await desk.event("1")
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    async with desk.store.write() as connection:
        await delete(connection, destination.id, desk.clock())
    await desk.event("2")
    desk.clock.forward(days=9)
    await dispatcher.drain()
    (cancelled,) = await desk.all()
    assert (cancelled.status, len(receiver.asked)) == ("cancelled", 1)
    async with desk.store.write() as connection:
        with pytest.raises(ConflictError, match="deleted"):
            await replay(connection, cancelled.id, desk.clock())
        with pytest.raises(NotFoundError):
            await delete(connection, destination.id, desk.clock())


async def test_during_a_rotation_both_secrets_verify(desk: Desk, receiver: Receiver) -> None:
    destination = await desk.destination(receiver.url)
    async with desk.store.write() as connection:
        _, made = await rotate(connection, destination.id, None, desk.clock())
    assert made
    receiver.secrets = [SECRET, made]  # each of them is enough
    await desk.event("1")
    dispatcher = desk.dispatcher()
    await dispatcher.drain()
    desk.clock.forward(hours=24)
    receiver.secrets = [made]
    await desk.event("2")
    await dispatcher.drain()
    last = receiver.taken[-1]
    assert len(receiver.taken) == 2
    assert len(last.headers["webhook-signature"].split()) == 1
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(last.body, last.headers)


async def test_stopping_gives_back_what_is_not_finished(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.delivery.dispatcher._GRACE_SECONDS", 0.05)
    await desk.destination(receiver.url)
    receiver.answers = lambda _: None
    await desk.event("1")
    dispatcher = desk.dispatcher()
    dispatcher.start()
    while not receiver.asked:
        await asyncio.sleep(0.01)
    await dispatcher.stop()
    (delivery,) = await desk.all()
    assert (delivery.status, delivery.claimed_by, delivery.next_at) == ("pending", None, desk.clock())
    assert delivery.attempts == 0
    receiver.answers = lambda _: OK
    await desk.dispatcher().drain()
    assert [request.id for request in receiver.taken] == [delivery.id]


async def test_it_goes_on_after_a_failure(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.delivery.dispatcher._FAILED_SECONDS", 0.01)
    failures: list[Exception] = [UnavailableError("busy"), RuntimeError("secreto")]
    real = Dispatcher.turn

    async def turn(self: Dispatcher) -> bool:
        if failures:
            raise failures.pop()
        return await real(self)

    monkeypatch.setattr(Dispatcher, "turn", turn)
    await desk.destination(receiver.url)
    await desk.event("1")
    dispatcher = desk.dispatcher()
    dispatcher.start()
    async with asyncio.timeout(20):
        while not receiver.taken:
            await asyncio.sleep(0.01)
    await dispatcher.stop()
    assert "RuntimeError" in caplog.text
    assert "busy" in caplog.text
    assert "secreto" not in caplog.text


async def test_a_sender_that_breaks_is_a_failed_attempt(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Scripted):
        async def send(self, claim: Any) -> Answer:
            raise ValueError("secreto")

    await desk.destination("http://x")
    await desk.event("1")
    await Broken(desk.clock, Answer()).dispatcher(desk).drain()
    (delivery,) = await desk.all()
    assert (delivery.status, delivery.error) == ("pending", "failed inside: ValueError")
    assert "secreto" not in caplog.text


CHILD = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from api.delivery.dispatcher import Dispatcher, Timing, now
from api.delivery.guard import AllowList, Guard
from api.delivery.transport import GuardedTransport
from api.delivery.webhook import WebhookSender
from api.store.database import Store, database_url

async def go():
    store = await Store.open(database_url(sys.argv[2], Path()))
    sender = WebhookSender(GuardedTransport(Guard(AllowList.parse(["127.0.0.1"]))), timeout_seconds=1, clock=now)
    timing = Timing(send=timedelta(seconds=1), lease=timedelta(seconds=1.5), poll=timedelta(seconds=0.02))
    Dispatcher(store, {"webhook": sender}, timing=timing).start()
    await asyncio.sleep(3600)
asyncio.run(go())
"""


@pytest.mark.acceptance
async def test_killed_in_the_middle_everything_arrives_and_once_by_id(
    database: str, tmp_path: Path, receiver: Receiver
) -> None:
    clock = Clock()
    clock.now = datetime.now(UTC)
    store = await Store.open(database_url(database, tmp_path))
    desk = Desk(store, clock)
    await desk.destination(receiver.url, concurrency=4)
    receiver.delay = 0.01
    for n in range(60):
        await desk.event(str(n), case=f"case {n % 9}")

    async def killed(after: int) -> None:
        with subprocess.Popen([sys.executable, "-c", CHILD, str(ROOT), database]) as child:
            async with asyncio.timeout(60):
                while len(receiver.taken) < after:
                    await asyncio.sleep(0.005)
            os.kill(child.pid, signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL

    for after in (5, 15, 30):
        await killed(after)
    with subprocess.Popen([sys.executable, "-c", CHILD, str(ROOT), database]) as child:
        async with asyncio.timeout(60):
            while await desk.all(status="pending"):
                await asyncio.sleep(0.05)
        child.kill()
    made = await desk.all()
    assert len(made) == 60
    assert {delivery.status for delivery in made} == {"delivered"}
    assert {request.id for request in receiver.taken} == {delivery.id for delivery in made}
    first = {}
    for request in receiver.taken:
        first.setdefault(request.id, json.loads(request.body)["data"])
    cases = defaultdict(list)
    for data in first.values():
        cases[data["case_id"]].append(int(data["external_id"]))
    assert all(numbers == sorted(numbers) for numbers in cases.values())
    await store.close()


def test_the_defaults_leave_time_to_settle() -> None:
    timing = Timing()
    assert timing.send * 2 < timing.lease
