"""Work on the database that is handed over as a whole: all or nothing each, whatever else comes at once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from api.store.database import FILE_NAME, Connection, Store, UnavailableError, database_url
from api.store.sqlite import drive
from api.store.tables import outbox

pytestmark = pytest.mark.anyio

ENTRY = {"kind": "event", "type": "t", "data": {}, "created_at": datetime.now(UTC)}


async def names(store: Store) -> list[str]:
    async def read(connection: Connection) -> list[str]:
        return list((await connection.execute(sa.select(outbox.c.id).order_by(outbox.c.id))).scalars())

    return await store.look(read)


async def add(connection: Connection, name: str) -> str:
    await connection.execute(outbox.insert().values(id=name, **ENTRY))
    return name


async def add_and_fail(connection: Connection, name: str) -> str:
    await add(connection, name)
    raise LookupError(name)


async def test_each_caller_gets_its_own_answer(store: Store) -> None:
    wanted = [f"{number:03}" for number in range(100)]
    answers = await asyncio.gather(*(store.change(lambda c, name=name: add(c, name)) for name in wanted))
    assert answers == wanted
    assert await names(store) == wanted


async def test_one_that_fails_leaves_nothing_and_costs_no_other_its_change(store: Store) -> None:
    works = [add_and_fail if number % 7 == 3 else add for number in range(30)]
    changes = (store.change(lambda c, work=work, n=n: work(c, f"{n:02}")) for n, work in enumerate(works))
    answers = await asyncio.gather(*changes, return_exceptions=True)
    failed = [n for n, answer in enumerate(answers) if isinstance(answer, LookupError)]
    assert failed == [3, 10, 17, 24]
    assert await names(store) == [f"{n:02}" for n in range(30) if n not in failed]


async def test_the_same_thing_twice_at_once_is_stored_once(store: Store) -> None:
    answers = await asyncio.gather(*(store.change(lambda c: add(c, "one")) for _ in range(8)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["IntegrityError"] * 7 + ["str"]
    assert await names(store) == ["one"]


async def test_many_changes_are_kept_by_few_commits(tmp_path: Path) -> None:
    store = await Store.open(database_url(None, tmp_path))
    commits: list[str] = []
    event.listen(store._engine.sync_engine, "commit", lambda _: commits.append(threading.current_thread().name))
    await asyncio.gather(*(store.change(lambda c, n=n: add(c, str(n))) for n in range(64)))
    assert len(commits) < 10
    assert all(name.startswith("sqlite") for name in commits)  # the event loop never waits for the disk
    await store.close()


async def test_changes_and_transactions_take_turns(store: Store) -> None:
    async def by_hand(name: str) -> None:
        async with store.write() as connection:
            await add(connection, name)
            await asyncio.sleep(0.005)

    mixed = [by_hand(f"h{n}") if n % 2 else store.change(lambda c, n=n: add(c, f"w{n}")) for n in range(20)]
    await asyncio.gather(*mixed)
    assert len(await names(store)) == 20


async def test_a_caller_that_gave_up_holds_up_nobody(store: Store) -> None:
    async with store.write():  # the others wait for their turn
        left = asyncio.create_task(store.change(lambda c: add(c, "left")))
        stayed = asyncio.create_task(store.change(lambda c: add(c, "stayed")))
        await asyncio.sleep(0.01)
        left.cancel()
    assert await stayed == "stayed"
    (gone,) = await asyncio.gather(left, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError) or not store.is_sqlite  # PostgreSQL lets both write at once
    assert "stayed" in await names(store)


async def test_closing_finishes_what_waits(database: str, tmp_path: Path) -> None:
    store = await Store.open(database_url(database, tmp_path))
    waiting = [asyncio.create_task(store.change(lambda c, n=n: add(c, str(n)))) for n in range(5)]
    await asyncio.gather(*waiting) if not store.is_sqlite else await asyncio.sleep(0)
    await store.close()
    assert [await task for task in waiting] == list("01234")


async def test_a_file_that_another_program_holds_is_unavailable_to_all_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.database._BUSY_SECONDS", 0.1)
    store = await Store.open(database_url(None, tmp_path))
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = await asyncio.gather(
        *(store.change(lambda c, n=n: add(c, str(n))) for n in range(4)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {UnavailableError}
    other.close()
    assert await store.change(lambda c: add(c, "later")) == "later"
    assert await names(store) == ["later"]
    await store.close()


async def test_work_that_waits_for_something_else_is_refused(tmp_path: Path) -> None:
    store = await Store.open(database_url(None, tmp_path))

    async def wait(connection: Connection) -> None:
        await add(connection, "none")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited for something else"):
        await store.change(wait)
    assert await names(store) == []
    await store.close()


def test_a_coroutine_is_driven_to_its_end() -> None:
    async def inner() -> int:
        return 20

    async def outer() -> int:
        return await inner() + await inner() + 2

    assert drive(outer()) == 42


async def test_who_is_cancelled_leaves_when_the_statement_is_done(tmp_path: Path) -> None:
    """A statement that went on could otherwise meet the next transaction of its connection."""
    store = await Store.open(database_url(None, tmp_path))
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(*) FROM n"

    async def run() -> None:
        async with store.write() as connection:
            await add(connection, "undone")
            await connection.exec_driver_sql(slow)

    task = asyncio.create_task(run())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.change(lambda c: add(c, "next")) == "next"
    assert await names(store) == ["next"]
    await store.close()
