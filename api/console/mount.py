"""The console as part of the service."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.console.guard import same_origin
from api.console.page import refusal
from api.console.person import require_token
from api.console.routes import account, cases, figures, live, model, policy, preferences, review, sign_in, users

if TYPE_CHECKING:
    from api.access.signin import SignIn
    from api.settings import ConsoleSettings

__all__ = ["add_console"]

_YEAR: Final = 365 * 24 * 3600


def add_console(app: FastAPI, settings: ConsoleSettings, sign_in_of_people: SignIn) -> None:
    """Serve the pages at ``/`` and what they are made with at ``/assets``."""
    app.state.console, app.state.sign_in, app.state.page_refusal = settings, sign_in_of_people, refusal
    app.router.routes.extend(_pages())
    mimetypes.add_type("text/javascript", ".js")  # a machine's own list may say otherwise, and nosniff would refuse it
    app.mount("/assets", _Assets(directory=Path(str(files("api.console").joinpath("static")))), name="console-assets")


@cache
def _pages() -> Sequence[BaseRoute]:
    """Return the routes of the pages, put together once for all applications of a process."""
    pages = APIRouter(include_in_schema=False, dependencies=[Depends(same_origin), Depends(require_token)])
    for routes in (sign_in, account, users, preferences, figures, cases, review, policy, model, live):
        pages.include_router(routes.router)
    whole = APIRouter()
    whole.include_router(pages)
    return whole.routes


class _Assets(StaticFiles):
    """Files that browsers may keep: a page names them by their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        kept = f"public, max-age={_YEAR}, immutable" if b"v=" in scope["query_string"] else "no-cache"
        response.headers["Cache-Control"] = kept
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
