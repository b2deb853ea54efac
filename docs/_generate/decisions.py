"""The list of decisions, from their own first lines."""

from __future__ import annotations

from .repository import ROOT

__all__ = ["decisions"]


def decisions() -> str:
    """Return the page."""
    lines = ["# Decisions\n\nWhat was decided, why, and what was weighed: one page each.\n\n"]
    for path in sorted((ROOT / "docs/adr").glob("[0-9]*.md")):
        number, _, title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(". ")
        lines.append(f"- [{number}. {title}]({path.name})\n")
    return "".join(lines)
