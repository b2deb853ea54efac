"""``/review``: uncertain messages, one after the other, judged without the mouse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from api.console.guard import HEADERS
from api.console.page import ConsolePage
from api.console.person import masks
from api.console.preferences import Preferences
from api.console.rendering import is_partial, render, see_other
from api.console.views.filters import FigureQuery
from api.console.views.review import labels_from, opinions, read_review
from api.console.views.weeks import weeks_of
from api.corrections import keep
from api.errors import NotFoundError
from api.filters import Term
from api.routes.analytics import Reader
from api.schemas import Identifier, storable
from api.service import Loaded
from api.store import feedback, messages
from api.store.database import Store

__all__ = ["router"]

_DAYS: Final = 182

router = APIRouter(route_class=ConsolePage)


class ReviewQuery(BaseModel):
    """Which message: this one, or the next after another; ``second`` are those that somebody else judged."""

    model_config = ConfigDict(extra="ignore")

    message: Term | None = None
    after: Term | None = None
    second: bool = False


@router.get("/review")
async def review(
    request: Request, query: Annotated[ReviewQuery, Query()], service: Loaded, analytics: Reader
) -> Response:
    """Show the message that is next."""
    name, timezone = Preferences.of(request).name, Preferences.of(request).timezone
    precision = await analytics.precision(FigureQuery(days=_DAYS).selection(timezone, datetime.now(UTC)))
    async with service.store.read() as connection:
        view = await read_review(
            connection,
            name,
            message_id=query.message,
            after=query.after,
            second=query.second,
            mask=masks(request),
        )
    return render(request, "review.html", view=view, weeks=weeks_of(precision))


@router.get("/review/corrections.jsonl")
async def corrections(service: Loaded) -> Response:
    """Send the latest correction of each message, as ``recupera train`` reads it."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="recupera-corrections.jsonl"'}
    return StreamingResponse(_lines(service.store), media_type="application/x-ndjson", headers=headers)


@router.post("/review/{message_id}")
async def judge(request: Request, message_id: Identifier, service: Loaded) -> Response:
    """Keep the reviewer's labels, and show what the model and others say."""
    form = [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]
    labels, more = labels_from(form), dict(form)
    reviewer = Preferences.of(request).name or None
    async with service.store.write() as connection:
        message = await messages.get(connection, message_id)
        if message is None:
            raise NotFoundError("there is no such message")
        comment = storable(more.get("comment", "")).strip()[:4000] or None
        await keep(connection, message, labels, reviewer=reviewer, comment=comment)
        said = await opinions(connection, message, labels)
    second = more.get("second") == "true"
    following = f"/review?after={message.id}" + ("&second=true" if second else "")
    if not is_partial(request):
        return see_other(following)
    return render(request, "review/after.html", opinions=said, message=message, following=following)


async def _lines(store: Store) -> AsyncIterator[str]:
    async with store.read() as connection:
        async for line in feedback.training_lines(connection):
            yield json.dumps(line, ensure_ascii=False) + "\n"
