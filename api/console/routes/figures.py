"""``/`` and ``/moments``: what dashboards show, for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.console.page import ConsolePage
from api.console.preferences import Preferences
from api.console.rendering import render
from api.console.views.filters import SPANS, FigureQuery, export_address
from api.console.views.heat import heat_map
from api.early_warning.wording import sentence
from api.routes.analytics import Reader
from api.service import Loaded
from api.store import alerts
from api.store.alerts import AlertFilter, AlertStatus

__all__ = ["router"]

_SHOWN: Final = 5
_MOST_ALERTS: Final = 100

router = APIRouter(route_class=ConsolePage)


@router.get("/")
async def overview(
    request: Request, query: Annotated[FigureQuery, Query()], analytics: Reader, service: Loaded
) -> Response:
    """Show how many complain, about what, and whether promises are kept."""
    liked = Preferences.of(request)
    selection = query.selection(liked.timezone, datetime.now(UTC))
    figures = await analytics.overview(selection)
    async with service.store.read() as connection:
        wanted = AlertFilter(status=AlertStatus.OPEN)
        rising = await alerts.page(connection, wanted, before=None, limit=_MOST_ALERTS)
    return render(
        request,
        "overview.html",
        view=figures,
        heat=heat_map(figures.justice_by_touchpoint),
        rising=[(alert, sentence(alert, liked.language)) for alert in rising],
        shown=_SHOWN,
        choices=await analytics.choices(),
        chosen=query,
        selection=selection,
        last=selection.until - timedelta(days=1),
        spans=SPANS,
        export_address=export_address,
    )


@router.get("/moments")
async def moments(request: Request, query: Annotated[FigureQuery, Query()], analytics: Reader) -> Response:
    """Show the service cycle as a path of touchpoints."""
    selection = query.selection(Preferences.of(request).timezone, datetime.now(UTC))
    figures = await analytics.moments(selection)
    return render(
        request,
        "moments.html",
        view=figures,
        most=max((moment.messages.now for moment in figures.moments), default=0),
        choices=await analytics.choices(),
        chosen=query,
        selection=selection,
        last=selection.until - timedelta(days=1),
        spans=SPANS,
    )
