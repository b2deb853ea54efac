"""What the OpenAPI document says of keys: the scheme, the scope of each call, and how any call may be refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

from api.access.table import TABLE, Anyone
from api.errors import problems

__all__ = ["describe_access"]

_NAME: Final = "key"
_SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "rcp_…",
    "description": "A key with the scope that a call names. On this machine none is needed until the first is made.",
}


_ALWAYS: Final = {431: "Address and headers are over the limit"}
_STARTING: Final = {503: "The service is starting, or its database is away: try again"}
_NAMED: Final = {404: "There is no such thing; no name in a path has a control character"}
_BODIES: Final = {
    400: "The body is no JSON, or has a key twice",
    413: "The body is over the limit",
    415: "The body is not declared as JSON",
}


def describe_access(app: FastAPI) -> None:
    """Have the document name, for each call, the scope that it needs and how it is refused without."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            document.setdefault("components", {}).setdefault("securitySchemes", {})[_NAME] = _SCHEME
            for path, calls in document["paths"].items():
                for method, call in calls.items():
                    _describe(call, method.upper(), path)
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _describe(call: dict[str, Any], method: str, path: str) -> None:
    """Add what the table says of a call, and the answers that every call may have."""
    needs = TABLE[method, path].needs
    _answers(call, _ALWAYS)
    if "{" in path:
        _answers(call, _NAMED)
    if "requestBody" in call:
        _answers(call, _BODIES)
    if isinstance(needs, Anyone):
        call["security"] = [] if needs is Anyone.PUBLIC else [{_NAME: []}]
        return
    call["security"] = [{_NAME: [needs.value]}]
    refusals = {
        401: "There is no key, or one that opens nothing",
        403: f"The key does not have the scope `{needs}`",
        429: "The key made too many requests: try again after `Retry-After` seconds",
    }
    _answers(call, refusals | _STARTING)


def _answers(call: dict[str, Any], descriptions: Mapping[int, str]) -> None:
    """Describe error answers that the call does not describe itself."""
    for status, answer in problems(descriptions).items():
        call["responses"].setdefault(str(status), answer)
