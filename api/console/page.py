"""Errors of the console's pages, told to people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.access.scopes import Scope
from api.batching import QueueFullError
from api.console.person import home, who
from api.console.refusals import reason_of
from api.console.rendering import is_partial, render, see_other, text_of
from api.console.views.filters import SPANS, as_given
from api.errors import ConflictError, NotFoundError
from api.store import samples
from api.store.database import Store, UnavailableError
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
                request.state.samples = await _samples(request)
                return await answer(request)
            except _KNOWN as error:
                return _told(request, error)

        return handled


async def _samples(request: Request) -> int:
    """Return how many sample messages there are, so that nobody takes them for real ones."""
    store: Store | None = request.app.state.store
    if store is None or request.method != "GET" or is_partial(request) or not who(request).may(Scope.READ):
        return 0
    async with store.read() as connection:
        return await samples.count(connection)


def refusal(request: Request, status: int) -> Response:
    """Tell somebody that their role may not see this page; the first page of all leads to the first that they may."""
    first = home(who(request))
    if request.url.path == "/" and first != "/":
        return see_other(first)
    return _page(request, status, role=True)


def _told(request: Request, error: Exception) -> Response:
    """Say what went wrong; the words of an exception are for programs, and shown only of a file that can't be read."""
    status = error.status_code if isinstance(error, HTTPException) else _status(error)
    found = reason_of(error)
    if found is not None:
        return _page(request, status, reason=text_of(request, found[0], **found[1]))
    return _page(request, status, detail=str(error) if isinstance(error, InputError) else "")


def _page(request: Request, status: int, *, reason: str = "", detail: str = "", role: bool = False) -> Response:
    """Return a page of its own; to a script the part that goes into the form's place for it, the form as it was."""
    part = is_partial(request)
    headers = {"Retry-After": "2"} if status == _STATUS[UnavailableError] else {}
    if part:
        headers |= {"HX-Retarget": "find .refusal", "HX-Reswap": "innerHTML"}
    return render(
        request,
        "parts/problem.html" if part else "problem.html",
        status=status,
        headers=headers,
        code=status,
        reason=reason,
        detail=detail,
        role=role,
        part=part,
        again=request.url.path if request.method == "GET" and status == _STATUS[InputError] else "",
        given=as_given(request.url.path, request.query_params.multi_items()) if reason else None,
        spans=SPANS,
    )


def _status(error: Exception) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
