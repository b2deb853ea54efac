import errno
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from classifier import commands
from classifier.commands import CommandGroup
from classifier.errors import InputError

app = typer.Typer(cls=CommandGroup)


@app.callback()
def root() -> None:
    """Do things."""


def works(name: Annotated[str, typer.Argument()] = "mundo") -> None:
    """Greet."""
    typer.echo(f"hola {name}")


def refuses() -> None:
    """Refuse."""
    raise InputError("the input can't be read")


def overflows(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Write more than there is room for."""
    raise OSError(errno.ENOSPC, "No space left on device", name)


def lacks() -> None:
    """Import what is not there."""
    raise ModuleNotFoundError("No module named 'fastapi'", name="fastapi")


def broken() -> None:
    """Import one of ours that does not exist."""
    raise ModuleNotFoundError("No module named 'api.nothing'", name="api.nothing")


group = typer.Typer(help="A group of its own.")
group.command("run")(works)
group.command("check")(refuses)


class Point:
    """An entry point of the package ``api`` whose object is at hand."""

    def __init__(self, name: str, loaded: object) -> None:
        self.name, self.loaded, self.module = name, loaded, "api.cli"

    def load(self) -> object:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture(autouse=True)
def points(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
    functions = {"works": works, "refuses": refuses, "overflows": overflows, "lacks": lacks, "broken": broken}
    found = {**functions, "missing": missing, "inbox": group}
    monkeypatch.setattr(commands, "_points", lambda: tuple(Point(name, loaded) for name, loaded in found.items()))


def run(*arguments: str) -> SimpleNamespace:
    result = CliRunner().invoke(app, arguments, prog_name="recupera")
    return SimpleNamespace(status=result.exit_code, out=result.stdout, err=result.stderr, error=result.exception)


def test_a_function_is_a_command() -> None:
    assert run("works", "todos").out == "hola todos\n"


def test_an_application_is_a_group_of_commands() -> None:
    assert run("inbox", "run").out == "hola mundo\n"
    assert run("inbox", "check").status == 2


def test_an_error_of_ours_is_one_line() -> None:
    result = run("refuses")
    assert (result.status, result.err) == (2, "error: the input can't be read\n")


@pytest.mark.parametrize(("arguments", "what"), [((), "the output"), (("a.csv",), "a.csv")])
def test_a_full_disk_is_one_line(arguments: tuple[str, ...], what: str) -> None:
    result = run("overflows", *arguments)
    assert (result.status, result.err) == (2, f"error: {what} can't be written: No space left on device\n")


@pytest.mark.parametrize("name", ["lacks", "missing"])
def test_a_missing_extra_is_named_by_the_command_that_needs_it(name: str) -> None:
    result = run(name)
    assert result.status == 2
    assert result.err == f"error: recupera {name} needs the extra 'api': pip install 'recupera[api]'\n"


def test_a_missing_extra_is_named_whatever_else_is_asked() -> None:
    assert "recupera[api]" in run("missing", "--port", "9000", "more").err


def test_a_fault_of_our_own_is_not_taken_for_a_missing_extra() -> None:
    assert isinstance(run("broken").error, ModuleNotFoundError)


def test_help_lists_the_commands_even_those_that_lack_an_extra() -> None:
    out = run("--help").out
    assert "Greet." in out
    assert "A group of its own." in out
    assert "needs the extra 'api'" in out
    assert out.index("inbox") < out.index("broken")


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("nothing").status == 2


def test_our_own_commands_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = {point.name: point for point in commands._points()}
    assert isinstance(found["classify"], EntryPoint)
    assert {"classify", "serve", "train", "evaluate"} <= set(found)
