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
from api.access.sessions import CSRF_HEADER, SESSION_COOKIE, begin_session, form_token
from api.access.sessions import Caller as Browser
from api.access.table import TABLE, Anyone
from api.delivery.guard import Guard, Target, UnresolvedError
from api.main import create_app
from api.settings import Settings
from api.store.accounts import by_username
from api.store.database import Connection
from tests.api.access.people import CHEAP, PASSWORD
from tests.api.conftest import STEADY, Marked
from tests.security.callers import NOBODY, Caller


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

    app: Any
    portal: BlockingPortal
    client: httpx.AsyncClient
    schema: Any
    only: Mapping[Scope, str]
    without: Mapping[Scope, str]
    known: Mapping[str, str]
    sessions: dict[Caller, str] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    @classmethod
    @contextmanager
    def running(cls, **settings: Any) -> Iterator[Self]:
        """Start a service in a thread of its own, whose data are in the present folder."""
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            given = {"access": {"requests": 1_000_000_000}, "signin": CHEAP} | settings
            app = create_app(Settings(**given), classifier=Marked(), planner=STEADY)  # type: ignore[arg-type]
            client, keys, known = stack.enter_context(portal.wrap_async_context_manager(_filled(app)))
            schema = schemathesis.openapi.from_dict(app.openapi())
            yield cls(app, portal, client, schema, keys[0], keys[1], known)

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

    def headers(self, caller: Caller) -> dict[str, str]:
        """Return what a caller sends with each request; who signs in is given a session."""
        if caller.role is not None:
            secret = self.sessions.get(caller) or self.sign_in(caller)
            cookie = f"{SESSION_COOKIE}={secret}"
            return {"cookie": cookie, CSRF_HEADER: form_token(secret), "sec-fetch-site": "same-origin"}
        return {} if caller is NOBODY else bearing(self.only[next(iter(caller.scopes))])

    def sign_in(self, caller: Caller) -> str:
        """Begin a session of a person, whose account is made if there is none."""
        self.sessions[caller] = self.portal.call(_session, self.app, caller)
        return self.sessions[caller]

    def send(self, case: Case, headers: Mapping[str, str]) -> httpx.Response:
        """Make a call, and count its answer."""
        prepared = _prepared(case)
        try:
            sent = httpx.Request(prepared.method or "GET", prepared.url or "", content=prepared.body or b"")
        except httpx.InvalidURL:  # too long for this client
            hypothesis.reject()
        names = [(name, value) for name, value in prepared.headers.items() if name.lower() not in _OURS]
        sent.headers.update([(_bytes(name), _bytes(value)) for name, value in names])
        sent.headers.update(headers)
        response: httpx.Response = self.portal.call(self.client.send, sent)
        response.request = sent
        self.answers[case.operation.label, response.status_code] += 1
        return response

    def check(self, case: Case) -> None:
        """Make a call with the key it needs, with one that lacks the scope, and with none; check each answer."""
        rule = TABLE[case.operation.method.upper(), case.operation.path]
        needs = rule.needs if isinstance(rule.needs, Scope) else None
        answer = self.send(case, bearing(self.only[needs]) if needs else {})
        assert answer.status_code < 500, f"{case.operation.label}: {answer.status_code}"
        case.validate_response(answer, checks=CHECKS)
        if needs is not None and not rule.here:
            refused = self.send(case, bearing(self.without[needs]))
            if is_refused_unread(refused):
                return
            assert (refused.status_code, refused.json()["scope"]) == (403, needs), case.operation.label
            unknown = self.send(case, {})
            assert unknown.status_code == 401, case.operation.label

    def check_as(self, caller: Caller, case: Case) -> None:
        """Make a call as one caller: it is answered by its description, and refused where the table says so."""
        rule = TABLE[case.operation.method.upper(), case.operation.path]
        answer = self.send(case, self.headers(caller))
        told = f"{case.operation.label}, {caller.name}: {answer.status_code}"
        assert answer.status_code < 500, told
        case.validate_response(answer, checks=CHECKS)
        if is_refused_unread(answer):
            return
        if not caller.may(rule):
            assert answer.status_code == (401 if caller is NOBODY else 403), told
            assert caller is NOBODY or answer.json()["scope"] == rule.needs, told
        elif rule.needs is not Anyone.PUBLIC:
            assert answer.status_code not in (401, 403), told


def bearing(key: str) -> dict[str, str]:
    """Return the header of a key."""
    return {"authorization": f"Bearer {key}"}


def is_refused_unread(answer: httpx.Response) -> bool:
    """Say whether a request was refused for its length or its path, before a key was looked for."""
    return answer.status_code == _TOO_LONG or (answer.status_code == _NOT_FOUND and _CONTROL in answer.text)


_TOO_LONG: Final = 431
_NOT_FOUND: Final = 404
_CONTROL: Final = "no path has a control character"
_OURS: Final = frozenset(
    {"authorization", "content-length", "cookie", "host", "sec-fetch-site", "transfer-encoding", CSRF_HEADER}
)


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


async def _session(app: Any, caller: Caller) -> str:
    """Return the secret of a new session."""
    accounts, store, username = app.state.sign_in.accounts, app.state.store, caller.name.replace(" ", ".")
    async with store.read() as connection:
        account = await by_username(connection, username)
    if account is None:
        account = await accounts.add(store, username, caller.role, PASSWORD)
        app.state.keyring.expire()

    async def begin(connection: Connection) -> str:
        return await begin_session(
            connection, account, Browser("127.0.0.1", "fuzz"), datetime.now(UTC), accounts.settings
        )

    secret: str = await store.change(begin)
    return secret


def _send_nothing(guard: Guard) -> None:
    """Let destinations be made as ever, but reach none: their addresses are made up, and may be somebody's."""
    permitted = guard.addresses

    async def none(_host: str, _port: int) -> list[str]:
        raise OSError("no name is looked up")

    async def addresses(target: Target) -> list[str]:
        await permitted(target)
        raise UnresolvedError("nothing is sent")

    guard._resolve = none
    guard.addresses = addresses  # type: ignore[method-assign]


@asynccontextmanager
async def _filled(app: Any) -> Any:
    """Run a service with a key of each kind, a message, a case, a destination, an erasure; it delivers nothing."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as c,
    ):
        _send_nothing(app.state.deliveries.guard)
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
