"""``/model``: which model decides, how well, and whether another one is worth training."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from classifier.artifact import FILES, Artifact

__all__ = ["router"]

_DAYS: Final = 90
_CARDS: Final = {"en": FILES.card, "es": FILES.card_es, "pt": FILES.card_pt}

router = APIRouter(route_class=ConsolePage)


@router.get("/model")
async def model(
    request: Request, query: Annotated[FigureQuery, Query()], service: Loaded, analytics: Reader
) -> Response:
    """Show the model, and what people found when they looked."""
    liked = Preferences.of(request)
    given = query if "days" in query.model_fields_set else query.model_copy(update={"days": _DAYS})
    selection = given.selection(liked.timezone, datetime.now(UTC))
    figures = await analytics.model(selection, service.classifier.model)
    return render(
        request,
        "model.html",
        info=service.classifier.model,
        card=await asyncio.to_thread(_card, service, liked.language),
        figures=figures,
        because=because(figures.verdict),
        selection=selection,
        last=selection.until - timedelta(days=1),
        chosen=given,
        choices=await analytics.choices(),
        spans=SPANS,
    )


@dataclass(frozen=True, slots=True)
class _Card:
    """The card that came with a model, and the language that it is in."""

    text: str
    language: str


def _card(service: Service, language: str) -> _Card | None:
    """Return the model's card in a language, in English if it has no such one, without its header."""
    artifact: Artifact | None = getattr(service.classifier, "artifact", None)
    if artifact is None:
        return None
    for written in dict.fromkeys((language, "en")):
        path = artifact.path / _CARDS[written]
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            return _Card(text.partition("\n---\n")[2].strip() if text.startswith("---\n") else text, written)
    return None
