"""Errors of the console's pages, told to people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.batching import QueueFullError
from api.console.person import home, who
from api.console.rendering import is_partial, render, see_other
from api.errors import ConflictError, NotFoundError
from api.store.database import UnavailableError
from classifier.errors import InputError

__all__ = ["ConsolePage", "refusal"]

_STATUS: Final = {NotFoundError: 404, ConflictError: 409, UnavailableError: 503, QueueFullError: 503, InputError: 422}
_KNOWN: Final[tuple[type[Exception], ...]] = (*_STATUS, HTTPException, RequestValidationError)


class ConsolePage(APIRoute):
    """A route whose errors are pages too, or the part of one that a script asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        answer = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await answer(request)
            except _KNOWN as error:
                return _told(request, error)

        return handled


def refusal(request: Request, status: int) -> Response:
    """Tell somebody that their role may not see this page; the first page of all leads to the first that they may."""
    first = home(who(request))
    if request.url.path == "/" and first != "/":
        return see_other(first)
    return _page(request, status, role=True)


def _told(request: Request, error: Exception) -> Response:
    """Say what went wrong; the words of an exception are for programs, so only those of a conflict are shown."""
    status = error.status_code if isinstance(error, HTTPException) else _status(error)
    detail = str(error) if isinstance(error, ConflictError | InputError) else None
    return _page(request, status, detail=detail)


def _page(request: Request, status: int, *, detail: str | None = None, role: bool = False) -> Response:
    template = "parts/problem.html" if is_partial(request) else "problem.html"
    headers = {"Retry-After": "2"} if status == _STATUS[UnavailableError] else {}
    return render(request, template, status=status, headers=headers, code=status, detail=detail, role=role)


def _status(error: Exception) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
