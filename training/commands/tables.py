"""Tables of figures on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table


def print_scores(scores: dict[str, dict[str, float]], title: str) -> None:
    """Print a table, a column a group."""
    table = Table(title=title)
    table.add_column("figure")
    for group in scores:
        table.add_column(group, justify="right")
    for figure in scores["all"]:
        table.add_row(figure, *(f"{s[figure]:.3f}" if figure in s else "–" for s in scores.values()))
    Console().print(table)
