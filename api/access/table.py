"""One table: what each route asks of its caller. A route that is not in it is not served (see ``unguarded``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, routing
from starlette.routing import BaseRoute

from api.access.principal import Principal
from api.access.scopes import SEES_PERSONAL, Role, Scope

__all__ = ["TABLE", "Anyone", "Found", "Rule", "allows", "find", "methods_of", "routes_of", "unguarded"]


class Anyone(StrEnum):
    """What a route asks for that asks for no scope."""

    PUBLIC = "public"
    """Nothing: probes, the reference, sign-in, and what proves itself otherwise."""
    KNOWN = "known"
    """A key or an account, of whatever scopes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks.

    ``page``: it is for people, who are told so by a page. ``recorded``: the trail keeps who called it. ``here``:
    callers on this machine need nothing. ``people``: the roles of those who may call it by having signed in; without,
    their scopes decide.
    """

    needs: Scope | Anyone
    page: bool = False
    recorded: bool = False
    here: bool = False
    people: frozenset[Role] | None = None


class Found(NamedTuple):
    """The route that a request is for: its pattern, what it asks, and the ids in the path by their names."""

    pattern: str
    rule: Rule
    ids: dict[str, str]


_EVERYBODY: Final = frozenset(Role)
_CARE: Final = frozenset({Role.AGENT, Role.MANAGER, Role.ADMIN})
_LEAD: Final = frozenset({Role.MANAGER, Role.ADMIN})
_TECH: Final = frozenset({Role.ENGINEER, Role.ADMIN})

_PUBLIC: Final = Rule(Anyone.PUBLIC)
_CLASSIFY: Final = Rule(Scope.CLASSIFY)
_INGEST: Final = Rule(Scope.INGEST, recorded=True)
_FIGURES: Final = Rule(Scope.READ)
_READ: Final = Rule(Scope.READ, recorded=True)
_READ_TEXTS: Final = Rule(Scope.READ, recorded=True, people=SEES_PERSONAL)
_WRITE: Final = Rule(Scope.WRITE, recorded=True)
_ADMIN: Final = Rule(Scope.ADMIN, recorded=True)
_PUBLIC_PAGE: Final = Rule(Anyone.PUBLIC, page=True)
_OWN_CHANGE: Final = Rule(Anyone.KNOWN, page=True, recorded=True, people=_EVERYBODY)
_OWN_PAGE: Final = Rule(Anyone.KNOWN, page=True, people=_EVERYBODY)
_LEAD_PAGE: Final = Rule(Scope.READ, page=True, people=_LEAD)
_TECH_PAGE: Final = Rule(Scope.READ, page=True, people=_TECH)
_READ_PAGE: Final = Rule(Scope.READ, page=True, recorded=True, people=_CARE)
_WRITE_PAGE: Final = Rule(Scope.WRITE, page=True, recorded=True, people=_CARE)
_REVIEW_PAGE: Final = Rule(Scope.READ, page=True, recorded=True, people=_EVERYBODY)
_ADMIN_PAGE: Final = Rule(Scope.ADMIN, page=True, recorded=True)

TABLE: Final[Mapping[tuple[str, str], Rule]] = MappingProxyType(
    {
        ("GET", "/livez"): _PUBLIC,
        ("GET", "/readyz"): _PUBLIC,
        ("GET", "/metrics"): Rule(Scope.READ, here=True),
        ("GET", "/openapi.json"): _PUBLIC,
        ("GET", "/docs"): _PUBLIC,
        ("GET", "/docs/openapi-3.0.json"): _PUBLIC,
        ("GET", "/docs/assets/{path:path}"): _PUBLIC,
        ("GET", "/assets/{path:path}"): _PUBLIC,
        ("POST", "/v1/channels/{vendor}"): _PUBLIC,  # help desks sign what they send by their own schemes
        ("POST", "/v1/classify"): _CLASSIFY,
        ("POST", "/v1/messages"): _INGEST,
        ("GET", "/v1/messages"): _READ_TEXTS,
        ("GET", "/v1/messages/{message_id}"): _READ_TEXTS,
        ("POST", "/v1/messages/{message_id}/feedback"): _WRITE,
        ("GET", "/v1/cases"): _READ,
        ("GET", "/v1/cases/{case_id}"): _READ,
        ("POST", "/v1/cases/{case_id}/steps/{step}/complete"): _WRITE,
        ("POST", "/v1/cases/{case_id}/close"): _WRITE,
        ("POST", "/v1/cases/{case_id}/reassign"): _WRITE,
        ("POST", "/v1/cases/{case_id}/cancel"): _WRITE,
        ("POST", "/v1/cases/{case_id}/reopen"): _WRITE,
        ("POST", "/v1/destinations"): _ADMIN,
        ("GET", "/v1/destinations"): _ADMIN,
        ("GET", "/v1/destinations/{destination_id}"): _ADMIN,
        ("PATCH", "/v1/destinations/{destination_id}"): _ADMIN,
        ("DELETE", "/v1/destinations/{destination_id}"): _ADMIN,
        ("POST", "/v1/destinations/{destination_id}/secret"): _ADMIN,
        ("POST", "/v1/destinations/{destination_id}/replay"): _ADMIN,
        ("GET", "/v1/deliveries"): _READ,
        ("GET", "/v1/deliveries/{delivery_id}"): _READ,
        ("POST", "/v1/deliveries/{delivery_id}/replay"): _WRITE,
        ("GET", "/v1/inbound"): _READ,
        ("POST", "/v1/inbound/{inbound_id}/replay"): _WRITE,
        ("GET", "/v1/alerts"): _FIGURES,
        ("GET", "/v1/alerts/{alert_id}"): _FIGURES,
        ("GET", "/v1/analytics/overview"): _FIGURES,
        ("GET", "/v1/analytics/moments"): _FIGURES,
        ("GET", "/v1/analytics/precision"): _FIGURES,
        ("GET", "/v1/analytics/rules"): _FIGURES,
        ("GET", "/v1/analytics/drift"): _FIGURES,
        ("GET", "/v1/analytics/model"): _FIGURES,
        ("GET", "/v1/analytics/agreement"): _FIGURES,
        ("GET", "/v1/analytics/policy"): _FIGURES,
        ("POST", "/v1/analytics/policy/backtest"): Rule(Scope.READ, recorded=True, people=_LEAD),
        ("GET", "/v1/analytics/choices"): _FIGURES,
        ("GET", "/v1/events"): _FIGURES,
        ("GET", "/v1/export.{form}"): Rule(Scope.READ, recorded=True, people=_LEAD | _TECH),  # masked but for admins
        ("POST", "/v1/keys"): _ADMIN,
        ("GET", "/v1/keys"): _ADMIN,
        ("GET", "/v1/keys/{key_id}"): _ADMIN,
        ("POST", "/v1/keys/{key_id}/rotate"): _ADMIN,
        ("DELETE", "/v1/keys/{key_id}"): _ADMIN,
        ("GET", "/v1/trail"): _ADMIN,
        ("POST", "/v1/erasures"): _ADMIN,
        ("GET", "/v1/erasures"): _ADMIN,
        ("GET", "/v1/erasures/{erasure_id}"): _ADMIN,
        ("POST", "/preferences"): _PUBLIC_PAGE,  # kept in the browser alone
        ("GET", "/sign-in"): _PUBLIC_PAGE,
        ("POST", "/sign-in"): _PUBLIC_PAGE,
        ("GET", "/sign-in/provider"): _PUBLIC_PAGE,
        ("GET", "/sign-in/provider/back"): _PUBLIC_PAGE,
        ("POST", "/sign-out"): _OWN_CHANGE,
        ("GET", "/account"): _OWN_PAGE,
        ("POST", "/account/password"): _OWN_CHANGE,
        ("POST", "/account/sessions/{session_id}/end"): _OWN_CHANGE,
        ("POST", "/account/sessions/end"): _OWN_CHANGE,
        ("GET", "/users"): _ADMIN_PAGE,
        ("POST", "/users"): _ADMIN_PAGE,
        ("POST", "/users/{account_id}/{change}"): _ADMIN_PAGE,
        ("GET", "/"): _LEAD_PAGE,
        ("GET", "/moments"): _LEAD_PAGE,
        ("GET", "/policy"): _LEAD_PAGE,
        ("POST", "/policy/backtest"): Rule(Scope.READ, page=True, recorded=True, people=_LEAD),
        ("GET", "/model"): _TECH_PAGE,
        ("GET", "/cases"): _READ_PAGE,
        ("GET", "/cases/{case_id}"): _READ_PAGE,
        ("POST", "/cases/{case_id}/steps/{step}/complete"): _WRITE_PAGE,
        ("POST", "/cases/{case_id}/{change}"): _WRITE_PAGE,
        ("POST", "/cases/{case_id}/deliveries/{delivery_id}/replay"): _WRITE_PAGE,
        ("GET", "/review"): _REVIEW_PAGE,
        ("GET", "/review/corrections.jsonl"): Rule(Scope.READ, page=True, recorded=True, people=_TECH),
        ("POST", "/review/{message_id}"): Rule(Scope.WRITE, page=True, recorded=True, people=_EVERYBODY),
        ("GET", "/live"): _READ_PAGE,
        ("GET", "/live/{message_id}"): _READ_PAGE,
    }
)


def find(method: str, path: str) -> Found | None:
    """Return the route of a request, ``None`` if there is none; ``HEAD`` is asked what ``GET`` is."""
    method = "GET" if method == "HEAD" else method
    matcher = _MATCHERS.get(method)
    matched = None if matcher is None else matcher[0].fullmatch(path)
    if matcher is None or matched is None or matched.lastgroup is None:
        return None
    pattern = matcher[1][matched.lastgroup]
    return Found(pattern, TABLE[method, pattern], _ids(pattern, path))


def allows(rule: Rule, principal: Principal) -> bool:
    """Say whether somebody may call a route of this rule."""
    if principal.kind == "user" and rule.people is not None:
        return principal.role in rule.people
    return isinstance(rule.needs, Anyone) or rule.needs in principal.scopes


def methods_of(path: str) -> list[str]:
    """Return the methods that some route of ``path`` takes."""
    return sorted(method for method, (matcher, _) in _MATCHERS.items() if matcher.fullmatch(path))


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield method and pattern of every route of an application."""
    for route in _flat(app.routes):
        methods: set[str] | None = getattr(route, "methods", None)
        if methods is None:  # a folder of files
            yield "GET", f"{route.path}/{{path:path}}"
            continue
        for method in methods - {"HEAD"}:
            yield method, route.path


