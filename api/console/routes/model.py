"""``/model``: which model decides, how well, and whether another one is worth training."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.console.page import ConsolePage
from api.console.preferences import Preferences
from api.console.rendering import render
from api.console.views.filters import SPANS, FigureQuery
from api.console.views.model import because
from api.routes.analytics import Reader
from api.service import Loaded, Service

__all__ = ["router"]

_DAYS: Final = 90

router = APIRouter(route_class=ConsolePage)


@router.get("/model")
async def model(
    request: Request, query: Annotated[FigureQuery, Query()], service: Loaded, analytics: Reader
) -> Response:
    """Show the model, and what people found when they looked."""
    given = query if "days" in query.model_fields_set else query.model_copy(update={"days": _DAYS})
    selection = given.selection(Preferences.of(request).timezone, datetime.now(UTC))
    figures = await analytics.model(selection, service.classifier.model)
    return render(
        request,
        "model.html",
        info=service.classifier.model,
        card=await asyncio.to_thread(_card, service),
        figures=figures,
        because=because(figures.verdict),
        selection=selection,
        last=selection.until - timedelta(days=1),
        chosen=given,
        choices=await analytics.choices(),
        spans=SPANS,
    )


def _card(service: Service) -> str:
    """Return the card that came with the model, without its header; empty if it has none."""
    artifact = getattr(service.classifier, "artifact", None)
    path: Path | None = artifact and artifact.path / "README.md"
    if path is None or not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8")
    return text.partition("\n---\n")[2].strip() if text.startswith("---\n") else text
