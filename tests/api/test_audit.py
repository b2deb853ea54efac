"""``recupera audit`` over what a real service has stored, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import Result

from api.demo.filling import fill, samples_of
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store.database import Store, database_url
from tests.api.conftest import Marked, Opener
from tests.api.test_export import run
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def change(database: str, statement: str) -> None:
    """Change the database behind the service's back, foreign keys or not."""
    if database.startswith("sqlite:///"):
        import sqlite3

        with sqlite3.connect(database.removeprefix("sqlite:///"), timeout=10) as connection:
            connection.execute(statement)
        connection.close()
        return
    with psycopg.connect(database, autocommit=True) as server:
        server.execute("SET session_replication_role = replica")
        server.execute(statement)


async def audited(database: str, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setenv("RECUPERA_DATABASE", database)
    return await run("audit", *options)


async def test_a_service_that_lost_nothing_is_clean(
    open_service: Opener, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = PolicyPlanner(default_policy())
    async with open_service(Marked(), planner=planner, database=database) as service:
        for number, text in enumerate(("No llegó.", "Todo bien.", "Es gravísimo ¿?", "No llegó.")):
            await post(service, str(number), text, customer={"id": f"c{number % 3}", "country": "MX"})
        result = await audited(database, monkeypatch)
        assert result.exit_code == 0, result.output
        assert "4 messages, 2 cases, " in result.stdout
        assert result.stdout.splitlines()[-1] == "everything holds"


async def test_samples_for_the_console_are_no_findings_and_real_messages_beside_them_are_looked_at(
    open_service: Opener, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    planner, now = PolicyPlanner(default_policy()), datetime.now(UTC)
    async with open_service(Marked(), planner=planner, database=database) as service:
        store = await Store.open(database_url(database, tmp_path))
        await fill(store, Marked(), planner, samples_of(30, now), now=now)  # type: ignore[arg-type]
        await store.close()
        await post(service, "recupera-sample-1", "No llegó mi pedido.")
        assert (await audited(database, monkeypatch)).exit_code == 0
        await asyncio.to_thread(change, database, "UPDATE messages SET case_id = NULL")
        result = await audited(database, monkeypatch)
    assert sum(line.endswith("[no-case]") for line in result.stdout.splitlines()) == 1


async def test_what_does_not_hold_is_named_with_what_to_do(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [await post(service, str(number), "No llegó mi pedido.") for number in range(4)]
    await asyncio.to_thread(change, database, "UPDATE messages SET case_id = NULL")
    result = await audited(database, monkeypatch, "--show", "2")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert f"error: message {lost[0]['message_id']}: it is a complaint and has no case [no-case]" in lines
    assert sum(line.endswith("[no-case]") for line in lines) == 2
    assert any(line.startswith("[no-case] 4, 2 not shown: Read the message") for line in lines)
    assert lines[-1] == "8 errors, 0 notices"  # each message without its case, each case without its message
    assert "pedido" not in result.output


async def test_json_holds_every_finding(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        await post(service, str(number), "No llegó mi pedido.")
    await asyncio.to_thread(change, database, "UPDATE messages SET severity = 'low'")
    result = await audited(database, monkeypatch, "--json")
    assert result.exit_code == 1
    written = json.loads(result.stdout)
    assert {finding["code"] for finding in written["findings"]} == {"labels"}
    assert len(written["findings"]) == written["review"]["errors"] == 30
    assert written["findings"][0].keys() == {"level", "code", "ids", "message", "todo"}
    assert written["review"]["looked_at"]["messages"] == 30


async def test_an_empty_store_holds_and_is_json(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.loads((await audited(database, monkeypatch, "--json")).stdout)
    assert written["findings"] == []
    assert written["review"]["errors"] == 0


async def test_notices_alone_are_no_failure(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await service.post("/v1/destinations", json={"name": "n", "url": "https://93.184.216.34/", "events": EVENTS})
    assert made.status_code == 201, made.text
    await service.patch(f"/v1/destinations/{made.json()['destination_id']}", json={"enabled": False})
    await post(service)
    for _ in range(100):
        result = await audited(database, monkeypatch)
        if "delivery-waits" in result.stdout:
            break
    assert result.exit_code == 0, result.output
    assert "notice: destination" in result.stdout
    assert result.stdout.splitlines()[-1] == "0 errors, 1 notices"


EVENTS = ["message.classified", "case.opened"]


async def test_an_audit_changes_nothing(
    service: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(service)
    before = (await service.get("/v1/messages")).json()
    assert (await audited(database, monkeypatch)).exit_code == 0
    assert (await service.get("/v1/messages")).json() == before


async def test_what_is_no_store_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = await run("audit", "--data", "nowhere")
    assert missing.exit_code == 2
    assert "nowhere holds no database: name the service's folder by --data" in missing.stderr
    assert not Path("nowhere").exists()
    unreachable = await audited("postgresql://u:geheim@127.0.0.1:1/d?connect_timeout=2", monkeypatch)
    assert unreachable.exit_code == 2
    assert "can't be read" in unreachable.stderr
    assert "geheim" not in unreachable.output


async def test_help_has_an_example() -> None:
    result = await run("audit", "--help")
    assert "Example: recupera audit" in " ".join(result.stdout.split())
