"""``recupera demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

_PLAIN_WIDTH = 100


def demo(
    *,
    lang: Annotated[Literal["en", "es", "pt"] | None, typer.Option(help="Language; default the locale's.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the service; 0 for any free one.")] = 0,
    model: Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")] = None,
) -> None:
    """Show the whole way, from eight messages to signed deliveries, in less than a minute.

    The real service runs on a temporary folder and a free port; your data and settings are not touched, and nothing
    is left. Exit status 1 if a delivery is missing or not verified.

    Example: recupera demo --lang es
    """
    from rich.console import Console

    from api.demo.show import show
    from classifier.cli import user_language

    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    if not show(console, lang or user_language(), port=port, model=model):
        raise typer.Exit(1)
