"""What the OpenAPI document says of keys: the scheme, and the scope of each call."""

from __future__ import annotations

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
    """Add what the table says of a call."""
    needs = TABLE[method, path].needs
    if isinstance(needs, Anyone):
        call["security"] = [] if needs is Anyone.PUBLIC else [{_NAME: []}]
        return
    call["security"] = [{_NAME: [needs.value]}]
    refusals = problems(
        {
            401: "There is no key, or one that opens nothing",
            403: f"The key does not have the scope `{needs}`",
            429: "The key made too many requests: try again after `Retry-After` seconds",
        }
    )
    for status, answer in refusals.items():
        call["responses"].setdefault(str(status), answer)
