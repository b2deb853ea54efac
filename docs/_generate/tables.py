"""Markdown that every generator writes: tables, code that holds any character, plain sentences of docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "one_line", "prose", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with an empty line after it; nothing without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines]) + "\n\n"


def code(text: object) -> str:
    """Return ``text`` as code within a cell."""
    return f"`{str(text).replace('|', '&#124;')}`" if "|" not in str(text) else f"<code>{_escaped(str(text))}</code>"


def prose(docstring: str | None) -> str:
    """Return a docstring as Markdown: its double backquotes are single, and ``text::`` begins a block."""
    return re.sub(r"``(.+?)``", r"`\1`", inspect.cleandoc(docstring or ""), flags=re.S)


def one_line(text: str | None) -> str:
    """Return ``text`` as the content of a cell."""
    return re.sub(r"\s+", " ", prose(text)).replace("|", "&#124;").strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
