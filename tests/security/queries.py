"""Queries and headers as no description would have them, sent to every list and every page."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote_from_bytes

import httpx
from hypothesis import strategies as st

from api.access.scopes import Scope
from tests.security.described import Described, bearing
from tests.security.targets import LANGUAGES, MARK

PATHS: Final = (
    "/v1/messages", "/v1/cases", "/v1/destinations", "/v1/deliveries", "/v1/alerts", "/v1/keys", "/v1/trail",
    "/v1/erasures", "/v1/analytics/overview", "/v1/analytics/moments", "/v1/analytics/drift", "/v1/export.csv",
    "/v1/export.jsonl", "/v1/export.parquet", "/v1/messages/x", "/sign-in", "/docs", "/assets/..%2fconsole.css",
)  # fmt: skip
NAMES: Final = st.sampled_from(
    ["limit", "cursor", "since", "until", "timezone", "channel", "customer", "status", "motive", "complaint", "masked",
     "case_id", "value", "dimension", "type", "object", "method", "language", "due_before", "", "a[b]", "secreto"]
)  # fmt: skip
VALUES: Final = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"", b"0", b"-1", b"9" * 30, b"9" * 5000, b"1e999", b"nan", b"true", b"'", b"' OR 1=1 --", b"%", b"_", b"\0",
         b"\xff", b"\xed\xa0\x80", b"2026-01-01", b"2026-01-01T00:00:00Z", b"0001-01-01T00:00:00+23:59",
         b"9999-12-31T23:59:59-23:59", b"99999-01-01T00:00:00Z", b"Europe/Madrid", b"../../etc/passwd", b"/etc/passwd",
         b"Europe", b"a" * 600, b"\r\nX-A: b", b"\x1b[31m", "\u202e".encode(), MARK.encode()]
    ),
)  # fmt: skip
QUERIES: Final = st.lists(st.tuples(NAMES, VALUES), max_size=4).map(
    lambda pairs: "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}" for name, value in pairs)
)
HEADERS: Final = st.dictionaries(
    st.sampled_from(
        [
            "accept-language",
            "idempotency-key",
            "last-event-id",
            "accept",
            "cookie",
            "content-type",
            "content-length",
            "content-encoding",
            "x-forwarded-for",
            "range",
            "if-none-match",
            "if-modified-since",
            "hx-request",
        ]
    ),
    st.one_of(
        LANGUAGES,
        st.binary(max_size=20).map(lambda value: value.decode("latin-1")),
        st.sampled_from(
            ["bytes=0-0,1-1,-1", "gzip", "9" * 400, "-5", "preferences=%00; session=x", "application/json"]
        ),
    ),
    max_size=3,
)
BODY: Final = {"channel": "email", "external_id": "q", "text": "Llegó roto."}


def hold_queries(described: Described, data: st.DataObject) -> None:
    """Hold that a request is answered, that nothing breaks, and that a problem repeats nothing."""
    path, query = data.draw(st.sampled_from(PATHS)), data.draw(QUERIES)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in data.draw(HEADERS).items()]
    posts = path == "/v1/messages" and data.draw(st.booleans())
    needs = Scope.INGEST if posts else Scope.READ
    if path in ("/v1/destinations", "/v1/keys", "/v1/trail", "/v1/erasures"):
        needs = Scope.ADMIN
    content: dict[str, Any] = {"json": BODY} if posts else {}
    request = httpx.Request("POST" if posts else "GET", f"http://localhost{path}?{query}", **content)
    for name, value in headers:
        request.headers.raw.append((name, value))
    request.headers.update(bearing(described.only[needs]))
    answer: httpx.Response = described.portal.call(described.client.send, request)
    described.answers["queries", answer.status_code] += 1
    assert answer.status_code < 500, f"{request.method} {request.url} {headers}: {answer.status_code}"
    if answer.status_code >= 400:
        assert MARK not in answer.text
    assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
