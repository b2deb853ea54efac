"""The real application held to its OpenAPI document: whatever is sent, it answers as it says it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx
import hypothesis
import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.openapi.checks import JsonSchemaError  # noqa: F401 - registers the kinds of failures
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.access.keys import Wanted, create
from api.access.scopes import EVERY_SCOPE, Scope
from api.access.table import TABLE
from api.main import create_app
from api.settings import Settings
from tests.api.conftest import STEADY, Marked


@schemathesis.serializer("application/toml")
def _toml(_context: object, value: object) -> bytes:
    """Send what was made for a body of TOML as it is, or as what it would be in writing."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
ENDLESS: Final = frozenset({("GET", "/v1/events")})
"""Calls whose answer never ends; ``tests/api/test_events.py`` has them."""

SETTINGS: Final = hypothesis.settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)


@dataclass(repr=False)
class Described:
    """A running service with something of everything in it, its description, and keys."""

    portal: BlockingPortal
    client: httpx.AsyncClient
    schema: Any
    only: Mapping[Scope, str]
    without: Mapping[Scope, str]
    known: Mapping[str, str]
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    @classmethod
    @contextmanager
    def running(cls, **settings: Any) -> Iterator[Self]:
        """Start a service in a thread of its own, whose data are in the present folder."""
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            given = {"access": {"requests": 1_000_000_000}} | settings
            app = create_app(Settings(**given), classifier=Marked(), planner=STEADY)  # type: ignore[arg-type]
            client, keys, known = stack.enter_context(portal.wrap_async_context_manager(_filled(app)))
            schema = schemathesis.openapi.from_dict(app.openapi())
            yield cls(portal, client, schema, keys[0], keys[1], known)

    def operations(self) -> list[Any]:
        """Return the calls of the description whose answers end."""
        found = [result.ok() for result in self.schema.get_all_operations()]
        return [one for one in found if (one.method.upper(), one.path) not in ENDLESS]

    def cases(self, operation: Any, mode: GenerationMode) -> st.SearchStrategy[Case]:
        """Return calls of an operation, about things that are there and about others."""
        about = {name: value for name, value in self.known.items() if f"{{{name}}}" in operation.path}
        anything = operation.as_strategy(generation_mode=mode)
        if not about or mode is GenerationMode.NEGATIVE:
            return anything
        return st.one_of(operation.as_strategy(generation_mode=mode, path_parameters=about), anything)

    def send(self, case: Case, key: str | None) -> httpx.Response:
        """Make a call, and count its answer."""
        prepared = _prepared(case)
        try:
            sent = httpx.Request(prepared.method or "GET", prepared.url or "", content=prepared.body or b"")
        except httpx.InvalidURL:  # too long for this client
            hypothesis.reject()
        names = [(name, value) for name, value in prepared.headers.items() if name.lower() not in _OURS]
        sent.headers.update([(_bytes(name), _bytes(value)) for name, value in names])
        if key is not None:
            sent.headers["authorization"] = f"Bearer {key}"
        response: httpx.Response = self.portal.call(self.client.send, sent)
        response.request = sent
        self.answers[case.operation.label, response.status_code] += 1
        return response

    def check(self, case: Case) -> None:
        """Make a call with the key it needs, with one that lacks the scope, and with none; check each answer."""
        rule = TABLE[case.operation.method.upper(), case.operation.path]
        needs = rule.needs if isinstance(rule.needs, Scope) else None
        answer = self.send(case, self.only[needs] if needs else None)
        assert answer.status_code < 500, f"{case.operation.label}: {answer.status_code}"
        case.validate_response(answer, checks=CHECKS)
        if needs is not None and not rule.here:
            refused = self.send(case, self.without[needs])
            if refused.status_code == _TOO_LONG or _CONTROL in refused.json()["detail"]:  # before a key is looked for
                return
            assert (refused.status_code, refused.json()["scope"]) == (403, needs), case.operation.label
            unknown = self.send(case, None)
            assert unknown.status_code == 401, case.operation.label


_TOO_LONG: Final = 431
_CONTROL: Final = "no path has a control character"
_OURS: Final = frozenset({"authorization", "content-length", "host", "transfer-encoding"})


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")


def _prepared(case: Case) -> requests.PreparedRequest:
    """Return the request of a case; what no program could send is no case."""
    given = case.as_transport_kwargs(base_url="http://localhost")
    names = ("method", "url", "headers", "files", "data", "params", "auth", "cookies", "json")
    try:
        return requests.Request(**{name: given[name] for name in names if name in given}).prepare()
    except (requests.RequestException, UnicodeError, ValueError):
        hypothesis.reject()
        raise


@asynccontextmanager
async def _filled(app: Any) -> Any:
    """Run a service with a key of each kind, a message, a case, a destination, an erasure."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as c,
    ):
        text = {"channel": "email", "external_id": "1", "text": "Llegó roto.", "customer": {"id": "C-1"}}
        message = (await c.post("/v1/messages", json=text)).json()
        destination = {"name": "crm", "url": "https://crm.example/hook", "events": ["case.opened"]}
        made = (await c.post("/v1/destinations", json=destination)).json()
        erasure = (await c.post("/v1/erasures", json={"customer_id": "C-0"})).json()
        now = datetime.now(UTC)
        async with app.state.store.write() as connection:
            spare, _ = await create(connection, Wanted("spare", (Scope.READ,)), by="test", now=now)
            only, without = {}, {}
            for scope in Scope:
                _, only[scope] = await create(connection, Wanted("only", (scope,)), by="test", now=now)
                rest = tuple(EVERY_SCOPE - {scope})
                _, without[scope] = await create(connection, Wanted("without", rest), by="test", now=now)
        app.state.keyring.expire()
        known = {
            "message_id": message["message_id"], "case_id": message["case_id"], "step": "greet",
            "destination_id": made["destination_id"], "key_id": spare.id, "erasure_id": erasure["erasure_id"],
            "form": "csv",
        }  # fmt: skip
        yield c, (only, without), known
