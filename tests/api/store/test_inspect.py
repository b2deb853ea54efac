"""A store that is opened to look alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from api.store.database import Store, UnavailableError, database_url
from api.store.tables import outbox
from classifier.errors import InputError
from tests.api.store.test_database import ENTRY, count

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_nothing_can_be_written(store: Store, database: str, tmp_path: Path) -> None:
    looking = await Store.inspect(database_url(database, tmp_path))

    async def write() -> None:
        async with looking.read() as connection:
            await connection.execute(outbox.insert().values(id="1", **ENTRY))

    with pytest.raises((UnavailableError, sa.exc.DBAPIError)):
        await write()
    assert await count(store) == 0
    await looking.close()


async def test_a_view_is_of_one_moment(store: Store, database: str, tmp_path: Path) -> None:
    looking = await Store.inspect(database_url(database, tmp_path))
    number = sa.select(sa.func.count()).select_from(outbox)
    async with looking.read() as connection:
        assert (await connection.execute(number)).scalar_one() == 0
        async with store.write() as writing:
            await writing.execute(outbox.insert().values(id="1", **ENTRY))
        assert (await connection.execute(number)).scalar_one() == 0
    assert await count(looking) == 1
    await looking.close()


async def test_tables_of_another_version_are_refused_and_left_alone(
    store: Store, database: str, tmp_path: Path
) -> None:
    async with store.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(InputError, match="those of another version"):
        await Store.inspect(database_url(database, tmp_path))
    async with store.read() as connection:
        assert (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one() == "0001"


async def test_a_newer_version_is_told_from_an_older_one(store: Store, database: str, tmp_path: Path) -> None:
    async with store.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="made by a newer Recupera"):
        await Store.inspect(database_url(database, tmp_path))


async def test_a_database_without_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recupera.db").touch()
    with pytest.raises(InputError, match="those of another version"):
        await Store.inspect(database_url(None, tmp_path))


async def test_no_database_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no database"):
        await Store.inspect(database_url(None, tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


async def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "recupera.db").write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match="can't be read: file is not a database"):
        await Store.inspect(database_url(None, tmp_path))
