"""``/v1/alerts`` and ``recupera alerts``, on both databases."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from click.testing import Result
from typer.testing import CliRunner

from api.routes.alerts import Alert
from api.store import alerts
from api.store.alerts import AlertRecord
from api.store.database import Store
from api.store.identifiers import new_id
from classifier.cli import app
from tests.api.conftest import Marked, Opener
from tests.api.delivery.receiver import SECRET, Receiver
from tests.api.early_warning.history import complaint, steady, tell
from tests.api.test_destinations import made

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def alert(dimension: str = "touchpoint", value: str = "payment", **more: Any) -> AlertRecord:
    example = {
        "message_id": "m", "case_id": "c", "channel": "email", "received_at": "2026-03-02T10:00:00Z",
        "language": "es", "severity": "high", "phrase": "me cobraron dos veces",
    }  # fmt: skip
    values: dict[str, Any] = {
        "id": new_id(), "dimension": dimension, "value": value, "status": "open", "raised_at": NOW, "updated_at": NOW,
        "closed_at": None, "since": NOW - timedelta(hours=5), "days": 1, "count": 24, "expected": 3.25, "upper": 8,
        "probability": 1e-12, "examples": [example],
    }  # fmt: skip
    return AlertRecord(**{**values, **more})


async def keep(store: Store, *kept: AlertRecord) -> None:
    async with store.write() as connection:
        for one in kept:
            await alerts.add(connection, one)


@pytest.fixture
async def service(open_service: Opener, database: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    delivery = {"allow": ["127.0.0.1"]}
    async with open_service(Marked(), database=database, delivery=delivery, alerts={"enabled": False}) as client:
        yield client


async def listed(service: httpx.AsyncClient, **query: Any) -> list[str]:
    said = await service.get("/v1/alerts", params=query)
    assert said.status_code == 200, said.text
    return [item["value"] for item in said.json()["alerts"]]


async def test_an_alert_is_read(service: httpx.AsyncClient, store: Store) -> None:
    stored = alert()
    await keep(store, stored)
    read = (await service.get(f"/v1/alerts/{stored.id}")).json()
    Alert.model_validate(read)
    assert (read["alert_id"], read["value"], read["count"], read["status"]) == (stored.id, "payment", 24, "open")
    assert read["examples"] == list(stored.examples)
    assert set(read["summary"]) == {"es", "pt", "en"}
    assert "se esperaban 3,2" in read["summary"]["es"]


async def test_the_list_is_narrowed_and_paged(service: httpx.AsyncClient, store: Store) -> None:
    closed = {"status": "closed", "closed_at": NOW}
    earlier = {"raised_at": NOW - timedelta(days=3)}
    await keep(store, alert(value="a", **closed), alert(value="b"), alert("product", "lamp", **earlier))
    assert await listed(service) == ["lamp", "b", "a"]
    assert await listed(service, status="open") == ["lamp", "b"]
    assert await listed(service, dimension="product") == ["lamp"]
    assert await listed(service, value="a") == ["a"]
    assert await listed(service, since=(NOW - timedelta(days=1)).isoformat()) == ["b", "a"]
    page = (await service.get("/v1/alerts", params={"limit": 2})).json()
    assert await listed(service, cursor=page["next_cursor"]) == ["a"]
    assert (await service.get("/v1/alerts", params={"limit": 3})).json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [("", 404, "not-found"), ("?status=lost", 422, "invalid"), ("?colour=red", 422, "invalid")],
)
async def test_what_is_wrong_is_a_problem(service: httpx.AsyncClient, path: str, status: int, problem: str) -> None:
    said = await service.get("/v1/alerts/none" if status == 404 else f"/v1/alerts{path}")
    assert (said.status_code, said.headers["content-type"]) == (status, "application/problem+json")
    assert said.json()["type"].startswith(f"urn:recupera:problem:{problem}")


async def test_a_service_looks_by_itself_and_tells(
    open_service: Opener, database: str, store: Store, anyio_backend: str
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await tell(store, steady(now, 40, 4))
    delivery = {"allow": ["127.0.0.1"]}
    async with Receiver().listening() as receiver:
        async with open_service(Marked(), database=database, delivery=delivery, alerts={"enabled": False}) as service:
            await made(service, receiver.url, secret=SECRET, events=["alert.raised"])
        await tell(store, steady(now, 1, 30), complaint("payment"))
        async with open_service(Marked(), database=database, delivery=delivery) as service:
            for _ in range(600):
                if len(receiver.taken) >= 4:
                    break
                await asyncio.sleep(0.05)
            found = (await service.get("/v1/alerts", params={"value": "payment"})).json()["alerts"]
    told = {request.event["data"]["value"]: request.event for request in receiver.taken}
    assert set(told) >= {"all", "payment", "outcome"}
    assert told["payment"]["type"] == "alert.raised"
    assert told["payment"]["data"]["alert_id"] == found[0]["alert_id"]
    assert told["payment"]["data"]["external_id"] is None


async def run(database: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    return await to_thread.run_sync(lambda: CliRunner().invoke(app, ["alerts", *arguments]))


async def test_the_command_looks_and_prints_what_rises(
    database: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await tell(store, steady(now, 40, 4))
    await tell(store, steady(now, 1, 30), complaint("payment"))
    before = await run(database, monkeypatch, "--no-look")
    assert (before.exit_code, before.stdout, before.stderr) == (0, "", "nothing rises unusually\n")
    done = await run(database, monkeypatch, "--lang", "es")
    assert done.exit_code == 0, done.output
    assert any("Suben las quejas: 34 en 24 horas" in line for line in done.stdout.splitlines())
    again = await run(database, monkeypatch, "--json")
    kinds = [json.loads(line)["dimension"] for line in again.stdout.splitlines()]
    assert sorted(kinds) == ["all", "justice", "quality", "touchpoint"]


async def test_the_command_says_when_it_is_too_early(
    database: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(store, steady(datetime.now(UTC), 3, 4))
    done = await run(database, monkeypatch)
    assert done.exit_code == 0
    assert "too early to say: complaints of" in done.stderr


def test_a_folder_without_a_database_is_said(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["alerts", "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds no database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example() -> None:
    assert "Example: recupera alerts" in CliRunner().invoke(app, ["alerts", "--help"]).stdout
