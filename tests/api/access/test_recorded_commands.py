"""What the command line changes or hands out is in the trail: each command of the service is in one of two tables."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from api.commands.recorded import operator
from api.store import trail
from api.store.database import Connection, Store, UnavailableError, database_url
from api.store.trail import TrailFilter, TrailRecord
from classifier import ComplaintClassifier
from classifier.cli import app
from tests.api.access.people import PASSWORD
from tests.api.conftest import Marked

CUSTOMER = "cliente-99182"
MAILBOX = (
    '[[inbox]]\nname = "soporte"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
    'username = "soporte"\npassword_env = "INBOX_PASSWORD"\n'
)

RECORDED = {
    "alerts": (("alerts",), 0),
    "backup": (("backup", "again.zip"), 0),
    "demo --console": (("demo", "--console", "--messages", "3"), 0),
    "demo --console --remove": (("demo", "--console", "--remove"), 0),
    "erase": (("erase", "--customer", CUSTOMER), 0),
    "export --feedback": (("export", "--feedback"), 0),
    "inbox backfill": (("inbox", "backfill", "--config", "mail.toml"), 1),
    "keys create": (("keys", "create", "--name", "desk", "--scope", "read"), 0),
    "keys revoke": (("keys", "revoke", "crm"), 0),
    "keys rotate": (("keys", "rotate", "crm"), 0),
    "reencrypt": (("reencrypt",), 0),
    "replay": (("replay", "01J000000000000000000000AA"), 1),
    "restore": (("restore", "kept.zip", "--force"), 0),
    "users add": (("users", "add", "carla"), 0),
    "users password": (("users", "password", "bia"), 0),
    "users remove": (("users", "remove", "bia"), 0),
    "users role": (("users", "role", "bia", "manager"), 0),
}
"""What a command is called in the trail, how it is run, and the status that is written down."""

UNRECORDED = {
    "audit": "changes nothing and shows ids alone",
    "inbox check": "looks at a mailbox, not at what is stored",
    "inbox report": "counts",
    "inbox run": "a process of the service: what it takes in arrives by itself",
    "keys list": "shows nothing of customers",
    "policy backtest": "changes nothing and shows ids and plans",
    "policy check": "reads a file",
    "policy show": "prints what comes with the program",
    "serve": "the service, which records who asks it",
    "trail": "changes nothing and shows nothing of customers",
    "users list": "shows nothing of customers",
    "worker": "a process of the service: it does what falls due",
}
"""Commands of the service that leave no record, and why."""


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder whose database has a key, two accounts and a backup."""
    monkeypatch.setenv("RECUPERA_SIGNIN_MEMORY_KIB", "8")
    monkeypatch.setenv("INBOX_PASSWORD", PASSWORD)
    monkeypatch.setattr(ComplaintClassifier, "from_pretrained", lambda *_, **__: Marked())
    Path("mail.toml").write_text(MAILBOX)
    for words in (
        ("keys", "create", "--name", "crm", "--scope", "read"),
        ("users", "add", "ana", "--role", "admin"),
        ("users", "add", "bia"),
        ("backup", "kept.zip"),
    ):
        assert run(*words).exit_code == 0


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, input=f"{PASSWORD}\n")


def records() -> list[TrailRecord]:
    """Return the trail, oldest first."""

    async def read() -> list[TrailRecord]:
        store = await Store.attach(database_url(None, Path("recupera-data")))
        async with store.read() as connection:
            found = await trail.page(connection, TrailFilter(), before=None, limit=1000)
        await store.close()
        return found[::-1]

    return asyncio.run(read())


def leaves(command: Any, name: str) -> list[str]:
    parts = getattr(command, "commands", None)
    if parts is None:
        return [name]
    return [leaf for part, inner in parts.items() for leaf in leaves(inner, f"{name} {part}")]


def of_the_service() -> set[str]:
    group: Any = typer.main.get_command(app)
    ours = [point.name for point in entry_points(group="recupera.commands") if point.module.startswith("api.")]
    return {leaf for name in ours for leaf in leaves(group.get_command(None, name), name)}


def test_every_command_of_the_service_is_recorded_or_says_why_not() -> None:
    recorded = {name.partition(" --")[0] for name in RECORDED}

    assert recorded | set(UNRECORDED) == of_the_service()
    assert not recorded & set(UNRECORDED)


@pytest.mark.parametrize("command", RECORDED)
def test_a_command_is_in_the_trail(command: str) -> None:
    words, status = RECORDED[command]
    before = len(records())

    result = run(*words)

    assert (result.exit_code == 0) == (status == 0), result.output
    kept = records()
    if command != "restore":  # which brings the trail of its day along
        assert len(kept) == before + 1
    me = pwd.getpwuid(os.getuid()).pw_name
    assert (kept[-1].principal_kind, kept[-1].principal_id, kept[-1].principal_name) == ("operator", me, me)
    assert (kept[-1].method, kept[-1].route, kept[-1].status) == ("COMMAND", command, status)


