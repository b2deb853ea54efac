"""The console as part of the service."""

from __future__ import annotations

import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.console.guard import same_origin
from api.console.routes import cases, figures, live, model, policy, preferences, review

if TYPE_CHECKING:
    from api.settings import ConsoleSettings

__all__ = ["add_console"]

_YEAR: Final = 365 * 24 * 3600


def add_console(app: FastAPI, settings: ConsoleSettings) -> None:
    """Serve the pages at ``/`` and what they are made with at ``/assets``."""
    app.state.console = settings
    pages = APIRouter(include_in_schema=False, dependencies=[Depends(same_origin)])
    for routes in (preferences, figures, cases, review, policy, model, live):
        pages.include_router(routes.router)
    app.include_router(pages)
    mimetypes.add_type("text/javascript", ".js")  # a machine's own list may say otherwise, and nosniff would refuse it
    app.mount("/assets", _Assets(directory=Path(str(files("api.console").joinpath("static")))), name="console-assets")


class _Assets(StaticFiles):
    """Files that browsers may keep: a page names them by their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        kept = f"public, max-age={_YEAR}, immutable" if b"v=" in scope["query_string"] else "no-cache"
        response.headers["Cache-Control"] = kept
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
