"""Services that somebody has taken charge of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.access.keys import Wanted, create
from api.access.scopes import EVERY_SCOPE, Scope
from api.store.database import Store
from tests.api.conftest import Marked, Opener


class Clock:
    """Shows the time that a test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Closed:
    """A service with a key of each scope, and one with all the others."""

    client: httpx.AsyncClient
    only: Mapping[Scope, str]
    without: Mapping[Scope, str]


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def made(store: Store, *scopes: Scope, name: str = "crm", **more: Any) -> str:
    """Make a key, as another process would."""
    async with store.write() as connection:
        _, key = await create(connection, Wanted(name, scopes, **more), by="test", now=datetime.now(UTC))
    return key


def store_of(client: httpx.AsyncClient) -> Store:
    store: Store = client._transport.app.state.store  # type: ignore[attr-defined]
    return store


@pytest.fixture
async def client(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a service that nobody has taken charge of."""
    async with open_service(Marked()) as client:
        yield client


@pytest.fixture
async def closed(open_service: Opener, anyio_backend: str) -> AsyncIterator[Closed]:
    async with open_service(Marked()) as client:
        store = store_of(client)
        only = {scope: await made(store, scope, name=f"only {scope}") for scope in Scope}
        without = {scope: await made(store, *(EVERY_SCOPE - {scope}), name=f"without {scope}") for scope in Scope}
        client._transport.app.state.keyring.expire()  # type: ignore[attr-defined]
        yield Closed(client, only, without)


@pytest.fixture
def clock() -> Clock:
    return Clock()
