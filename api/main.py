"""The application: everything it needs is passed in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import swagger_ui_bundle
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.batching import Batcher
from api.errors import add_error_handlers
from api.limits import BodyLimit
from api.routes import classify, health
from api.settings import Settings
from classifier import ComplaintClassifier

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes use: present once the model is loaded."""

    classifier: ComplaintClassifier
    batcher: Batcher


def create_app(settings: Settings, *, classifier: ComplaintClassifier | None = None) -> FastAPI:
    """Build the service; without ``classifier`` the model is loaded while the service already answers ``/livez``."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(_load(app, settings, classifier))
        if classifier is not None:
            await loading
        yield
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading
        service: Service | None = app.state.service
        app.state.service = None
        if service is not None:
            await asyncio.to_thread(service.batcher.close)

    app = FastAPI(
        title="Recupera",
        version=version("recupera"),
        summary="Why customers complain, how grave it is, and what was unfair; in Spanish and Portuguese.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = None
    app.include_router(health.router)
    app.include_router(classify.router)
    _add_docs(app)
    add_error_handlers(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    return app


async def _load(app: FastAPI, settings: Settings, classifier: ComplaintClassifier | None) -> None:
    """Load the model away from the event loop; if that fails, say why and leave the service unready."""
    try:
        model = classifier or await asyncio.to_thread(
            ComplaintClassifier.from_pretrained,
            settings.model,
            precision=settings.precision,
            threads=settings.threads,
        )
    except Exception:
        log.exception("the model could not be loaded")
        raise
    wait = settings.batch_wait_ms / 1000
    batcher = Batcher(model, size=settings.batch_size, wait_seconds=wait, capacity=settings.queue_size)
    app.state.service = Service(model, batcher)
    log.info("ready: %s %s", model.model.name, model.model.version)


def _add_docs(app: FastAPI) -> None:
    """Serve the interactive reference at ``/docs`` from files that came with the installation."""
    folder = Path(swagger_ui_bundle.swagger_ui_path)
    app.mount("/docs/assets", StaticFiles(directory=folder), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title="Recupera",
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="docs/assets/favicon-32x32.png",
        )
