"""Where commands print, and tables of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

_PLAIN_WIDTH = 140
"""Columns where the output is no terminal: a file or a pipe has room for a table."""


def console() -> Console:
    """Return the terminal, or a wide page where there is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def print_scores(scores: dict[str, dict[str, float]], title: str) -> None:
    """Print a table, a column a group."""
    table = Table(title=title)
    table.add_column("figure")
    for group in scores:
        table.add_column(group, justify="right")
    for figure in scores["all"]:
        table.add_row(figure, *(f"{s[figure]:.3f}" if figure in s else "–" for s in scores.values()))
    console().print(table)


def print_rows(rows: Sequence[Mapping[str, str]], title: str) -> None:
    """Print rows that have the same columns."""
    table = Table(*rows[0], title=title) if rows else Table(title=f"{title}: nothing to measure")
    for row in rows:
        table.add_row(*row.values())
    console().print(table)
