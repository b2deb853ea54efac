"""The whole command against a real Dovecot; ``inbox_crashes`` is the same at length."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from classifier.cli import app
from tests.api.channels.email import dovecot as dovecots
from tests.api.channels.email.dovecot import PASSWORD, Dovecot
from tests.api.channels.email.mails import GRAVE, MILD, mail
from tests.integration.inbox_crashes import failures, run

pytestmark = pytest.mark.acceptance
USER = "soporte@example.org"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    why = dovecots.why_not()
    if why is not None:
        pytest.skip(why)
    yield from dovecots.running()


@pytest.fixture
def folder(dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INBOX_PASSWORD", PASSWORD)
    dovecot.client(USER).logout()
    table = (
        f'[[inbox]]\nname = "soporte"\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = "none"\n'
        f'username = "{USER}"\npassword_env = "INBOX_PASSWORD"\nfolder = "INBOX"\nwrite = "keywords"\n'
    )
    (tmp_path / "settings.toml").write_text(table + table.replace('"soporte"', '"suporte"').replace(USER, f"b{USER}"))
    dovecot.client(f"b{USER}").logout()
    return tmp_path


def recupera(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["inbox", *words, "--config", "settings.toml"], env=dict(os.environ))
    return result.exit_code, result.stdout, result.stderr


def tags(dovecot: Dovecot) -> list[str]:
    client = dovecot.client(USER, readonly=True)
    _, data = client.uid("FETCH", "1:*", "(FLAGS)")
    client.logout()
    return [line.decode() for line in data if isinstance(line, bytes)]


def test_the_command_from_check_to_report(dovecot: Dovecot, folder: Path, tiny_model: Path) -> None:
    dovecot.deliver(USER, mail(MILD))
    dovecot.deliver(USER, mail(GRAVE, number=2, Auto_Submitted="auto-replied"))
    model = ("--model", str(tiny_model))

    status, said, _ = recupera("check")
    assert status == 0
    assert said.count('write = "keywords" works here') == 2

    status, said, _ = recupera("run", "--dry-run", "--json", *model)
    assert status == 0
    first, second = json.loads(said)
    assert (first["mails"], first["parked"], second["mails"]) == (2, {"automatic reply": 1}, 0)
    assert not any("recupera-" in line for line in tags(dovecot))
    assert not (folder / "recupera-data").exists()

    status, said, _ = recupera("run", "--once", *model)
    assert status == 0
    assert "soporte: 2 mails read" in said
    assert ["recupera-" in line for line in tags(dovecot)] == [True, False]

    status, said, _ = recupera("backfill", "--since", "2026-01-01", "--inbox", "soporte", "--json", *model)
    assert status == 0
    assert json.loads(said)[0]["states"] == {"tagged": 1, "parked": 1}

    status, said, _ = recupera("report", "--inbox", "soporte", "--json")
    assert status == 0
    assert json.loads(said)[0]["mails"] == 2


def test_one_mailbox_that_fails_does_not_stop_the_others(dovecot: Dovecot, folder: Path, tiny_model: Path) -> None:
    path = folder / "settings.toml"
    path.write_text(path.read_text().replace(f'"b{USER}"\npassword_env = "INBOX_PASSWORD"', '"x"\npassword_env = "NO"'))
    dovecot.deliver(USER, mail(MILD, number=77))
    status, _, said = recupera("run", "--once", "--model", str(tiny_model))
    assert status == 1
    assert "NO is not set" in said
    assert "recupera-" in tags(dovecot)[-1]


def test_no_mail_is_lost_or_tagged_twice_though_the_process_is_killed(tiny_model: Path) -> None:
    why = dovecots.why_not()
    if why is not None:
        pytest.skip(why)
    result = run(mails=120, kills=3, model=tiny_model, seconds=15)
    assert failures(result) == []


def test_closing_a_server_leaves_nothing(tmp_path: Path) -> None:
    if dovecots.why_not() is not None:
        pytest.skip("no Dovecot")
    with closing(dovecots.running()) as servers:
        server = next(servers)
    assert server.process.poll() is not None
    assert not server.folder.exists()
