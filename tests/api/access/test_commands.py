"""``recupera keys`` and ``recupera trail``."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.access.keyring import Keyring
from api.access.tokens import is_well_formed
from api.store import trail
from api.store.database import Store, database_url
from api.store.identifiers import new_id
from api.store.trail import TrailRecord
from classifier.cli import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def listed() -> list[dict[str, object]]:
    return [json.loads(line) for line in run("keys", "list", "--json").stdout.splitlines()]


def opens(key: str) -> bool:
    async def found() -> bool:
        store = await Store.open(database_url(None, Path("recupera-data")))
        keyring = await Keyring.open(store)
        there = await keyring.find(key) is not None
        await keyring.close()
        await store.close()
        return there

    return asyncio.run(found())


def test_a_key_is_made_listed_changed_and_revoked() -> None:
    made = run("keys", "create", "--name", "crm", "--scope", "read", "--scope", "ingest", "--days", "30")
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert is_well_formed(key)
    assert "only time" in made.stderr
    assert opens(key)

    changed = run("keys", "rotate", "crm", "--grace-hours", "0").stdout.strip()
    assert [opens(each) for each in (key, changed)] == [False, True]
    assert [one["state"] for one in listed()] == ["active", "expired"]
    assert [one["scopes"] for one in listed()] == [["ingest", "read"]] * 2
    shown = run("keys", "list").stdout
    assert changed[:12] in shown
    assert changed not in shown
    assert "digest" not in run("keys", "list", "--json").stdout

    revoked = run("keys", "revoke", changed[:12])
    assert (revoked.exit_code, opens(changed)) == (0, False)
    again = run("keys", "revoke", changed)
    assert again.exit_code == 2
    assert changed not in again.stderr


def test_a_name_that_several_keys_have_is_not_guessed() -> None:
    prefixes = {run("keys", "create", "--name", "a", "--scope", "read").stdout[:12] for _ in range(2)}

    told = run("keys", "revoke", "a")

    assert told.exit_code == 2
    assert all(prefix in told.stderr for prefix in prefixes)


@pytest.mark.parametrize(
    "arguments", [("--name", " ", "--scope", "read"), ("--name", "a" * 65, "--scope", "read"), ("--name", "a")]
)
def test_a_key_that_can_not_be_is_refused(arguments: tuple[str, ...]) -> None:
    assert run("keys", "create", *arguments).exit_code == 2


def test_where_there_is_nothing_it_is_said() -> None:
    assert "holds no database" in run("keys", "list").stderr
    assert "holds no database" in run("trail").stderr


def test_the_trail_is_printed() -> None:
    async def keep() -> None:
        store = await Store.open(database_url(None, Path("recupera-data")))
        at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        read = "/v1/cases/{case_id}"
        async with store.write() as connection:
            kept = [
                TrailRecord(new_id(), at, "user", "u1", "Ana", "GET", read, name, {"case_id": name}, 200)
                for name in ("c1", "c2")
            ]
            await trail.add(connection, kept)
        await store.close()

    asyncio.run(keep())

    assert len(run("trail").stdout.splitlines()) == 2
    assert run("trail", "--object", "c1").stdout == (
        "2026-03-01 09:30:00Z  200  user Ana: GET /v1/cases/{case_id}  case_id=c1\n"
    )
    assert json.loads(run("trail", "--json", "--limit", "1").stdout)["object_id"] == "c2"
    assert "nothing is recorded" in run("trail", "--principal", "nobody").stderr


@pytest.mark.parametrize("command", ["keys create", "keys list", "keys rotate", "keys revoke", "trail"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: recupera {command}" in run(*command.split(), "--help").stdout
