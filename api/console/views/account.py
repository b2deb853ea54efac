"""What an account's page shows."""

from __future__ import annotations

from typing import Final

__all__ = ["browser_of"]

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_SHOWN: Final = 40


def browser_of(agent: str) -> str:
    """Return what people call a browser that calls itself ``agent``: ``Firefox · Linux``; what is unknown as it is."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return " · ".join(name for name in (browser, system) if name) or agent[:_SHOWN] or "–"