def unguarded(app: FastAPI) -> list[str]:
    """Return the routes of an application that the table does not know."""
    return [f"{method} {pattern}" for method, pattern in routes_of(app) if (method, pattern) not in TABLE]


def _flat(routes: Iterable[BaseRoute]) -> Iterator[Any]:
    """Yield routes, those of included routers too, which newer versions of FastAPI keep apart."""
    flattened = getattr(routing, "iter_route_contexts", None)
    yield from (routes if flattened is None else flattened(routes))


def _ids(pattern: str, path: str) -> dict[str, str]:
    """Return the parts of ``path`` that stand where ``pattern`` has a name."""
    pairs = zip(pattern.split("/"), path.split("/"), strict=False)
    return {name[1:-1]: part for name, part in pairs if name.startswith("{") and name.endswith("}") and ":" not in name}


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern."""
    parts = re.split(r"(\{[^}]+\})", pattern)
    return "".join(
        (".*" if part.endswith(":path}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )


def _specific_first(pattern: str) -> tuple[str, ...]:
    """Return a key that sorts words before names, in each part of a path."""
    return tuple("~" if "{" in part else part for part in pattern.split("/"))


def _matcher(method: str) -> tuple[re.Pattern[str], dict[str, str]]:
    patterns = sorted((pattern for of, pattern in TABLE if of == method), key=_specific_first)
    named = {f"r{number}": pattern for number, pattern in enumerate(patterns)}
    return re.compile("|".join(f"(?P<{name}>{_expression(pattern)})" for name, pattern in named.items())), named


_MATCHERS: Final = {method: _matcher(method) for method in {method for method, _ in TABLE}}
