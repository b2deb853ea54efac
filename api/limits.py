"""Limits on what a caller may send, enforced while it is read."""

from __future__ import annotations

import re
from typing import Final

from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

__all__ = ["MAX_FORM_BYTES", "MAX_HEADER_BYTES", "BodyLimit", "HeadLimit"]

MAX_HEADER_BYTES: Final = 32 * 1024
"""The path, the query and the headers of a request, together."""


MAX_FORM_BYTES: Final = 2 * 1024 * 1024
"""A form of a page: some of them take no key, and the largest holds a policy of a million bytes."""


_CONTROL: Final = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")


class _TooLargeError(HTTPException):
    """The body went past the limit. Of this kind, because FastAPI takes any other for a body it can't parse."""


class BodyLimit:
    """Answers 413 as soon as a body is, or says it will be, larger than ``limit`` bytes, or ``MAX_FORM_BYTES``."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit if scope["path"].startswith("/v1/") else min(self.limit, MAX_FORM_BYTES)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > limit:
            await _refusal(limit)(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, _counted(receive, limit), watched)
        except _TooLargeError:
            if not started:
                await _refusal(limit)(scope, receive, send)


def _refusal(limit: int) -> JSONResponse:
    return problem(413, _detail(limit))


def _detail(limit: int) -> str:
    return f"the body is over the limit of {limit:,} bytes"


def _counted(receive: Receive, limit: int) -> Receive:
    """Count the bytes that arrive."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _TooLargeError(413, _detail(limit))
        return message

    return counted


class HeadLimit:
    """Answers 431 if address and headers are larger than ``MAX_HEADER_BYTES``: the server only counts in part.

    A path with a control character is answered 404: no route has one, and some patterns end before a line's end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
            size += sum(len(name) + len(value) for name, value in scope["headers"])
            if size > MAX_HEADER_BYTES:
                detail = f"address and headers are over the limit of {MAX_HEADER_BYTES:,} bytes"
                await problem(431, detail)(scope, receive, send)
                return
            if _CONTROL.search(scope["path"]):
                await problem(404, "no path has a control character")(scope, receive, send)
                return
        await self.app(scope, receive, send)
