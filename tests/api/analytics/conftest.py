"""A store of 50,000 generated messages on each database, made once, and changed by nobody."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from api.analytics.refresh import refresh
from api.store.database import DatabaseUrl, Store, database_url
from benchmarks.generated import Shape, fill
from tests.api.analytics.direct import flatten
from tests.conftest import made_once

MESSAGES = 50_000
DAYS = 120


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DatabaseUrl:
    """Return the address of the store, its days counted."""
    if request.param == "sqlite":
        folder = made_once(tmp_path_factory, "filled", lambda here: asyncio.run(_fill(database_url(None, here))))
        return database_url(None, folder)
    address, name = request.getfixturevalue("postgres"), f"filled_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    url = database_url(address.replace("/postgres?", f"/{name}?"), Path())
    asyncio.run(_fill(url))
    return url


async def _fill(url: DatabaseUrl) -> None:
    await (await Store.open(url)).close()
    await asyncio.to_thread(fill, url, Shape(MESSAGES, days=DAYS))
    store = await Store.open(url)
    await refresh(store)
    async with store.write() as connection:
        await flatten(connection)
    await store.close()


@pytest.fixture
async def large(filled: DatabaseUrl, anyio_backend: str) -> AsyncIterator[Store]:
    """Return the store."""
    store = await Store.open(filled)
    yield store
    await store.close()
