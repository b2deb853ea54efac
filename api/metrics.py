"""What Prometheus reads at ``/metrics``: requests, batches, queue, deliveries, labels, drift; never a text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from api.analytics.figures import Drift, Labelled
from api.analytics.reader import Analytics
from api.analytics.selection import Selection
from api.store import alerts
from api.store.audit import delivery_counts
from api.store.database import Store
from api.store.deliveries import DeliveryStatus
from api.store.inbound import InboundStatus
from api.store.inbound import counts as inbound_counts

__all__ = ["Metrics", "Sources", "route_of"]

_WEEK: Final = 7
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROUTE: Final = ("method", "route")
_TEXTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_LASTING: Final = frozenset({"/v1/events", "/v1/export.{form}"})
_KEPT_SECONDS: Final = 30.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Sources:
    """Where figures of the store come from; ``waiting`` is how many texts wait for the model."""

    store: Store
    analytics: Analytics
    waiting: int


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        here = self._registry
        self._requests = Counter("recupera_http_requests", "Requests answered.", (*_ROUTE, "status"), registry=here)
        self._seconds = Histogram(
            "recupera_http_request_seconds", "Time to the end of an answer.", _ROUTE, buckets=_SECONDS, registry=here
        )
        self._batch_texts = Histogram(
            "recupera_batch_texts", "Texts that the model was given at once.", buckets=_TEXTS, registry=here
        )
        self._batch_seconds = Histogram(
            "recupera_batch_seconds", "Time of the model for a batch.", buckets=_SECONDS, registry=here
        )
        self._waiting = Gauge("recupera_queue_texts", "Texts that wait for the model or are with it.", registry=here)
        self._deliveries = Gauge("recupera_deliveries", "Deliveries by state.", ("status",), registry=here)
        self._inbound = Gauge("recupera_inbound", "What help desks sent, by state.", ("status",), registry=here)
        self._alerts = Gauge("recupera_alerts_open", "Rises of complaints that last.", registry=here)
        self._labels = Gauge(
            "recupera_week_messages", "Messages of the last seven days, by label.", ("task", "label"), registry=here
        )
        self._review = Gauge("recupera_week_review_share", "Share of them that a person should look at.", registry=here)
        self._drift = Gauge(
            "recupera_drift_index", "How far a task's labels moved in the last seven days.", ("task",), registry=here
        )
        self._read_at = 0.0

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, by the route's pattern, never by the path that was asked for."""
        method, route = scope["method"] if scope["method"] in _METHODS else "other", route_of(scope)
        self._requests.labels(method, route, status).inc()
        if route not in _LASTING:
            self._seconds.labels(method, route).observe(seconds)

    def classified(self, texts: int, seconds: float) -> None:
        """Count a batch; the thread of the model may say so."""
        self._batch_texts.observe(texts)
        self._batch_seconds.observe(seconds)

    async def page(self, sources: Sources | None) -> bytes:
        """Return what Prometheus reads; figures of the store are at most half a minute old."""
        if sources is not None:
            self._waiting.set(sources.waiting)
            if time.monotonic() - self._read_at > _KEPT_SECONDS:
                await self._read(sources)
                self._read_at = time.monotonic()
        return generate_latest(self._registry)

    async def _read(self, sources: Sources) -> None:
        async with sources.store.read() as connection:
            counts = await delivery_counts(connection)
            told = await inbound_counts(connection)
            self._alerts.set(len(await alerts.open_now(connection)))
        for status in DeliveryStatus:
            self._deliveries.labels(status.value).set(counts.get(status, 0))
        for state in InboundStatus:
            self._inbound.labels(state.value).set(told.get(state, 0))
        selection = Selection.last_days(_WEEK, _today())
        overview = await sources.analytics.overview(selection)
        self._review.set(overview.needing_review.now.value or 0.0)
        for task, labels in _BY_TASK.items():
            self._set_labels(task, getattr(overview, labels))
        self._set_drift(await sources.analytics.drift(selection))

    def _set_labels(self, task: str, labels: Iterable[Labelled]) -> None:
        for labelled in labels:
            self._labels.labels(task, labelled.label).set(labelled.count.now)

    def _set_drift(self, drift: Sequence[Drift]) -> None:
        self._drift.clear()
        for moved in drift:
            self._drift.labels(moved.task).set(moved.index)


_BY_TASK: Final = {
    "motive": "motives",
    "severity": "severities",
    "justice": "justices",
    "quality": "qualities",
    "touchpoint": "touchpoints",
    "tone": "tones",
}
"""Where in an overview the labels of each task are."""


def _today() -> date:
    return datetime.now(UTC).date()


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that answered."""
    return getattr(scope.get("route"), "path", None) or "other"
