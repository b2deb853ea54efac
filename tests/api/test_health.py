import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.main import create_app
from api.settings import Settings
from classifier import ComplaintClassifier

pytestmark = pytest.mark.anyio


async def test_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "model": "tiny 0.0.1", "taxonomy": "1"}


async def test_not_ready_before_the_model_is_loaded(tiny: ComplaintClassifier) -> None:
    reading: Future[ComplaintClassifier] = Future()
    told: list[Any] = []
    app = create_app(Settings(), classifier=reading, loaded=told.append)
    async with app.router.lifespan_context(app), _client(app) as client:
        assert (await client.get("/livez")).status_code == 200
        for call in (client.get("/readyz"), client.post("/v1/classify", json={"messages": []})):
            answer = await call
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:recupera:problem:unavailable"
        assert told == []
        reading.set_result(tiny)
        await _until(lambda: told)
        assert (await client.get("/readyz")).status_code == 200
    assert told == [None]
    assert app.state.service is None


async def test_the_model_of_the_settings_is_loaded(tiny_model: Path) -> None:
    told: list[Any] = []
    app = create_app(Settings(model=tiny_model), loaded=told.append)
    async with app.router.lifespan_context(app), _client(app) as client:
        await _until(lambda: told)
        assert (await client.get("/readyz")).json()["model"] == "tiny 0.0.1"


async def test_a_model_that_can_not_be_loaded_is_told_and_never_ready(tmp_path: Path) -> None:
    told: list[Any] = []
    app = create_app(Settings(model=tmp_path), loaded=told.append)
    async with app.router.lifespan_context(app), _client(app) as client:
        await _until(lambda: told)
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
    assert "not a model directory" in str(told[0])


async def test_the_reference_reads_without_a_network(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"docs/assets/{asset}" in page
        assert (await client.get(f"/docs/assets/{asset}")).status_code == 200
    assert "docs/openapi-3.0.json" in page


async def test_the_reference_has_examples_in_both_languages(client: httpx.AsyncClient) -> None:
    whole = (await client.get("/openapi.json")).json()
    assert whole["openapi"].startswith("3.1")
    call = whole["paths"]["/v1/classify"]["post"]
    assert set(call["requestBody"]["content"]["application/json"]["examples"]) == {"español", "português"}
    assert "application/problem+json" in call["responses"]["422"]["content"]
    older = (await client.get("/docs/openapi-3.0.json")).json()
    assert older["openapi"] == "3.0.3"
    assert '"null"' not in (await client.get("/docs/openapi-3.0.json")).text
    assert older["components"]["schemas"]["Message"]["properties"]["language"]["nullable"] is True


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def _until(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")
