"""What the service says about itself: one line a request, without anything of what was sent."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

__all__ = ["PROBES", "AccessLog", "JsonFormatter", "configure_logging", "traced"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that machines ask every few seconds: not worth a line and a trace each time."""

access = logging.getLogger("recupera.access")
failures = logging.getLogger("recupera.failures")


class AccessLog:
    """Logs each request when its answer is complete, tells who counts them, and answers what nothing else caught.

    ``observed`` is told scope, status and seconds. ``shown`` says what of a request's path is logged: nothing that a
    caller may have put in it. Status 499: the caller left before. An exception's message may quote a text, so only its
    type and its places in the code are logged.
    """

    def __init__(
        self, app: ASGIApp, observed: Callable[[Scope, int, float], None], shown: Callable[[Scope], str]
    ) -> None:
        self.app = app
        self.observed = observed
        self.shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and take the time."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            failures.error("%s %s failed: %s", _method(scope), self.shown(scope), traced(error))
            if not status:
                await problem(500, "something failed here; the log says what")(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            _log(scope, self.shown(scope), status or 499, seconds)
            self.observed(scope, status or 499, seconds)


def _log(scope: Scope, shown: str, status: int, seconds: float) -> None:
    """Log one request; health checks only where everything is logged."""
    level = logging.DEBUG if scope["path"] in PROBES else logging.INFO
    fields = {
        "method": _method(scope),
        "path": shown,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    access.log(level, "%(method)s %(path)s %(status)s %(ms)s ms", fields, extra={"fields": fields})


def _method(scope: Scope) -> str:
    """Return a method that is known; a caller may make up others."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def traced(error: BaseException) -> str:
    """Return an exception's type and where it came from, without its message."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return " < ".join([type(error).__name__, *reversed(places)])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, and the fields of the record, or its message."""
        fields: dict[str, Any] = getattr(record, "fields", None) or {"message": record.getMessage()}
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname.lower(), "logger": record.name, **fields}
        if record.exc_info and record.exc_info[1]:
            line["error"] = traced(record.exc_info[1])
        return json.dumps(line)


_TALKATIVE: Final = (
    "alembic", "authlib", "httpcore", "httpcore2", "httpx", "httpx2", "psycopg", "sqlalchemy", "uvicorn",
)  # fmt: skip
"""Libraries that log at length, some of them every value that is stored: never below a warning."""


def configure_logging(level: str) -> None:
    """Log to standard error: for people on a terminal, else JSON lines."""
    handler = logging.StreamHandler()
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S"))
    else:
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
