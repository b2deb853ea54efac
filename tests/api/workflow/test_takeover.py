import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.cases import complete_step
from api.store.database import database_url
from api.store.executors import ExecutorLock, lock_of
from api.workflow.worker import WorkerState
from classifier.errors import InputError
from tests.api.workflow.conftest import Desk, Open, Staged, until
from tests.api.workflow.processes import at_work, kill, process, said

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def runs(database: str, case_id: str) -> tuple[str, str]:
    """Return the executor and the state of a case's workflow."""
    with psycopg.connect(database) as server:
        query = "SELECT executor_id, status FROM recupera_workflow.workflow_status WHERE workflow_uuid = %s"
        (row,) = server.execute(query, [case_id]).fetchall()
    return row[0], row[1]


async def proves_dead(lock: ExecutorLock, executor_id: str) -> bool:
    async with lock.of_dead(executor_id) as is_dead:
        return is_dead


async def waits(desk: Desk, case_id: str, moment: datetime) -> bool:
    return (await desk.case(case_id)).next_at == moment


@on_postgres
async def test_only_the_dead_are_inherited_from(desk: Desk, database: str, tmp_path: Path) -> None:
    with process(database, tmp_path, "first") as first:
        await at_work(tmp_path, "first")
        case_id = await desk.complain()
        opened = (await desk.case(case_id)).opened_at
        await until(lambda: waits(desk, case_id, opened + 6 * HOUR), 60)
        with process(database, tmp_path, "first") as second:  # the same name again
            assert await asyncio.to_thread(second.wait, 60) == 1
            assert "another process is executor" in said(tmp_path, "first")
        async with desk.working("second"):
            await asyncio.sleep(0.5)
            assert runs(database, case_id) == ("first", "PENDING")
            kill(first)
            await until(lambda: runs(database, case_id) == ("second", "PENDING"), 60)
            async with desk.store.write() as connection:
                await complete_step(connection, case_id, "greet", by=None, note=None, now=datetime.now(UTC))
            await until(lambda: waits(desk, case_id, opened + 36 * HOUR), 60)
    assert await desk.events(case_id, "step.due") == []


@on_sqlite
async def test_a_stop_does_not_wait_for_the_next_look_for_signals(desk: Desk) -> None:
    async with desk.working() as worker:
        began = asyncio.get_running_loop().time()
        await worker.stop()
        assert asyncio.get_running_loop().time() - began < 5


@on_postgres
async def test_the_server_watches_whether_who_holds_a_lock_is_still_there(database: str) -> None:
    lock = lock_of(database_url(database, Path()), "watched")
    assert await lock.acquire()
    asked = """SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp_keepalives%%'"""
    holder = lock._connection  # type: ignore[attr-defined]
    settings = dict((await holder.exec_driver_sql(asked)).all())
    await lock.release()
    over_tcp = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
    assert settings in (over_tcp, dict.fromkeys(over_tcp, "0"))  # a Unix socket has none and needs none


@on_postgres
async def test_a_worker_that_loses_its_lock_stops_at_once_and_comes_back(desk: Desk, database: str) -> None:
    async with desk.working() as worker:
        with psycopg.connect(database, autocommit=True) as server:
            ended = server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchall()
        assert ended
        await until(lambda: worker.state == WorkerState.STANDING_BY)
        await until(lambda: worker.state == WorkerState.RUNNING, 60)
        case_id = await desk.complain()
        opened = (await desk.case(case_id)).opened_at
        await until(lambda: waits(desk, case_id, opened + 6 * HOUR), 60)


async def test_no_two_have_one_executor(desk: Desk, database: str) -> None:
    one, same, other = (desk.worker(name) for name in ("one", "one", "other"))
    await one.claim(0)
    with pytest.raises(InputError, match="another process"):
        await same.claim(0.1)
    if desk.store.is_sqlite:
        with pytest.raises(InputError, match="SQLite"):
            await other.claim(0.1)
    else:
        await other.claim(0)
        await other.stop()
    await one.stop()
    await same.claim(0)
    await same.stop()


async def test_a_worker_stands_by_until_the_executor_is_free(desk: Desk) -> None:
    holder = desk.worker("one")
    await holder.claim(0)
    second = desk.worker("one")
    second.start()
    await until(lambda: second.state == WorkerState.STANDING_BY)
    assert second.told() == {"executor": "one", "state": "standing by"}
    await holder.stop()
    await until(lambda: second.state == WorkerState.RUNNING, 60)
    await second.stop()
    assert second.state == WorkerState.STOPPED


async def test_a_lock_proves_that_another_is_dead(database: str, tmp_path: Path, desk: Desk) -> None:
    url = database_url(database, tmp_path)
    living, here = lock_of(url, "living"), lock_of(url, "here")
    if desk.store.is_sqlite:
        assert await here.acquire()
        async with here.of_dead("anybody") as is_dead:
            assert is_dead
    else:
        assert await living.acquire()
        assert await here.acquire()
        async with here.of_dead("living") as is_dead:
            assert not is_dead
        async with here.of_dead("here") as is_dead:
            assert not is_dead
        await living.release()
        assert not await living.is_held()
        await until(lambda: proves_dead(here, "living"), 10)  # the server ends a session when it comes to it
        async with here.of_dead("living") as is_dead:
            assert is_dead
            assert not await living.acquire()  # it can't come back meanwhile
        assert await living.acquire()
    await living.release()
    await here.release()


@on_sqlite
async def test_a_worker_told_to_stop_ends_well(desk: Desk, database: str, tmp_path: Path) -> None:
    with process(database, tmp_path, "one") as one:
        await at_work(tmp_path, "one")
        await desk.complain()
        one.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(one.wait, 30) == 0
    assert "Traceback" not in said(tmp_path, "one")


@pytest.mark.acceptance
@pytest.mark.parametrize("deadlines", [0.15])
async def test_kills_at_random_moments_neither_lose_nor_double(
    open_desk: Open, database: str, tmp_path: Path, deadlines: float
) -> None:
    desk = await open_desk(Staged(hour=timedelta(seconds=deadlines)))
    chance = random.Random(7)
    ids: list[str] = []
    for kills in range(4):
        with process(database, tmp_path, "one"):
            await at_work(tmp_path, "one", kills + 1)
            ids += [await desk.complain(f"{kills}-{n}", thread_id=f"{kills}-{n}") for n in range(4)]
            await asyncio.sleep(chance.uniform(0.1, 1.5))
    with process(database, tmp_path, "one"):
        await until(lambda: _all(desk, ids), 90)
    for case_id in ids:
        told = [
            (event.type, event.data.get("reason") or event.data.get("step", {}).get("id"))
            for event in await desk.events(case_id)
        ]
        wanted: list[Any] = [
            ("case.escalated", "first_answer_missed"),
            ("case.escalated", "resolution_missed"),
            ("case.opened", None),
            ("message.classified", None),
            ("step.due", "confirm_solved"),
            ("step.due", "greet"),
            ("step.due", "resolve"),
        ]
        assert sorted(told, key=str) == sorted(wanted, key=str)


async def _all(desk: Desk, ids: list[str]) -> bool:
    return all([len(await desk.events(case_id, "step.due")) == 3 for case_id in ids])
