"""Every route is in the table, and answers by it."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI

from api.access.scopes import EVERY_SCOPE, SCOPES_OF, Role, Scope
from api.access.table import TABLE, Anyone, _flat, find, methods_of, routes_of, unguarded
from api.main import create_app
from api.settings import Settings
from tests.api.access.conftest import Closed, bearing

STREAMS = {("GET", "/v1/events")}
FILLED = {"{form}": "csv", "{change}": "close", "{vendor}": "generic"}


def filled(pattern: str) -> str:
    """Return a path that a route takes."""
    return re.sub(r"\{[^}]+\}", lambda name: FILLED.get(name[0], "x1"), pattern)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


def test_every_route_is_in_the_table_and_nothing_else(app: FastAPI) -> None:
    assert set(routes_of(app)) == set(TABLE)


def test_every_call_of_the_description_is_in_the_table(app: FastAPI) -> None:
    calls = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}

    assert len(calls) > 35
    assert calls <= set(TABLE)


def test_a_route_that_was_forgotten_is_named() -> None:
    app = FastAPI()
    app.get("/v1/forgotten")(lambda: None)
    app.post("/livez")(lambda: None)

    assert {"GET /v1/forgotten", "POST /livez"} <= set(unguarded(app))


def test_a_service_with_a_forgotten_route_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {route: rule for route, rule in TABLE.items() if route != ("GET", "/v1/cases")}
    monkeypatch.setattr("api.access.table.TABLE", rest)

    with pytest.raises(RuntimeError, match=r"GET /v1/cases$"):
        create_app(Settings())


@pytest.mark.parametrize(("method", "pattern"), TABLE)
def test_the_table_finds_the_route_that_answers(app: FastAPI, method: str, pattern: str) -> None:
    path = filled(pattern)
    takes = [route for route in _flat(app.routes) if route.path_regex.match(path)]
    answering = next(route for route in takes if route.methods is None or method in route.methods)

    found = find(method, path)

    assert found is not None
    assert pattern.removesuffix("/{path:path}") == answering.path
    assert (found.pattern, found.rule) == (pattern, TABLE[method, pattern])


@pytest.mark.parametrize(
    ("method", "path", "pattern", "ids"),
    [
        ("HEAD", "/v1/cases/7", "/v1/cases/{case_id}", {"case_id": "7"}),
        ("POST", "/cases/7/steps/8/complete", "/cases/{case_id}/steps/{step}/complete", {"case_id": "7", "step": "8"}),
        ("GET", "/review/corrections.jsonl", "/review/corrections.jsonl", {}),
        ("GET", "/v1/export.parquet", "/v1/export.{form}", {}),
        ("GET", "/assets/a/b.js", "/assets/{path:path}", {}),
    ],
)
def test_says_what_a_request_is_about(method: str, path: str, pattern: str, ids: dict[str, str]) -> None:
    found = find(method, path)

    assert found is not None
    assert (found.pattern, found.ids) == (pattern, ids)


@pytest.mark.parametrize("path", ["/v1/cases/", "/v1//cases", "/v1/cases/7/", "//v1/cases", "/V1/cases"])
def test_finds_no_route_that_only_looks_like_one(path: str) -> None:
    assert find("GET", path) is None


def test_knows_the_methods_of_a_path() -> None:
    assert methods_of("/v1/destinations/7") == ["DELETE", "GET", "PATCH"]


def test_only_an_admin_may_do_everything() -> None:
    assert [role for role in Role if SCOPES_OF[role] == EVERY_SCOPE] == [Role.ADMIN]
    assert Scope.WRITE not in SCOPES_OF[Role.ENGINEER]


@pytest.mark.anyio
async def test_nobody_passes_without_a_key(closed: Closed) -> None:
    passed = []
    for (method, pattern), rule in TABLE.items():
        if rule.needs is Anyone.PUBLIC or rule.here:
            continue
        answer = await closed.client.request(method, filled(pattern))
        if answer.status_code != 401 and not (rule.page and answer.headers.get("location", "").startswith("/sign-in")):
            passed.append((method, pattern, answer.status_code))
        elif not rule.page:
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert answer.headers["content-type"] == "application/problem+json"

    assert passed == []


@pytest.mark.anyio
async def test_a_key_without_the_scope_is_refused_by_every_route_that_needs_it(closed: Closed) -> None:
    passed = []
    for (method, pattern), rule in TABLE.items():
        if not isinstance(rule.needs, Scope) or rule.here:
            continue
        answer = await closed.client.request(method, filled(pattern), headers=bearing(closed.without[rule.needs]))
        if answer.status_code != 403 or answer.json()["scope"] != rule.needs:
            passed.append((method, pattern, answer.status_code))

    assert passed == []


@pytest.mark.anyio
async def test_a_key_with_the_scope_alone_is_let_in_by_every_route_that_needs_it(closed: Closed) -> None:
    refused, asked = [], 0
    for (method, pattern), rule in TABLE.items():
        if not isinstance(rule.needs, Scope) or (method, pattern) in STREAMS:
            continue
        answer = await closed.client.request(method, filled(pattern), headers=bearing(closed.only[rule.needs]))
        asked += 1
        if answer.status_code in (401, 403):
            refused.append((method, pattern, answer.status_code))

    assert asked > 50
    assert refused == []


@pytest.mark.anyio
async def test_what_is_public_asks_for_nothing(closed: Closed) -> None:
    for path in ("/livez", "/readyz", "/docs", "/openapi.json", "/docs/openapi-3.0.json", "/assets/console.css"):
        assert (await closed.client.get(path)).status_code == 200, path
    assert (await closed.client.post("/v1/channels/generic", json={})).status_code not in (401, 403)


def test_the_description_says_what_each_call_needs(app: FastAPI) -> None:
    document = app.openapi()

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            needs = TABLE[method.upper(), path].needs
            assert call["security"] == ([{"key": [needs.value]}] if isinstance(needs, Scope) else [])
            assert ("403" in call["responses"]) is isinstance(needs, Scope) or "channels" in path
