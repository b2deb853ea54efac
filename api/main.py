"""The application: everything it needs is passed in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api.access.accounts import Accounts
from api.access.description import describe_access
from api.access.guard import Guard
from api.access.keyring import Keyring
from api.access.ours import path_of
from api.access.signin import SignIn
from api.access.table import unguarded
from api.access.trail import Trail
from api.analytics.reader import Analytics
from api.analytics.refresh import Refresher
from api.batching import Batcher
from api.cases import Planner
from api.channels.service import Channels, open_channels
from api.console import add_console
from api.delivery.service import Deliveries, start
from api.early_warning.watch import Watch
from api.errors import add_error_handlers
from api.intake import Intake
from api.limits import BodyLimit, HeadLimit
from api.live import Live
from api.loading import begin_loading
from api.metrics import Metrics
from api.observability import AccessLog, traced
from api.planning import PolicyPlanner
from api.privacy.retention import Retention
from api.privacy.service import Eraser
from api.recovery import default_policy, read_policy
from api.reference import add_reference
from api.routes.interface import routes
from api.service import Service
from api.settings import Settings
from api.store import destinations as destination_store
from api.store.database import Store
from api.store.vault import SETTING
from api.tracing import Traced, Traces, open_traces
from classifier import ComplaintClassifier
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.access.oidc import Provider

__all__ = ["create_app"]

log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    *,
    classifier: ComplaintClassifier | Future[ComplaintClassifier] | None = None,
    planner: Planner | None = None,
    loaded: Callable[[Exception | None], None] = lambda _: None,
    worker: bool = False,
) -> FastAPI:
    """Build the service; unless ``classifier`` is there, the service answers ``/livez`` while the model is loaded.

    It may be on its way (``api.loading``); without it that of the settings is loaded. Without ``planner`` plans follow
    the recovery policy. ``loaded`` is told when messages can be classified, or why they never will be. With ``worker``
    the workflows of cases run here too; a process has one worker at most.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        model = begin_loading(settings) if classifier is None else classifier
        loading = asyncio.create_task(_load(app, settings, model, planner, loaded))
        if not isinstance(model, Future):
            await loading
        if worker:
            app.state.starting = asyncio.create_task(_start_worker(app, settings, loading))
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
    app.state.service = app.state.store = app.state.deliveries = app.state.channels = None
    app.state.watch = app.state.worker = app.state.starting = app.state.analytics = app.state.refresher = None
    app.state.live = app.state.keyring = app.state.trail = app.state.sign_in = None
    app.state.eraser = app.state.retention = None
    app.state.metrics, app.state.traces = Metrics(), open_traces(settings.traces)
    app.router.routes.extend(routes())
    add_reference(app)
    if settings.console.enabled:
        people = SignIn(Accounts.open(settings.signin), _provider(settings), app.state)
        add_console(app, settings.console, people)
    add_error_handlers(app)
    if missing := unguarded(app):
        raise RuntimeError(f"routes that api.access.table does not know: {', '.join(missing)}")
    describe_access(app)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(Guard, state=app.state, host=settings.host, settings=settings.access)
    app.add_middleware(HeadLimit)
    app.add_middleware(AccessLog, observed=app.state.metrics.answered, shown=path_of)
    if app.state.traces is not None:
        app.add_middleware(Traced, traces=app.state.traces)
    return app


def _provider(settings: Settings) -> Provider | None:
    """Return the OpenID provider, if there is one; what speaks with it is imported then only."""
    if settings.oidc.issuer is None:
        return None
    from api.access.oidc import Provider

    return Provider(settings.oidc)


