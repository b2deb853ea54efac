"""Databases of released versions open in this one, and their running cases go on."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from api.store.backup import Archive
from api.store.database import Store, database_url
from api.store.migrate import head
from api.store.tables import cases, history, outbox
from api.workflow.pace import Pace, Rhythm
from api.workflow.worker import Worker
from tests.api.store.backup.conftest import Run
from tests.api.workflow.conftest import FastClock, until
from tests.api.workflow.processes import at_work, kill, process
from tests.upgrades.making import RUNNING

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parents[1] / "golden" / "databases"
RELEASED = sorted(GOLDEN.glob("*.zip"))
RHYTHM = Rhythm(relay=0.05, sweep=1.0, watch=0.5, take_over=0.5, stand_by=0.1)
EVER: Any = ["--minutes", "50000000", "--json"]
"""However long ago the database was made, nothing in it counts as late."""


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Return the addresses of two empty databases of the kind that a backup is of."""
    names = ["upgrade_one", "upgrade_two"]
    if "sqlite" in request.getfixturevalue("released").name:
        yield [f"sqlite:///{tmp_path}/{name}/recupera.db" for name in names]
        return
    address = request.getfixturevalue("postgres")
    with psycopg.connect(address, autocommit=True) as server:
        for name in names:
            server.execute(f"CREATE DATABASE {name}")
        yield [address.replace("/postgres?", f"/{name}?") for name in names]
        for name in names:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def clean(recupera: Run, database: str) -> None:
    """Have ``recupera audit`` find nothing."""
    assert json.loads(recupera(database, "audit", *EVER).stdout)["findings"] == []


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
async def test_killed_restored_and_upgraded_every_running_case_goes_on(
    released: Path, places: list[str], tmp_path: Path, recupera: Run
) -> None:
    first, second = places
    recupera(first, "restore", str(released))
    clean(recupera, first)
    with process(first, tmp_path, "later") as running:
        await at_work(tmp_path, "later")
        kill(running)
    recupera(first, "backup", str(tmp_path / "again.zip"))
    recupera(second, "restore", str(tmp_path / "again.zip"))
    clean(recupera, second)

    store, looking = [await Store.open(database_url(second, tmp_path)) for _ in range(2)]
    try:
        before = await open_cases(looking)
        assert len(before) == RUNNING
        clock = FastClock(max(before.values()) + timedelta(hours=2))
        worker = Worker(
            store, database_url(second, tmp_path), "last", clock=clock, rhythm=RHYTHM, pace=Pace(queue=0.05)
        )
        worker.start()
        await until(lambda: all_went_on(looking, before), 300)
        await until(lambda: nothing_waits(looking), 300)
        await worker.stop()
    finally:
        await looking.close()
        await store.close()
    clean(recupera, second)


async def open_cases(store: Store) -> dict[str, datetime]:
    """Return when each open case is looked at next."""
    query = sa.select(cases.c.id, cases.c.next_at).where(cases.c.status == "open", cases.c.next_at.is_not(None))
    async with store.read() as connection:
        return {name: moment.astimezone(UTC) for name, moment in (await connection.execute(query)).all()}


async def all_went_on(store: Store, before: dict[str, datetime]) -> bool:
    """Say whether what was due in each case has happened, after a while."""
    await asyncio.sleep(0.3)
    now = await open_cases(store)
    return all(now.get(name) != moment for name, moment in before.items())


async def nothing_waits(store: Store) -> bool:
    query = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.done_at.is_(None), outbox.c.kind != "event")
    async with store.read() as connection:
        return (await connection.execute(query)).scalar_one() == 0


@pytest.mark.parametrize("released", [path for path in RELEASED if "sqlite" in path.name], ids=lambda path: path.stem)
async def test_the_file_of_a_released_version_opens_as_it_is(released: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(released) as file:
        file.extract("recupera.db", tmp_path)

    store = await Store.open(database_url(None, tmp_path))

    async with store.read() as connection:
        assert (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one() == head()
        happened = sa.select(sa.func.count()).select_from(history).where(history.c.event == "case.opened")
        assert (await connection.execute(happened)).scalar_one() >= RUNNING
    await store.close()


def test_a_version_that_was_released_keeps_its_tables() -> None:
    this = version("recupera")
    for path in RELEASED:
        released = path.stem.partition("-")[0]
        with Archive.open(path) as archive:
            assert released != this or archive.manifest.revision == head(), "tables changed: raise the version"
    root = Path(__file__).parents[2]
    assert f"\n## {this}" in (root / "CHANGELOG.md").read_text("utf-8")
    assert f'appVersion: "{this}"' in (root / "deploy" / "helm" / "recupera" / "Chart.yaml").read_text("utf-8")


def test_there_is_one_of_each_kind_for_the_first_version() -> None:
    assert {path.stem for path in RELEASED} >= {"0.1.0-sqlite", "0.1.0-postgresql"}
    for path in RELEASED:
        assert path.stat().st_size < 1_000_000
        with Archive.open(path) as archive:
            archive.verify(lambda _: None)
