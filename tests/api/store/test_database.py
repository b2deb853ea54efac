import asyncio
import contextlib
import os
import random
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from api.store.database import FILE_NAME, Store, UnavailableError, database_url, lock_together
from api.store.tables import METADATA, UtcDateTime, cases, outbox, steps
from classifier.errors import InputError

pytestmark = pytest.mark.anyio

ENTRY = {"kind": "event", "type": "t", "data": {}, "created_at": datetime.now(UTC)}


async def count(store: Store) -> int:
    async with store.read() as connection:
        return (await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one()


async def test_the_tables_are_those_that_the_migrations_make(store: Store) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    async with store.write() as connection:
        assert await connection.run_sync(differences) == []


MOST_BYTES = 2704
"""Of a row of a B-tree index of PostgreSQL: a third of its page."""


def index_bytes(columns: Iterable[sa.Column[Any]]) -> int:
    """Return how long a row of an index may be: its head, and of each word a length and four bytes a character."""
    types = [column.type for column in columns]
    return 8 + sum(8 + (4 * (each.length or MOST_BYTES) if isinstance(each, sa.String) else 8) for each in types)


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_the_longest_words_fit_into_every_index(table: sa.Table) -> None:
    unique = (each for each in table.constraints if isinstance(each, sa.UniqueConstraint | sa.PrimaryKeyConstraint))
    longest = {str(each.name): index_bytes(each.columns) for each in (*table.indexes, *unique)}
    assert {name: size for name, size in longest.items() if size > MOST_BYTES} == {}


async def test_opening_again_changes_nothing(store: Store, database: str, tmp_path: Path) -> None:
    async with store.write() as connection:
        await connection.execute(outbox.insert().values(id="1", **ENTRY))
    again = await Store.open(database_url(database, tmp_path))
    assert await count(again) == 1
    await again.close()


@pytest.mark.acceptance
async def test_processes_that_start_together_make_the_tables_once(bare_database: str) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from api.store.database import Store, database_url\n"
        "async def go():\n"
        "    store = await Store.open(database_url(sys.argv[1], Path()))\n"
        "    await store.close()\n"
        "asyncio.run(go())"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    started = [subprocess.Popen([sys.executable, "-c", script, bare_database], env=environment) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4


async def test_a_newer_database_is_refused(store: Store, database: str, tmp_path: Path) -> None:
    async with store.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="made by a newer Recupera"):
        await Store.open(database_url(database, tmp_path))


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.write() as connection:
            await connection.execute(outbox.insert().values(id="1", **ENTRY))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await count(store) == 0


async def test_a_transaction_that_is_cancelled_leaves_nothing(store: Store) -> None:
    inside = asyncio.Event()

    async def forever() -> None:
        async with store.write() as connection:
            await connection.execute(outbox.insert().values(id="1", **ENTRY))
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(forever())
    await inside.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await count(store) == 0
    async with store.write() as connection:
        await connection.execute(outbox.insert().values(id="1", **ENTRY))
    assert await count(store) == 1


async def test_many_writers_all_get_their_turn(store: Store) -> None:
    async def write(number: int) -> None:
        async with store.write() as connection:
            before = (await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one()
            await connection.execute(outbox.insert().values(id=str(number), **{**ENTRY, "data": {"before": before}}))

    await asyncio.gather(*(write(number) for number in range(60)))
    assert await count(store) == 60


async def test_one_conversation_at_a_time(store: Store) -> None:
    inside: list[str] = []

    async def hold(*names: str) -> None:
        async with store.write() as connection:
            await lock_together(connection, *names)
            assert not set(names) & set(inside)
            inside.extend(names)
            await asyncio.sleep(0.01)
            for name in names:
                inside.remove(name)

    await asyncio.gather(*(hold(*names) for names in (("a", "b"), ("b", "a"), ("b", "c"), ("c", "a")) * 3))


async def test_moments_come_back_in_utc(store: Store) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, timezone(timedelta(hours=-3)))
    async with store.write() as connection:
        await connection.execute(outbox.insert().values(id="1", **{**ENTRY, "created_at": moment}))
        back = (await connection.execute(sa.select(outbox.c.created_at))).scalar_one()
        earlier = outbox.c.created_at < moment + timedelta(microseconds=1)
        assert (await connection.execute(sa.select(outbox.c.id).where(earlier))).scalar_one() == "1"
    assert back == moment
    assert back.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), sa.create_engine("sqlite://").dialect)


