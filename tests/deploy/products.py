"""What deployment files say of the product, held against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import typer.main

from classifier.cli import app
from tests.test_service_guides import known

__all__ = ["check_arguments", "check_settings"]


def check_arguments(words: Sequence[str]) -> None:
    """Have the command's own parser read what a container is started with."""
    command: Any = typer.main.get_command(app)
    name, *arguments = words
    while hasattr(command, "get_command"):
        command = command.get_command(None, name)
        assert command is not None, f"no command recupera {name}"
        if hasattr(command, "get_command"):
            name, *arguments = arguments
    command.make_context(name, list(arguments))


def check_settings(names: Iterable[str]) -> None:
    """Hold variables to settings of the service."""
    unknown = [name for name in names if name.startswith("RECUPERA_") and not known(name.removeprefix("RECUPERA_"))]
    assert unknown == []
