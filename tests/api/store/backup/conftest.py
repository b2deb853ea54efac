"""A desk at work on a database, and a second, empty database to restore into."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from classifier.cli import app
from tests.api.workflow.conftest import desk, open_desk

__all__ = ["desk", "open_desk"]

Run = Callable[..., Result]


@pytest.fixture
def other(database: str, tmp_path: Path) -> Iterator[str]:
    """Return the address of a second empty database of the same kind."""
    if database.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/other/recupera.db"
        return
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{database[: database.index('/test_')]}/{name}{database[database.index('?') :]}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def recupera(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command on a database."""

    def run(database: str, *words: str, status: int = 0) -> Result:
        monkeypatch.setenv("RECUPERA_DATABASE", database)
        with ThreadPoolExecutor(1) as thread:  # commands have an event loop of their own
            result = thread.submit(CliRunner().invoke, app, words).result()
        assert result.exit_code == status, result.output
        return result

    return run


def findings(result: Result) -> Sequence[Any]:
    """Return what ``recupera audit --json`` found."""
    return json.loads(result.stdout)["findings"]  # type: ignore[no-any-return]
