"""The HTTP interface: all that can be asked of it, in the order in which the reference shows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

from api.routes import (
    alerts,
    analytics,
    cases,
    channels,
    classify,
    deliveries,
    destinations,
    erasures,
    events,
    export,
    feedback,
    health,
    inbound,
    keys,
    messages,
    metrics,
    trail,
)

__all__ = ["routes"]

_PARTS = (
    health, classify, messages, feedback, cases, destinations, deliveries, channels, inbound, alerts, keys, analytics,
    events, export, metrics, trail, erasures,
)  # fmt: skip


@cache
def routes() -> Sequence[BaseRoute]:
    """Return the routes, put together once for all applications of a process."""
    whole = APIRouter()
    for part in _PARTS:
        whole.include_router(part.router)
    return whole.routes
