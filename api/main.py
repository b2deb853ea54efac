"""The application: everything it needs is passed in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI

from api.batching import Batcher
from api.errors import add_error_handlers
from api.limits import BodyLimit
from api.observability import AccessLog, traced
from api.reference import add_reference
from api.routes import classify, health
from api.settings import Settings
from classifier import ComplaintClassifier

__all__ = ["Service", "create_app"]

_WARM_UP: Final = ("El pedido llegó roto. Nadie me contesta.", "O pedido chegou quebrado. Ninguém me responde.")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes use: present once the model is loaded."""

    classifier: ComplaintClassifier
    batcher: Batcher


def create_app(
    settings: Settings,
    *,
    classifier: ComplaintClassifier | None = None,
    loaded: Callable[[Exception | None], None] = lambda _: None,
) -> FastAPI:
    """Build the service; without ``classifier`` the model is loaded while the service already answers ``/livez``.

    ``loaded`` is told when messages can be classified, or why they never will be.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(_load(app, settings, classifier, loaded))
        if classifier is not None:
            await loading
        yield
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading
        await _close(app)

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
    add_reference(app)
    add_error_handlers(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(AccessLog)
    return app


async def _load(
    app: FastAPI,
    settings: Settings,
    classifier: ComplaintClassifier | None,
    loaded: Callable[[Exception | None], None],
) -> None:
    """Load the model away from the event loop."""
    try:
        model = await asyncio.to_thread(_from_settings, settings) if classifier is None else classifier
    except Exception as error:
        log.error("the model can't be loaded: %s", traced(error))  # noqa: TRY400, RUF100 - a message may quote a text
        loaded(error)
        return
    wait = settings.batch_wait_ms / 1000
    batcher = Batcher(model, size=settings.batch_size, wait_seconds=wait, capacity=settings.queue_size)
    app.state.service = Service(model, batcher)
    log.info("ready: %s %s", model.model.name, model.model.version)
    loaded(None)


def _from_settings(settings: Settings) -> ComplaintClassifier:
    """Load the model and use it once, so that the first caller does not wait for what is loaded on first use."""
    model = ComplaintClassifier.from_pretrained(settings.model, precision=settings.precision, threads=settings.threads)
    model.predict(_WARM_UP, evidence=True)
    return model


async def _close(app: FastAPI) -> None:
    """Answer what is waiting, then stop."""
    service: Service | None = app.state.service
    app.state.service = None
    if service is not None:
        await asyncio.to_thread(service.batcher.close)
