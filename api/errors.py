"""Every error answer is ``application/problem+json`` (RFC 9457) with a stable ``type``.

No answer ever repeats what the caller sent: a problem says where and why, not what.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.batching import QueueFullError
from api.store.database import UnavailableError
from classifier.faults import reason

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)
_TYPES = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    410: "erased",
    411: "length-required",
    413: "too-large",
    415: "unsupported-media-type",
    421: "misdirected",
    422: "invalid",
    429: "too-many-requests",
    431: "head-too-large",
    500: "internal",
    503: "unavailable",
}


_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


class NotFoundError(Exception):
    """There is no such thing; the message says what kind of thing."""


class ConflictError(Exception):
    """The call contradicts what is stored; the message says how."""


class ErasedError(Exception):
    """What the call names was erased, and stays so."""


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> JSONResponse:
    """Return a problem; ``members`` are its extension members."""
    content = {
        "type": f"urn:recupera:problem:{_TYPES.get(status, 'error')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return JSONResponse(content, status, headers, media_type=MEDIA_TYPE)


class Problem(BaseModel):
    """An error (RFC 9457). ``type`` is stable, and what programs should look at."""

    type: str
    title: str
    status: int
    detail: str


def problems(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Describe the error answers of a route, by status."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": text, "content": content} for status, text in descriptions.items()}


async def require_json(request: Request) -> None:
    """Refuse a body that is not declared as JSON."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json" and not (declared.startswith("application/") and declared.endswith("+json")):
        raise HTTPException(415, "send the body as JSON, with Content-Type: application/json")


async def require_distinct_keys(request: Request) -> None:
    """Refuse an object that says a key twice, as it can't be told which is meant."""
    try:
        json.loads(await request.body(), object_pairs_hook=_distinct)
    except _TwiceError:
        raise HTTPException(400, "an object of the body has the same key twice") from None
    except (ValueError, RecursionError):
        return  # answered where the body is read


class _TwiceError(Exception):
    """A key is there twice."""


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _TwiceError


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error that is raised on purpose with a problem; ``AccessLog`` answers the rest."""
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(QueueFullError, _full)  # type: ignore[arg-type]
    app.add_exception_handler(UnavailableError, _unavailable)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(ConflictError, _conflict)
    app.add_exception_handler(ErasedError, _erased)


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Say which fields are wrong and why, without their values."""
    faults = [{"at": _pointer(item["loc"]), "reason": _reason(item)} for item in error.errors()]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem(400, "the body is not valid JSON")
    return problem(422, f"{faults[0]['at']}: {faults[0]['reason']}", errors=faults)


def _pointer(location: tuple[str | int, ...]) -> str:
    """Return where a fault is, as a JSON pointer into the body; what is no name could be anything that was sent."""
    return "/" + "/".join(str(part) if isinstance(part, int) or _KEY.fullmatch(part) else "…" for part in location[1:])


def _reason(item: Mapping[str, Any]) -> str:
    """Say what is wrong, unless that could quote the input."""
    return "has an invalid value" if item["type"].startswith("value_error") else reason(item)


async def _http(_request: Request, error: HTTPException) -> JSONResponse:
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _full(_request: Request, error: QueueFullError) -> JSONResponse:
    return problem(503, "too many messages are waiting; try again", headers={"Retry-After": str(error.retry_after)})


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    """Ask to come back, and log the first line of what the driver said: it never quotes what is stored."""
    cause = getattr(error.__cause__, "orig", error.__cause__)
    said = str(cause).splitlines() if cause is not None else []
    log.warning("the database: %s", said[0] if said else type(cause or error).__name__)
    return problem(503, f"{error}; nothing was stored, try again", headers={"Retry-After": "2"})


async def _not_found(_request: Request, error: Exception) -> JSONResponse:
    return problem(404, str(error))


async def _conflict(_request: Request, error: Exception) -> JSONResponse:
    return problem(409, str(error))


async def _erased(_request: Request, error: Exception) -> JSONResponse:
    return problem(410, str(error))
