"""One message in, once: together, interrupted, overwhelmed."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api.batching import Batcher, QueueFullError
from api.errors import ConflictError
from api.intake import Incoming, Intake
from api.store import cases, messages, outbox
from api.store.cases import Conversation
from api.store.database import Store, database_url, lock_together
from api.store.records import OutboxKind
from api.store.tables import METADATA
from api.store.tables import cases as case_table
from api.store.tables import messages as message_table
from api.store.tables import outbox as outbox_table
from api.store.tables import steps as step_table
from tests.api.conftest import Marked, Opener, Steady
from tests.api.test_messages import message

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


def incoming(external_id: str = "1", text: str = "No llegó.", **more: Any) -> Incoming:
    return Incoming("email", external_id, text, **more)


@pytest.fixture
def batcher() -> Any:
    batcher = Batcher(Marked(), size=8, wait_seconds=0.001, capacity=256)
    yield batcher
    batcher.close()


async def test_what_has_no_time_was_received_when_it_arrived(store: Store, batcher: Batcher) -> None:
    intake = await Intake.start(store, batcher, Steady(), capacity=8)
    arrived, said = datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)
    first = await intake.accept(incoming(arrived_at=arrived))
    again = await intake.accept(incoming(arrived_at=arrived + timedelta(days=30)))
    timed = await intake.accept(incoming("2", received_at=said, arrived_at=arrived))
    assert [each.message.received_at for each in (first, again, timed)] == [arrived, arrived, said]
    assert [each.new for each in (first, again, timed)] == [True, False, True]


async def test_fifty_at_once_are_one(service: httpx.AsyncClient) -> None:
    body = message(customer={"id": "c"}, thread_id="t")
    answers = await asyncio.gather(
        *(service.post("/v1/messages", json=body, headers={"Idempotency-Key": "k"}) for _ in range(50))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.text for answer in answers}) == 1
    assert len((await service.get("/v1/messages")).json()["messages"]) == 1
    (case,) = (await service.get("/v1/cases")).json()["cases"]
    assert case["complaints"] == 1


async def test_of_fifty_different_ones_of_a_name_one_wins(service: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(service.post("/v1/messages", json=message(text=f"{n}")) for n in range(50)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}


async def test_a_conversation_that_arrives_at_once_is_one_case(service: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            service.post("/v1/messages", json=message(str(n), customer={"id": "c"}, thread_id="t" if n % 2 else "u"))
            for n in range(30)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    found = (await service.get("/v1/cases")).json()["cases"]
    assert sorted(case["complaints"] for case in found) == [15, 15]


async def test_a_conversation_that_waits_keeps_no_other_waiting(service: httpx.AsyncClient, store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    async with store.write() as connection:
        await lock_together(connection, *Conversation("chat", "t", "c").names)
        waiting = [
            asyncio.create_task(
                service.post("/v1/messages", json=message(str(n), channel="chat", customer={"id": "c"}, thread_id="t"))
            )
            for n in range(30)
        ]
        for n in range(5):  # the first may have been quicker than those before it
            answer = await service.post("/v1/messages", json=message(f"other {n}", customer={"id": f"d{n}"}))
            assert answer.status_code == 201
        assert not any(task.done() for task in waiting)
    assert {(await task).status_code for task in waiting} == {201}


async def test_two_services_on_one_database_share_the_work(open_service: Opener, database: str) -> None:
    body = message(customer={"id": "c"})
    async with open_service(Marked(), database=database) as one, open_service(Marked(), database=database) as two:
        calls = [one, two] * 20
        answers = await asyncio.gather(*(client.post("/v1/messages", json=body) for client in calls))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 39}
        more = [client.post("/v1/messages", json={**body, "external_id": str(n)}) for n, client in enumerate(calls)]
        assert {answer.status_code for answer in await asyncio.gather(*more)} <= {200, 201}
        assert len((await two.get("/v1/cases")).json()["cases"]) == 1


async def test_everything_is_put_in_the_outbox_in_its_order(store: Store, batcher: Batcher) -> None:
    intake = await Intake.start(store, batcher, Steady(), capacity=10)
    accepted = await intake.accept(incoming(text="¿? No llegó.", customer={"id": "c"}))
    await intake.accept(incoming("2", "Sigo sin nada.", customer={"id": "c"}))
    await intake.accept(incoming("3", "Ya está bien.", customer={"id": "c"}))
    async with store.write() as connection:
        events = await outbox.pending(connection, OutboxKind.EVENT)
        work = await outbox.pending(connection, OutboxKind.WORKFLOW)
        assert [event.type for event in events] == [
            "message.classified", "review.needed", "case.opened",
            "message.classified", "case.escalated",
            "message.classified",
        ]  # fmt: skip
        assert [entry.type for entry in work] == ["start", "replan", "answer"]
        assert {entry.case_id for entry in work} == {accepted.case.id}
        first = events[0].data
        assert set(first) == {"message_id", "external_id", "channel", "case_id", "owner", "classification", "plan"}
        assert first["plan"] == accepted.case.plan
        assert events[-1].data["case_id"] == accepted.case.id
        await outbox.finish_all(connection, [work[0].id], work[0].created_at)
        assert [entry.type for entry in await outbox.pending(connection, OutboxKind.WORKFLOW)] == ["replan", "answer"]
        assert len(await outbox.of_message(connection, accepted.message.id)) == 3
        assert len(await outbox.of_case(connection, accepted.case.id)) == 9


async def test_a_plan_knows_its_situation(store: Store, batcher: Batcher) -> None:
    planner = Steady()
    intake = await Intake.start(store, batcher, planner, capacity=10)
    await intake.accept(incoming("1", customer={"id": "c", "value_tier": "gold"}, thread_id="t"))
    await intake.accept(incoming("2", thread_id="t"))
    await intake.accept(incoming("3", customer={"id": "c"}, thread_id="another"))
    known = [
        (s.double_deviation, s.contacts, s.earlier_complaints, s.customer.get("value_tier")) for s in planner.asked
    ]
    assert known == [(False, 0, 0, "gold"), (True, 1, 1, "gold"), (False, 0, 1, None)]


async def test_a_running_case_is_planned_by_the_policy_it_began_with(store: Store, batcher: Batcher) -> None:
    for planner in (Steady("steady 1"), Steady("steady 1"), Steady("steady 2")):
        intake = await Intake.start(store, batcher, planner, capacity=10)
        await intake.accept(incoming(str(id(planner)), thread_id="t"))
    assert [situation.policy for situation in planner.asked] == [{"name": "steady 1"}]


async def test_a_planner_that_fails_leaves_nothing(store: Store, batcher: Batcher) -> None:
    class Failing:
        version = "failing"
        content: Mapping[str, Any] = {}

        def plan(self, _: object) -> Any:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await (await Intake.start(store, batcher, Failing(), capacity=1)).accept(incoming())
    assert sum(await rows(store)) == 1  # the policy
    assert (await (await Intake.start(store, batcher, Steady(), capacity=1)).accept(incoming())).new


async def test_past_its_capacity_callers_are_asked_to_come_back(store: Store) -> None:
    release = threading.Event()

    class Stuck(Marked):
        def predict(self, texts: Any, **more: Any) -> Any:
            release.wait(10)
            return super().predict(texts, **more)

    batcher = Batcher(Stuck(), size=8, wait_seconds=0, capacity=256)
    intake = await Intake.start(store, batcher, Steady(), capacity=3)
    waiting = [asyncio.create_task(intake.accept(incoming(str(n)))) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        await intake.accept(incoming("more"))
    release.set()
    assert all(accepted.new for accepted in await asyncio.gather(*waiting))
    assert (await intake.accept(incoming("more"))).new
    with pytest.raises(ConflictError):
        await intake.accept(incoming("more", "other"))
    assert (await intake.accept(incoming("last"))).new  # a refusal gives its place back
    batcher.close()


async def test_a_database_that_is_gone_is_a_503(open_service: Opener, tmp_path: Path, monkeypatch: Any) -> None:
    import sqlite3

    monkeypatch.setattr("api.store.database._BUSY_SECONDS", 0.1)
    async with open_service(Marked(), data=tmp_path / "d") as client:
        held = sqlite3.connect(tmp_path / "d" / "recupera.db", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        answer = await client.post("/v1/messages", json=message())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["type"] == "urn:recupera:problem:unavailable"
        held.execute("ROLLBACK")
        held.close()
        assert (await client.post("/v1/messages", json=message())).status_code == 201


async def rows(store: Store) -> list[int]:
    async with store.read() as connection:
        return [
            (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            for table in METADATA.sorted_tables
        ]


async def check_whole(store: Store) -> set[str]:
    """Hold that what is stored is stored with all that follows from it; return the external ids."""
    async with store.read() as connection:
        found = (await connection.execute(sa.select(message_table))).mappings().all()
        events = (await connection.execute(sa.select(outbox_table.c.message_id, outbox_table.c.type))).all()
        work = (await connection.execute(sa.select(outbox_table.c.case_id, outbox_table.c.type))).all()
        known = set((await connection.execute(sa.select(case_table.c.id))).scalars())
        planned = set((await connection.execute(sa.select(step_table.c.case_id))).scalars())
        for row in found:
            assert (row["id"], "message.classified") in events
            assert row["case_id"] is not None or not row["complaint"]
            if row["complaint"]:
                assert {(row["id"], "case.opened"), (row["id"], "case.escalated")} & set(events)
                assert await cases.get(connection, row["case_id"])
        assert known == {row["case_id"] for row in found if row["case_id"]} == planned
        assert {case for case, kind in work if kind == "start"} == known
        assert len(await messages.page(connection, messages.MessageFilter(), before=None, limit=10**6)) == len(found)
    return {row["external_id"] for row in found}


CHILD = """
import asyncio, os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from api.batching import Batcher
from api.intake import Incoming, Intake
from api.store.cases import Conversation
from api.store.database import Store, database_url, lock_together
from tests.api.conftest import Marked, Steady

