"""What every command answers to a wrong value of each of its options: what it may be, never how a library says it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.access.scopes import Scope
from classifier.cli import app
from classifier.commands import _points

FOREIGN = ("Value error", "Input should", "validation error", "Traceback", "pydantic", "%Y", "unable to parse")


def commands(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that it is called by."""
    if not hasattr(command, "list_commands"):
        yield words, command
        return
    for name in command.list_commands(None):
        yield from commands(command.get_command(None, name), *words, name)


def choosy() -> Iterator[Any]:
    """Yield each parameter that not every text is a value of, with the words of a command line that gives it one."""
    for words, command in commands(typer.main.get_command(app)):
        for parameter in command.params:
            described = parameter.type_descriptor
            if described.is_choice or described.parameter_info.parser or described.annotation in (int, float):
                is_option = parameter.param_type_name == "option"
                before = [] if is_option else [one.name for one in command.params[: command.params.index(parameter)]]
                given = (*words, parameter.opts[0]) if is_option else (*words, *before)
                yield pytest.param(described, (*given, "nonsense"), id=" ".join(given))


def refused(*words: str) -> str:
    """Return what a command line is refused with, as one line."""
    result = CliRunner().invoke(app, words, prog_name="recupera")
    assert result.exit_code == 2, result.output
    assert not result.stdout
    said = " ".join(result.stderr.replace("│", " ").split())
    assert not [word for word in FOREIGN if word in said], said
    return said


@pytest.mark.parametrize(("described", "words"), [*choosy()])
def test_a_wrong_value_is_refused_in_words(described: Any, words: tuple[str, ...]) -> None:
    said = refused(*words)
    if described.is_choice:
        assert "'nonsense' is not one of" in said
        assert all(f"'{getattr(choice, 'value', choice)}'" in said for choice in described.choices)
    elif described.annotation in (int, float):
        assert "must be a" in said
        assert said.rstrip(" ╰─╯").endswith("number")
    else:
        assert described.annotation in (date, datetime)
        assert "write a day as in 2026-01-31" in said


def test_every_command_is_tried() -> None:
    tried = {words[0] for words, _ in commands(typer.main.get_command(app))}
    assert tried == {point.name for point in _points()}


def test_scopes_of_a_key_are_named() -> None:
    said = refused("keys", "create", "--name", "crm", "--scope", "ingest", "--scope", "nonsense")
    assert f"'--scope': 'nonsense' is not one of {', '.join(repr(str(scope)) for scope in Scope)}." in said


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("serve", "--port", "65536"), "must be 65535 or less"),
        (("keys", "create", "--name", "crm", "--scope", "read", "--days", "0"), "must be 1 or more"),
        (("audit", "--minutes", "-1"), "must be 0 or more"),
        (("audit", "--minutes", "inf"), "must be 52704000 or less"),
        (("serve", "--log-level", "loud"), "settings: log_level: must be 'debug', 'info', 'warning' or 'error'"),
        (("worker", "--log-level", "loud"), "settings: log_level: must be 'debug', 'info', 'warning' or 'error'"),
        (("worker", "--executor-id", "a b"), "settings: worker.executor_id: must be written as the pattern"),
    ],
)
def test_what_is_out_of_bounds_is_said(words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    assert reason in refused(*words, *(("--data", str(tmp_path)) if words[0] != "serve" else ()))


def test_a_table_in_the_environment_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_DELIVERY", "abc")
    said = refused("serve", "--port", "0")
    assert "settings: of RECUPERA_DELIVERY one is no JSON" in said
    assert "EnvSettingsSource" not in said
