"""The service over its real application, with the toy model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from api.main import create_app
from api.settings import Settings
from classifier import ComplaintClassifier

Opener = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def open_service(tiny: ComplaintClassifier) -> Opener:
    """Return a context manager that starts a service and yields its client."""

    @asynccontextmanager
    async def opened(classifier: Any = tiny, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(Settings(**settings), classifier=classifier)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as c:
            yield c

    return opened


@pytest.fixture
async def client(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with open_service() as client:
        yield client
