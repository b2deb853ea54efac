"""``GET /metrics``, and traces where they are set up: counted, and never a word of a message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.batching import Batcher, Request
from api.metrics import Metrics
from api.tracing import Traced, open_traces
from classifier.errors import InputError
from tests.api.conftest import Marked

pytestmark = pytest.mark.anyio

TEXT = "La caja de Ana Pérez llegó rota"


async def scraped(service: httpx.AsyncClient) -> dict[str, float]:
    said = await service.get("/metrics")
    assert said.status_code == 200
    assert said.headers["content-type"].startswith("text/plain")
    lines = (line for line in said.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def send(service: httpx.AsyncClient, name: str = "a", text: str = TEXT) -> httpx.Response:
    body = {"channel": "email", "external_id": name, "text": text, "received_at": datetime.now(UTC).isoformat()}
    return await service.post("/v1/messages", json=body)


async def test_requests_by_their_route(service: httpx.AsyncClient) -> None:
    name = (await send(service)).json()["message_id"]
    await service.get(f"/v1/messages/{name}")
    await service.get("/v1/messages/nothing-of-the-kind")
    await service.get("/wp-login.php")
    found = await scraped(service)
    route = 'method="GET",route="/v1/messages/{message_id}"'
    assert found[f'recupera_http_requests_total{{{route},status="200"}}'] == 1
    assert found['recupera_http_requests_total{method="POST",route="/v1/messages",status="201"}'] == 1
    assert found[f"recupera_http_request_seconds_count{{{route}}}"] >= 1
    assert not [line for line in found if "wp-login" in line or name in line]


async def test_batches_queue_and_deliveries(service: httpx.AsyncClient) -> None:
    messages = [{"id": str(place), "text": TEXT} for place in range(5)]
    await service.post("/v1/classify", json={"messages": messages})
    found = await scraped(service)
    assert found["recupera_batch_texts_count"] == 1
    assert found["recupera_batch_texts_sum"] == 5
    assert found["recupera_queue_texts"] == 0
    assert found['recupera_deliveries{status="dead"}'] == 0
    assert found['recupera_inbound{status="dead"}'] == 0
    assert found["recupera_alerts_open"] == 0


async def test_labels_review_and_drift(service: httpx.AsyncClient) -> None:
    await send(service)
    await send(service, "b", "Esto es gravísimo ¿?")
    found = await scraped(service)
    assert found['recupera_week_messages{label="critical",task="severity"}'] == 1
    assert found['recupera_week_messages{label="restitution",task="motive"}'] == 2
    assert found["recupera_week_review_share"] == 0.5
    assert not [line for line in found if line.startswith("recupera_drift_index")]


async def test_no_text_no_name_no_address(service: httpx.AsyncClient) -> None:
    await send(service)
    said = (await service.get("/metrics")).text
    assert not re.search("Ana|Pérez|caja", said)


def scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "route": SimpleNamespace(path=path)}


async def test_while_loading_there_are_only_requests() -> None:
    metrics = Metrics()
    metrics.answered(scope("BREW", "/livez"), 200, 0.001)
    page = (await metrics.page(None)).decode()
    assert 'recupera_http_requests_total{method="other",route="/livez",status="200"} 1.0' in page
    assert "recupera_week_messages{" not in page


async def test_a_lasting_answer_is_counted_but_not_timed() -> None:
    metrics = Metrics()
    metrics.answered(scope("GET", "/v1/events"), 200, 3600)
    page = (await metrics.page(None)).decode()
    assert 'recupera_http_requests_total{method="GET",route="/v1/events",status="200"} 1.0' in page
    assert "recupera_http_request_seconds_count" not in page


async def test_the_batcher_tells_what_the_model_did() -> None:
    told: list[tuple[int, float]] = []
    batcher = Batcher(
        Marked(), size=8, wait_seconds=0, capacity=8, observed=lambda texts, seconds: told.append((texts, seconds))
    )
    await batcher.classify(Request(["a", "b"], ["1", "2"], [None, None], evidence=False))
    assert batcher.waiting == 0
    batcher.close()
    assert [texts for texts, _ in told] == [2]
    assert told[0][1] >= 0


async def test_spans_of_requests_and_batches() -> None:
    exporter = InMemorySpanExporter()
    traces = open_traces(None, exporter=exporter)
    assert traces is not None
    app = FastAPI()

    @app.post("/v1/messages/{name}")
    async def take(name: str) -> dict[str, Any]:
        traces.classified(3, 0.01)
        return {"name": name}

    traced = Traced(app, traces)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(traced), base_url="http://localhost") as client:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await client.post("/v1/messages/ana", json={"text": TEXT}, headers={"traceparent": parent})
        await client.get("/livez")
    batch, request = exporter.get_finished_spans()
    assert (request.name, batch.name) == ("POST /v1/messages/{name}", "classify")
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/messages/{name}",
        "http.response.status_code": 200,
    }
    assert dict(batch.attributes or {}) == {"texts": 3}
    assert format(request.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"  # type: ignore[union-attr]
    assert "ana" not in request.to_json()
    traces.close()


def test_without_the_setting_there_are_no_traces() -> None:
    assert open_traces(None) is None


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(InputError, match=r"recupera\[otel\]"):
        open_traces("http://127.0.0.1:4318")
