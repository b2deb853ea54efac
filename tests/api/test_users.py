"""``recupera users``."""

import json

import pytest
from typer.testing import CliRunner, Result

from classifier.cli import app
from tests.api.access.people import PASSWORD


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_SIGNIN_MEMORY_KIB", "8")


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(app, ["users", *arguments, "--data", "here"], input=said)


def listed() -> list[tuple[str, str, str]]:
    lines = run("list", "--json").stdout.splitlines()
    return [(one["username"], one["role"], one["name"]) for one in map(json.loads, lines)]


def test_accounts_are_made_changed_and_removed() -> None:
    made = run("add", "Ana", "--role", "admin", "--name", "Ana Souza", said=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert run("add", "bia", said=PASSWORD).exit_code == 0
    assert listed() == [("ana", "admin", "Ana Souza"), ("bia", "agent", "bia")]
    assert run("role", "bia", "engineer").exit_code == 0
    assert run("password", "bia", said="otra clave distinta\n").exit_code == 0
    assert listed()[1] == ("bia", "engineer", "bia")
    assert "engineer  bia  (never signed in)" in run("list").stdout
    assert run("remove", "bia").exit_code == 0
    assert [name for name, _, _ in listed()] == ["ana"]


@pytest.mark.parametrize(
    ("arguments", "said", "why"),
    [
        (("add", "ana"), PASSWORD, "already"),
        (("add", "ana souza"), PASSWORD, "user name has"),
        (("add", "bia"), "corta", "at least 12"),
        (("remove", "ana"), "", "last account"),
        (("role", "bia", "admin"), "", "no account of this user name"),
    ],
)
def test_what_can_not_be_done_is_said(arguments: tuple[str, ...], said: str, why: str) -> None:
    assert run("add", "ana", said=PASSWORD).exit_code == 0
    refused = run(*arguments, said=said)
    assert refused.exit_code != 0
    assert why in str(refused.exception) + refused.output


def test_a_folder_without_a_database_is_named() -> None:
    refused = run("list")
    assert "holds no database" in str(refused.exception) + refused.output


@pytest.mark.parametrize("command", [(), ("add",), ("list",), ("role",), ("password",), ("remove",)])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, ["users", *command, "--help"]).stdout
    assert "Example: recupera users" in " ".join(shown.split())