async def _load(
    app: FastAPI,
    settings: Settings,
    classifier: ComplaintClassifier | Future[ComplaintClassifier],
    planner: Planner | None,
    loaded: Callable[[Exception | None], None],
) -> None:
    """Open the database, while the model may still be on its way."""
    try:
        app.state.store = store = await _open(settings)
        await _open_access(app, store, settings)
        app.state.eraser = Eraser(store, settings.database_url, settings.vault)
        app.state.channels = desks = await open_channels(store, settings.channels, settings.delivery)
        app.state.deliveries = start(store, settings.delivery, desks.senders, clear=settings.privacy.clear_destinations)
        planner = _planner(settings) if planner is None else planner
        model = await asyncio.wrap_future(classifier) if isinstance(classifier, Future) else classifier
        batcher = Batcher(
            model,
            size=settings.batch_size,
            wait_seconds=settings.batch_wait_ms / 1000,
            capacity=settings.queue_size,
            effort=settings.always,
            observed=_observer(app),
        )
        intake = await Intake.start(store, batcher, planner, capacity=settings.queue_size)
    except Exception as error:
        log.error("the service can't start: %s", traced(error))  # noqa: TRY400, RUF100 - a message may quote a text
        loaded(error)
        return
    desks.start(intake)
    app.state.service = Service(model, batcher, store, intake)
    app.state.watch = watch = Watch(store, settings.alerts)
    watch.start()
    app.state.analytics, app.state.live = Analytics(store), Live(store)
    app.state.refresher = refresher = Refresher(store, settings.analytics_seconds, app.state.analytics.warm)
    refresher.start()
    app.state.retention = retention = Retention(store, settings.database_url, settings.privacy)
    retention.start()
    log.info("ready: %s %s", model.model.name, model.model.version)
    loaded(None)


def _observer(app: FastAPI) -> Callable[[int, float], None]:
    """Return what is told of each batch of the model."""
    metrics: Metrics = app.state.metrics
    traces: Traces | None = app.state.traces
    if traces is None:
        return metrics.classified

    def observed(texts: int, seconds: float) -> None:
        metrics.classified(texts, seconds)
        traces.classified(texts, seconds)

    return observed


async def _start_worker(app: FastAPI, settings: Settings, loading: asyncio.Task[None]) -> None:
    """See cases through, once messages are taken: nobody waits for the workflow library to be imported."""
    await asyncio.shield(loading)
    if app.state.service is None:
        return
    from api.workflow.pace import CALM_PACE, CALM_RHYTHM
    from api.workflow.worker import Worker

    name = settings.worker.executor_id or "service"
    app.state.worker = worker = Worker(app.state.store, settings.database_url, name, rhythm=CALM_RHYTHM, pace=CALM_PACE)
    worker.start()


async def _open(settings: Settings) -> Store:
    """Open the database of the settings, the secrets in it encrypted by the newest key, if there is one."""
    store = await Store.open(settings.database_url, settings.vault)
    try:
        async with store.write() as connection:
            await destination_store.seal(connection)
            bare = settings.vault is None and bool(await destination_store.page(connection, before=None, limit=1))
    except InputError:
        await store.close()
        raise
    if bare:
        log.warning("secrets of destinations are stored unencrypted: set %s to change that", SETTING)
    return store


async def _open_access(app: FastAPI, store: Store, settings: Settings) -> None:
    """Read the keys, and begin the trail."""
    app.state.keyring = await Keyring.open(store)
    if settings.access.trail_days:
        app.state.trail = trail = Trail(store, settings.access.trail_days)
        trail.start()


def _planner(settings: Settings) -> Planner:
    """Return a planner by the policy of the settings."""
    return PolicyPlanner(default_policy() if settings.policy is None else read_policy(settings.policy))


async def _close_access(app: FastAPI) -> None:
    """Write down what the guard still knows alone."""
    if app.state.sign_in is not None:
        app.state.sign_in.accounts.passwords.close()
    if app.state.trail is not None:
        await app.state.trail.stop()
    if app.state.keyring is not None:
        await app.state.keyring.close()


async def _close(app: FastAPI) -> None:
    """Answer what is waiting, then stop."""
    service: Service | None = app.state.service
    app.state.service = None
    if app.state.starting is not None:
        app.state.starting.cancel()
        await asyncio.gather(app.state.starting, return_exceptions=True)
    if app.state.worker is not None:
        await app.state.worker.stop()
    desks: Channels | None = app.state.channels
    app.state.channels = None
    if desks is not None:
        await desks.stop()
    if service is not None:
        await asyncio.to_thread(service.batcher.close)
    delivering: Deliveries | None = app.state.deliveries
    app.state.deliveries = None
    if delivering is not None:
        await delivering.dispatcher.stop()
    watch: Watch | None = app.state.watch
    if watch is not None:
        await watch.stop()
    if app.state.refresher is not None:
        await app.state.refresher.stop()
        await app.state.retention.stop()
        await app.state.live.stop()
    if app.state.store is not None:
        await _close_access(app)
        await app.state.store.close()
    if app.state.traces is not None:
        await asyncio.to_thread(app.state.traces.close)
