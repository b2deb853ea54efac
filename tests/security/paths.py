"""Paths that only look like one of ours: whatever the router makes of them, the table has been asked about the same."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from hypothesis import strategies as st

from api.access.table import TABLE, _flat
from tests.security.callers import CALLERS, Caller
from tests.security.described import Described
from tests.security.pages import CHANGES, SEGMENTS

METHODS: Final = ("GET", "GET", "POST", "POST", "DELETE", "PATCH", "PUT", "HEAD", "OPTIONS", "TRACE", "get", "X")
ENDLESS: Final = "/v1/events"
PATTERNS: Final = sorted({pattern for _, pattern in TABLE if pattern != ENDLESS})
TWISTS: Final = st.sampled_from(
    ["/", "//", "%2f", "%2F", "/.", "/..", "/../", "/./", "%2e", "%00", "%0a", "%0A", "%0d%0a", "%20", "%25", "%252f",
     ";a", ";", "?", "#", "%3f", "%23", "%C3%A9", "%c2%a0", "\\", "%5c", "*", "~", "+", "@", ".csv", ".", "%7B",
     "%E2%80%A8", "%C2%85", "%ef%bc%8f", "%c0%af", "%"]
)  # fmt: skip
_SECONDS: Final = 5
_PATIENCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Knock:
    """A request as it stands on the wire, and who sends it."""

    method: str
    raw_path: str
    caller: Caller


def knocks(known: dict[str, str]) -> st.SearchStrategy[Knock]:
    """Return requests for our paths, twisted ones among them, of everybody."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Knock:
        path = draw(st.sampled_from(PATTERNS))
        for name in re.findall(r"\{([\w:]+)\}", path):
            there = st.sampled_from(CHANGES) if name == "change" else st.just(known.get(name, "x"))
            path = path.replace(f"{{{name}}}", draw(st.one_of(there, SEGMENTS)), 1)
        for twist in draw(st.lists(TWISTS, max_size=2)):
            at = draw(st.one_of(st.just(len(path)), st.integers(0, len(path))))
            path = path[:at] + twist + path[at:]
        if draw(st.integers(0, 9)) == 0:
            path = path.swapcase()
        return Knock(draw(st.sampled_from(METHODS)), path, draw(st.sampled_from(CALLERS)))

    return drawn()


def hold_path(described: Described, knock: Knock) -> None:
    """Hold that a request reaches a route only if the table lets its caller have it."""
    headers = {**described.headers(knock.caller), "host": "localhost", "content-length": "0"}
    raw, _, query = knock.raw_path.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": knock.method.upper(), "path": unquote(raw), "raw_path": raw.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5000), "server": ("localhost", 80),
    }  # fmt: skip
    status = described.portal.call(_status, described.app, scope)
    told = f"{knock.method} {knock.raw_path}, {knock.caller.name}: {status}"
    described.answers["paths", status] += 1
    assert status < 500, told
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    reached = scope.get("endpoint")
    if reached is not None and status != 405:
        rules = [TABLE[method, pattern] for pattern in _patterns(described.app)[method, reached]]
        assert any(knock.caller.may(rule) for rule in rules), told


def _patterns(app: Any) -> dict[tuple[str, Any], list[str]]:
    """Return by method and function the patterns of the routes that it answers."""
    if not hasattr(app.state, "patterns"):
        app.state.patterns = found = defaultdict(list)
        for route in _flat(app.routes):
            methods = getattr(route, "methods", None)
            if methods is None:
                found["GET", route.app].append(f"{route.path}/{{path:path}}")
            for method in (methods or set()) - {"HEAD"}:
                found[method, route.endpoint].append(route.path)
    patterns: dict[tuple[str, Any], list[str]] = app.state.patterns
    return patterns


async def _status(app: Any, scope: dict[str, Any]) -> int:
    """Pass a request without a body to an application, as a server does, and return the status of its answer.

    The caller goes once it has waited a little: an answer may have no end.
    """
    statuses, received = [0], [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if received:
            return received.pop()
        await asyncio.sleep(_PATIENCE)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        statuses[0] = message.get("status", statuses[0])

    await asyncio.wait_for(app(scope, receive, send), _SECONDS)
    return statuses[0]