class Deadly(Steady):
    left = int(sys.argv[3])
    def plan(self, situation):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().plan(situation)

async def go():
    store = await Store.open(database_url(sys.argv[2], Path()))
    intake = await Intake.start(store, Batcher(Marked(), size=8, wait_seconds=0, capacity=256), Deadly(), capacity=256)
    async def one(lane):
        for number in range(10000):
            name = f"{os.getpid()}-{lane}-{number}"
            text = "bien" if number % 3 == 0 else "mal"
            await intake.accept(Incoming("email", name, text, customer={"id": str(number % 7)}))
            os.write(1, f"{name}\\n".encode())
    await asyncio.gather(*(one(lane) for lane in range(4)))
asyncio.run(go())
"""


@pytest.mark.acceptance
async def test_killed_in_the_middle_it_leaves_all_or_nothing(database: str, tmp_path: Path) -> None:
    chance, told = random.Random(4), set()
    for deadly in (1, 9, 0, 0):  # in the middle of the first plan, of the ninth, and at any moment
        command = [sys.executable, "-c", CHILD, str(ROOT), database, str(deadly)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            if not deadly:
                told.update(child.stdout.readline().strip() for _ in range(chance.randint(1, 40)))
                os.kill(child.pid, signal.SIGKILL)
            told.update(line.strip() for line in child.stdout if line.endswith("\n"))
        assert child.returncode == -signal.SIGKILL
        store = await Store.open(database_url(database, tmp_path))
        stored = await check_whole(store)
        await store.close()
        assert told <= stored
    assert len(told) > 20
