"""``/live``: messages as they come in."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.console.page import ConsolePage
from api.console.person import masks
from api.console.rendering import render
from api.console.views.case import ThreadMessage, thread_message
from api.errors import NotFoundError
from api.schemas import Identifier
from api.service import Loaded
from api.store import messages
from api.store.messages import MessageFilter
from api.store.records import MessageRecord

__all__ = ["router"]

_SHOWN: Final = 25

router = APIRouter(route_class=ConsolePage)


@router.get("/live")
async def live(request: Request, service: Loaded) -> Response:
    """Show the latest messages; a script adds those that come."""
    async with service.store.read() as connection:
        latest = await messages.page(connection, MessageFilter(), before=None, limit=_SHOWN)
    return render(request, "live.html", items=[_shown(request, message) for message in latest])


@router.get("/live/{message_id}")
async def one(request: Request, message_id: Identifier, service: Loaded) -> Response:
    """Show one message, to be put on top."""
    async with service.store.read() as connection:
        message = await messages.get(connection, message_id)
    if message is None:
        raise NotFoundError("there is no such message")
    return render(request, "live/message.html", item=_shown(request, message))


def _shown(request: Request, message: MessageRecord) -> ThreadMessage:
    return thread_message(message, None, None, mask=masks(request))
