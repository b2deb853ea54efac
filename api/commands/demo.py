"""``recupera demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from classifier.errors import InputError

_PLAIN_WIDTH = 100


def demo(
    *,
    lang: Annotated[Literal["en", "es", "pt"] | None, typer.Option(help="Language; default the locale's.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the service; 0 for any free one.")] = 0,
    model: Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")] = None,
    console: Annotated[bool, typer.Option("--console", help="Fill your data folder with samples instead.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="With --console: take the samples out again.")] = False,
    messages: Annotated[int, typer.Option(min=1, max=20_000, help="With --console: how many samples.")] = 240,
    data: Annotated[Path | None, typer.Option(help="With --console: the data folder; default recupera-data.")] = None,
) -> None:
    """Show the whole way, from eight messages to signed deliveries, in less than a minute.

    The real service runs on a temporary folder and a free port; your data and settings are not touched, and nothing
    is left. Exit status 1 if a delivery is missing or not verified.

    With --console, messages over 90 days that nobody sent are put into your data, so that the console has something
    to show. Each is called recupera-sample-…; no destination hears of them, and --remove takes them out, cases too.

    Example: recupera demo --lang es

    Example: recupera demo --console --messages 500
    """
    if console:
        from api.commands.samples import change_samples
        from api.settings import read_settings

        change_samples(read_settings({"data": data, "model": model}), 0 if remove else messages)
        return
    if remove:
        raise InputError("--remove goes with --console")
    from rich.console import Console

    from api.demo.show import show
    from classifier.cli import user_language

    terminal = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    if not show(terminal, lang or user_language(), port=port, model=model):
        raise typer.Exit(1)