def test_it_says_about_what() -> None:
    for words in (("keys", "rotate", "crm"), ("users", "role", "bia", "manager"), ("users", "remove", "bia")):
        assert run(*words).exit_code == 0
    erased = json.loads(run("erase", "--customer", CUSTOMER, "--json").stdout)
    new, old = (json.loads(line)["id"] for line in run("keys", "list", "--json").stdout.splitlines())

    by_route = {record.route: record for record in records()}

    assert by_route["keys create"].objects == {"key_id": old}
    assert by_route["keys rotate"].objects == {"key_id": new, "rotated_from": old}
    assert by_route["users remove"].objects == by_route["users role"].objects == by_route["users add"].objects
    assert set(by_route["users add"].objects) == {"account_id"}
    assert by_route["erase"].objects == {"erasure_id": erased["erasure_id"]}
    shown = run("trail", "--object", old).stdout
    assert shown.endswith(f"Z  0  operator {operator().name}: COMMAND keys create  key_id={old}\n")


def test_nothing_secret_and_nobody_is_in_it() -> None:
    secrets = [run("keys", "create", "--name", "Fulgencia", "--scope", "read").stdout.strip()]
    secrets.append(run("keys", "rotate", "crm").stdout.strip())
    assert run("keys", "revoke", secrets[0]).exit_code == 0
    assert run("users", "password", "bia").exit_code == 0
    assert run("erase", "--customer", CUSTOMER).exit_code == 0

    written = run("trail", "--json").stdout

    assert len(written.splitlines()) == len(records()) == 9
    words = (*(secret[:12] for secret in secrets), PASSWORD, CUSTOMER, "Fulgencia")
    assert not [word for word in words if word in written]


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "revoke", "nobody"),
        ("keys", "create", "--name", " ", "--scope", "read"),
        ("users", "add", "ana"),
        ("users", "role", "nobody", "admin"),
        ("restore", "mail.toml", "--force"),
        ("restore", "kept.zip"),
        ("erase", "--customer", ""),
    ],
)
def test_what_was_refused_and_changed_nothing_is_not(words: tuple[str, ...]) -> None:
    before = records()

    assert run(*words).exit_code == 2

    assert records() == before


@pytest.mark.parametrize("words", [("audit",), ("keys", "list"), ("trail",), ("erase", "--customer", "x", "--dry-run")])
def test_what_only_looks_is_not(words: tuple[str, ...]) -> None:
    before = records()

    assert run(*words).exit_code == 0

    assert records() == before


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("erase", "--message", "nobody"), "erase"),
        (("export", "--feedback", "--output", "absent/feedback.jsonl"), "export --feedback"),
        (("backup", "mail.toml/again.zip"), "backup"),
    ],
)
def test_what_fails_on_its_way_says_so(words: tuple[str, ...], command: str) -> None:
    assert run(*words).exit_code != 0

    assert (records()[-1].route, records()[-1].status) == (command, 1)


def test_a_change_that_can_not_be_written_down_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(trail, "add", away)
        assert run("keys", "create", "--name", "desk", "--scope", "read").exit_code == 2
        assert run("users", "add", "carla").exit_code == 2
        assert run("users", "remove", "bia").exit_code == 2

    assert len(run("keys", "list", "--json").stdout.splitlines()) == 1
    names = [json.loads(line)["username"] for line in run("users", "list", "--json").stdout.splitlines()]
    assert names == ["ana", "bia"]


def test_what_was_done_and_can_not_be_written_down_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "add", away)

    for words in (("export", "--feedback"), ("backup", "again.zip")):
        result = run(*words)
        assert result.exit_code == 0
        assert "warning: the trail does not hold this" in result.stderr


def test_no_key_is_needed_for_backup_and_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("RECUPERA_SECRET_KEY", Fernet.generate_key().decode())
        patched.setenv("RECUPERA_PRIVACY_ENCRYPT", "true")
        assert run("reencrypt").exit_code == 0
    for words in (("backup", "sealed.zip"), ("restore", "sealed.zip", "--force")):
        result = run(*words)
        assert result.exit_code == 0
        assert "warning: the trail" not in result.stderr

    assert [record.route for record in records()][-2:] == ["reencrypt", "restore"]


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    before = records()
    monkeypatch.setenv("RECUPERA_ACCESS_TRAIL_DAYS", "0")

    assert run("keys", "revoke", "crm").exit_code == 0
    assert run("export", "--feedback").exit_code == 0

    assert records() == before


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert operator().name == operator().id == f"uid {os.getuid()}"


async def away(_connection: Connection, _records: Any) -> None:
    raise UnavailableError("the database can't be reached or is too busy")
