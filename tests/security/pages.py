"""Pages and forms of the console, asked for by everybody with what no page of ours would send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, quote_from_bytes, unquote

import httpx
from hypothesis import strategies as st

from api.access.sessions import CSRF_FIELD, CSRF_HEADER
from api.access.table import TABLE, Anyone
from tests.api.access.people import PASSWORD
from tests.security.callers import NOBODY, Caller
from tests.security.described import Described, is_refused_unread
from tests.security.queries import VALUES
from tests.security.targets import MARK

MARKUP: Final = "<img src=x onerror=alert(1)>"
"""What a page must never have as it is."""

ROUTES: Final = [route for route, rule in TABLE.items() if rule.page and not route[1].startswith("/sign-in/provider")]
CHANGES: Final = ("close", "cancel", "reopen", "reassign", "role", "password", "remove", "")
SEGMENTS: Final = st.one_of(
    st.sampled_from(["x", "..", "%2e%2e", "0", "9" * 300, "%F0%9F%98%A1", "%ED%A0%80", "%27", "a%20b", quote(MARKUP)]),
    st.binary(min_size=1, max_size=6).map(quote_from_bytes).map(lambda part: part.replace("/", "%2F")),
)
FIELDS: Final = st.sampled_from(
    ["days", "since", "until", "channel", "country", "language", "label", "tab", "priority", "owner", "double", "due",
     "overdue", "after", "message", "second", "note", "outcome", "back", "theme", "name", "username", "password",
     "role", "again", "present", "complaint", "severity", "motive", "justice", "comment", "policy", "done", "a[b]"]
)  # fmt: skip
WORDS: Final = st.one_of(
    VALUES,
    st.sampled_from([MARKUP, f'"{MARKUP}', "javascript:alert(1)", "//evil.example", "\\\\evil.example", "{{7*7}}"]).map(
        str.encode
    ),
    st.sampled_from(
        [b"es", b"pt", b"en", b"todo", b"over", b"urgent", b"severity:high", b"motive:delivery", b"resolved", b"admin",
         b"agent", b"yes", b"no", b"low", b"7", b"3650", b"2026-11-01", PASSWORD.encode(), MARK.encode()]
    ),
)  # fmt: skip
PAIRS: Final = st.lists(st.tuples(FIELDS, WORDS), max_size=6)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a page, or a form of one."""

    method: str
    pattern: str
    path: str
    query: list[tuple[str, bytes]]
    form: list[tuple[str, bytes]]
    headers: dict[str, str]


def asks(known: dict[str, str]) -> st.SearchStrategy[Ask]:
    """Return requests for pages of things that are there, and of others."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Ask:
        method, pattern = draw(st.sampled_from(ROUTES))
        path = pattern
        for name in re.findall(r"\{(\w+)\}", pattern):
            there = st.sampled_from(CHANGES) if name == "change" else st.just(known.get(name, "x"))
            path = path.replace(f"{{{name}}}", draw(st.one_of(there, SEGMENTS)), 1)
        partial = {"hx-request": "true", "hx-request-type": "partial"} if draw(st.booleans()) else {}
        form = draw(PAIRS) if method == "POST" else []
        return Ask(method, pattern, path, draw(PAIRS), form, partial)

    return drawn()


def hold_page(described: Described, caller: Caller, ask: Ask) -> None:
    """Hold that a page is given to whom the table gives it, that nothing breaks, and that nothing runs on it."""
    answer = _answer(described, caller, ask)
    rule = TABLE[ask.method, ask.pattern]
    if caller.role and _asks_to_sign_in(answer):  # it ended its own session before
        described.sign_in(caller)
        answer = _answer(described, caller, ask)
    told = f"{ask.method} {ask.path}, {caller.name}: {answer.status_code}"
    assert answer.status_code < 500, told
    _check_harmless(answer, told)
    if rule.needs is Anyone.PUBLIC or is_refused_unread(answer):
        return
    if caller.may(rule):
        assert not _asks_to_sign_in(answer), told
        assert answer.status_code != 403, told
    elif caller is NOBODY:
        assert _asks_to_sign_in(answer) or answer.status_code == 401, told
    elif ask.pattern == "/":  # whose own pages are others is led to one of them
        assert answer.status_code == 303, told
    else:  # another address may have come of its parts, that nobody or that everybody is given
        assert answer.status_code in (401, 403, 404, 405) or _slashes(ask.path) != _slashes(ask.pattern), told


def _answer(described: Described, caller: Caller, ask: Ask) -> httpx.Response:
    """Send a request; a form carries the token of its session."""
    headers = described.headers(caller) | ask.headers
    token = headers.pop(CSRF_HEADER, "")
    content: dict[str, Any] = {}
    if ask.method == "POST":
        content = {"content": _encoded([*ask.form, (CSRF_FIELD, token.encode())])}
        headers["content-type"] = "application/x-www-form-urlencoded"
    url = f"http://localhost{ask.path}?{_encoded(ask.query)}"
    answer: httpx.Response = described.portal.call(
        described.client.send, httpx.Request(ask.method, url, headers=headers, **content)
    )
    described.answers[f"{ask.method} {ask.pattern}", answer.status_code] += 1
    return answer


def _check_harmless(answer: httpx.Response, told: str) -> None:
    """Hold that no markup of a stranger is in an answer, and that it leads to no other site."""
    assert all("\n" not in value and "\r" not in value for value in answer.headers.values()), told
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        assert MARKUP not in answer.text, told
        assert "unsafe" not in answer.headers["content-security-policy"], told
    location = answer.headers.get("location", "/")
    assert location.startswith("/"), told
    assert not location.startswith(("//", "/\\")), told


def _asks_to_sign_in(answer: httpx.Response) -> bool:
    """Say whether somebody is sent to sign in."""
    address = answer.headers.get("location") or answer.headers.get("hx-redirect") or ""
    return address.startswith("/sign-in?")


def _slashes(path: str) -> int:
    """Count the parts of a path, as a server reads it."""
    return 0 if ".." in unquote(path) else unquote(path).count("/")


def _encoded(pairs: list[tuple[str, bytes]]) -> str:
    """Write names and values as a form does."""
    return "&".join(f"{quote(name)}={quote_from_bytes(value)}" for name, value in pairs)
