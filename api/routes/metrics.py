"""``/metrics``: figures of the service for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.metrics import Metrics, Sources
from api.service import Service

__all__ = ["router"]

router = APIRouter(tags=["operations"])


@router.get(
    "/metrics",
    summary="Figures of the service for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """Return the metrics; those of the store only once the service is ready."""
    state = request.app.state
    kept: Metrics = state.metrics
    service: Service | None = state.service
    sources = None
    if service is not None and state.analytics is not None:
        sources = Sources(service.store, state.analytics, service.batcher.waiting)
    return Response(await kept.page(sources), media_type=CONTENT_TYPE_LATEST)
