import json
import logging
from typing import Any

import httpx
import pytest

from api.observability import JsonFormatter
from classifier.types import ModelInfo
from tests.api.conftest import Opener

pytestmark = pytest.mark.anyio


class Broken:
    """Fails with the text in its message."""

    model = ModelInfo("broken", "0", "1")

    def predict(self, texts: list[str], **_: Any) -> list[Any]:
        raise RuntimeError(f"can't take {texts[0]}")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [JsonFormatter().format(record) for record in caplog.records]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere/secreto", 404, "not-found"),
        ("GET", "/docs/assets/nothing.js", 404, "not-found"),
        ("GET", "/v1/classify", 405, "method-not-allowed"),
        ("DELETE", "/livez", 405, "method-not-allowed"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:recupera:problem:{kind}"
    assert answer.json()["status"] == status
    assert "secreto" not in answer.text


async def test_an_unexpected_failure_tells_nothing_of_the_text(
    open_service: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_service(classifier=Broken()) as client:
        answer = await client.post("/v1/classify", json={"messages": [{"id": "1", "text": "secreto"}]})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:recupera:problem:internal"
    logged = "\n".join(lines(caplog))
    assert "RuntimeError" in logged
    assert "test_errors.py" in logged
    assert "secreto" not in answer.text + logged


async def test_requests_are_logged_without_what_was_sent(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await client.post("/v1/classify?q=secreto", json={"messages": [{"id": "1", "text": "secreto"}]})
    await client.get("/livez")
    ours = [line for line in lines(caplog) if '"logger": "httpx"' not in line]
    (line,) = map(json.loads, (line for line in ours if "recupera.access" in line))
    assert line.pop("ms") > 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info", "logger": "recupera.access", "method": "POST", "path": "/v1/classify", "status": 200
    }  # fmt: skip
    assert "secreto" not in "".join(ours)