async def test_a_reference_to_nothing_is_refused(store: Store) -> None:
    async def write() -> None:
        async with store.write() as connection:
            row = {"case_id": "none", "revision": 1, "id": "s", "position": 1, "status": "pending"}
            await connection.execute(steps.insert().values(content={"secreto": 1}, **row))

    with pytest.raises(sa.exc.IntegrityError) as caught:
        await write()
    assert "secreto" not in str(caught.value)


async def test_sqlite_survives_a_power_cut(tmp_path: Path) -> None:
    store = await Store.open(database_url(None, tmp_path / "new" / "folder"))
    async with store.read() as connection:
        settings = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert settings == ["wal", 2, 1, 10_000]
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    await store.close()


async def test_a_database_that_is_held_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.database._BUSY_SECONDS", 0.1)
    store = await Store.open(database_url(None, tmp_path))
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError):
        async with store.write():
            pass
    assert await count(store) == 0  # reading goes on
    other.execute("ROLLBACK")
    async with store.write() as connection:
        await connection.execute(sa.select(cases.c.id))
    other.close()
    await store.close()


async def test_what_a_database_refuses_for_good_is_not_unavailable(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite indexes words of any length")
    characters = random.Random(1)
    word = "".join(chr(characters.randrange(0x20000, 0x2A6D6)) for _ in range(MOST_BYTES))  # nothing to compress
    async with store.write() as connection:
        await connection.execute(sa.text("CREATE TABLE words (word text PRIMARY KEY)"))

    async def write() -> None:
        async with store.write() as connection:
            await connection.execute(sa.text("INSERT INTO words VALUES (:word)"), {"word": word})

    with pytest.raises(sa.exc.OperationalError, match="index row") as caught:
        await write()
    assert word[:8] not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mysql://u:geheim@h/d", "'mysql' is not supported"),
        ("geheim", "not an address"),
        ("postgresql://u:p@1:geheim@h/d", "not an address"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_what_is_no_database_is_said(setting: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        database_url(setting, tmp_path)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("setting", ["postgresql://u:p@h/shop\n", " postgresql://u:p@h/shop\r\n"])
def test_blanks_around_an_address_are_no_part_of_it(setting: str, tmp_path: Path) -> None:
    assert database_url(setting, tmp_path).database == "shop"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize(("asked", "given"), [("", "11000"), ("&tcp_user_timeout=4000", "4000")])
async def test_a_server_that_answers_nothing_any_more_is_given_up(database: str, asked: str, given: str) -> None:
    store = await Store.open(database_url(f"{database}{asked}", Path()))
    async with store.read() as connection:
        told = (await connection.get_raw_connection()).driver_connection.info.get_parameters()
    await store.close()

    assert told["tcp_user_timeout"] == given
    assert told["application_name"] == "recupera"
    assert {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count"} <= set(told)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_known(scheme: str, tmp_path: Path) -> None:
    assert database_url(f"{scheme}://u:p@h/d", tmp_path).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "setting", ["postgresql://u:geheim@127.0.0.1:1/d?connect_timeout=2", "sqlite:////proc/none/x.db"]
)
async def test_a_database_that_can_not_be_opened_is_said_without_its_password(setting: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        await Store.open(database_url(setting, tmp_path))
    assert "can't be" in str(caught.value)
    assert "geheim" not in str(caught.value)


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match="file is not a database"):
        await Store.open(database_url(None, tmp_path))
