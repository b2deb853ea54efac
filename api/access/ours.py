"""What of a path is ours: identifiers that we made, and words of closed sets.

All else was put there by a caller, who may put a telephone or a name there: neither the trail nor the log keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.types import Scope as AsgiScope

from api.access.table import find

__all__ = ["ours", "path_of"]

_MADE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_STEP: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FAILED: Final = 400
_WORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "change": frozenset({"cancel", "close", "password", "reassign", "remove", "reopen", "role"}),
        "vendor": frozenset({"chatwoot", "freshdesk", "generic", "zammad", "zendesk"}),
    }
)


def ours(ids: Mapping[str, str], status: int = _FAILED) -> dict[str, str]:
    """Return those of ``ids`` that are ours. The name of a step is if it was found, as policies name their own."""
    return {name: value for name, value in ids.items() if _is_ours(name, value, status)}


def path_of(scope: AsgiScope) -> str:
    """Return the pattern of the route that a request is for, with what is ours in its place; ``…`` without a route."""
    found = find(scope["method"], scope["path"])
    if found is None:
        return "…"
    known = {f"{{{name}}}": value for name, value in ours(found.ids).items()}
    return "/".join(known.get(part, part) for part in found.pattern.split("/"))


def _is_ours(name: str, value: str, status: int) -> bool:
    if name == "step":
        return status < _FAILED and _STEP.fullmatch(value) is not None
    return _MADE.fullmatch(value) is not None or value in _WORDS.get(name, ())
