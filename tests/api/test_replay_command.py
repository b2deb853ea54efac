"""``recupera replay``."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from api.delivery import destinations
from api.store import deliveries, outbox, rows, tables
from api.store.database import Connection, Store, database_url
from api.store.deliveries import DeliveryRecord, DeliveryStatus
from api.store.identifiers import new_id
from api.store.records import OutboxKind
from classifier.cli import app

T = TypeVar("T")
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CRM: dict[str, Any] = {
    "name": "crm",
    "kind": "webhook",
    "url": "https://crm.example/in",
    "subject": None,
    "events": ["case.opened"],
    "filter": {},
    "rate": 10.0,
    "concurrency": 4,
    "enabled": True,
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments, "--data", "here"])


def stored(work: Callable[[Connection], Awaitable[T]]) -> T:
    async def done() -> T:
        store = await Store.open(database_url(None, Path("here")))
        try:
            async with store.write() as connection:
                return await work(connection)
        finally:
            await store.close()

    return asyncio.run(done())


async def failed(connection: Connection, destination_id: str, count: int) -> list[str]:
    """Store deliveries that were given up."""
    ids = []
    for _ in range(count):
        event = outbox.entry(OutboxKind.EVENT, "case.opened", {"case_id": None}, NOW)
        await outbox.add(connection, event)
        ids.append(new_id())
        facts = {"order_key": event.id, "message_id": None, "case_id": None, "created_at": NOW, "type": event.type}
        end = {"status": DeliveryStatus.DEAD, "attempts": 10, "next_at": None, "finished_at": NOW, "error": "timeout"}
        dead = DeliveryRecord(id=ids[-1], destination_id=destination_id, event_id=event.id, **facts, **end)  # type: ignore[arg-type]
        await rows.insert(connection, tables.deliveries, [dead])
    return ids


@pytest.fixture
def letters() -> dict[str, list[str]]:
    """Return the dead letters by destination, of which the second is disabled."""

    async def make(connection: Connection) -> dict[str, list[str]]:
        made = {}
        for enabled in (True, False):
            destination, _ = await destinations.create(connection, {**CRM, "enabled": enabled}, None, NOW)
            made[destination.id] = await failed(connection, destination.id, 2)
        return made

    return stored(make)


def status(delivery_id: str) -> str:
    found = stored(lambda connection: deliveries.get(connection, delivery_id))
    assert found is not None
    return found.status


def test_dead_letters_are_listed(letters: dict[str, list[str]]) -> None:
    shown = run("--json").stdout.splitlines()
    assert {json.loads(line)["id"] for line in shown} == {name for ids in letters.values() for name in ids}
    (first, _) = letters
    lines = run("--destination", first).stdout.splitlines()
    assert len(lines) == 2
    assert f"to {first}  2026-03-04 12:00Z  10 tries  timeout" in lines[0]
    assert {status(name) for ids in letters.values() for name in ids} == {"dead"}


def test_all_are_begun_again_but_of_a_destination_that_is_disabled(letters: dict[str, list[str]]) -> None:
    working, disabled = letters
    result = run("--dead")
    assert result.exit_code == 1
    assert f"begun again: 2 of destination {working}" in result.stderr
    assert f"destination {disabled}: " in result.stderr
    assert [status(name) for name in letters[working]] == ["pending", "pending"]
    assert [status(name) for name in letters[disabled]] == ["dead", "dead"]
    assert run("--dead", "--destination", working).stderr == "no dead letters\n"


def test_one_is_begun_again_by_its_id(letters: dict[str, list[str]]) -> None:
    working, _ = letters
    one, other = letters[working]
    assert run(one).exit_code == 0
    assert [status(one), status(other)] == ["pending", "dead"]
    missing = run("nowhere", other)
    assert missing.exit_code == 1
    assert "nowhere: there is no such delivery" in missing.stderr
    assert status(other) == "pending"


@pytest.mark.parametrize(("arguments", "why"), [(("x", "--dead"), "not both"), ((), "holds no database")])
def test_what_makes_no_sense_is_said(arguments: tuple[str, ...], why: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code != 0
    assert why in str(refused.exception) + refused.output
