"""``/v1/events``: what happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from api.access.principal import StillAdmitted
from api.errors import problems
from api.live import Live, Told

__all__ = ["router"]

_PROBLEMS: Final = problems({422: "`Last-Event-ID` is none of ours", 503: "The service is loading"})
_UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$"

router = APIRouter(prefix="/v1/events", tags=["analytics"])


@router.get(
    "",
    summary="Watch messages, cases and alerts come in",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **_PROBLEMS},
)
async def watch(
    request: Request, last: Annotated[str | None, Header(alias="Last-Event-ID", pattern=_UUID)] = None
) -> StreamingResponse:
    """Stream an event for each message, case and alert: its type as `event`, ids and labels as JSON, never a text.

    A browser that lost the connection names the last event it had, and is told what came since.
    """
    live: Live | None = request.app.state.live
    if live is None:
        raise HTTPException(503, "the service is loading", headers={"Retry-After": "1"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    lines = _lines(live, last, request.state.still_admitted)
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)


async def _lines(live: Live, last: str | None, still_admitted: StillAdmitted) -> AsyncIterator[bytes]:
    """Yield the stream, as long as its reader may see it; a comment now and then keeps proxies from closing it."""
    yield b"retry: 2000\n\n"
    async for event in live.watch(last):
        if not await still_admitted():
            return
        yield b": still here\n\n" if event is None else _line(event)


def _line(event: Told) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.type.encode(), to_json(event.data))
