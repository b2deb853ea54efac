"""``/v1/channels``: the webhooks of help desks. What is sent is kept, answered, and looked at afterwards."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel

from api.channels.arrival import Reading, ShapeError
from api.channels.service import Channels, Door, opened
from api.channels.signatures import Sent, UnsignedError
from api.errors import problems

__all__ = ["router"]

log = logging.getLogger(__name__)


class Vendor(StrEnum):
    """Whose webhook it is."""

    CHATWOOT = "chatwoot"
    ZENDESK = "zendesk"
    FRESHDESK = "freshdesk"
    ZAMMAD = "zammad"
    GENERIC = "generic"


class Kept(BaseModel):
    """What became of a webhook: ``accepted``, ``duplicate`` (it came before) or ``ignored`` (with the reason)."""

    status: str
    reason: str | None = None


_PROBLEMS: Final = {
    400: "The body is no JSON",
    401: "The signature or the shared secret is missing, wrong or too old",
    404: "This channel is not set up",
    413: "The body is too large",
    422: "The body is not what the vendor documents",
    503: "The service is starting, or its database is busy: send it again; nothing was stored",
}
_DESCRIPTIONS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Kept, "description": "There is nothing to do: it came before, or says nothing new"},
    **problems(_PROBLEMS),
}

router = APIRouter(prefix="/v1/channels", tags=["channels"])


@router.post(
    "/{vendor}",
    summary="Receive a help desk's webhook",
    status_code=202,
    response_model=Kept,
    response_model_exclude_none=True,
    responses=_DESCRIPTIONS,
)
async def receive(
    vendor: Vendor, request: Request, response: Response, channels: Annotated[Channels, Depends(opened)]
) -> Kept:
    """Check who sent it, keep it, and answer; it is classified and written back afterwards."""
    door = channels.doors.get(vendor)
    if door is None:
        raise HTTPException(404, f"{vendor} is not set up: write a [channels.{vendor}] table in recupera.toml")
    body = await _body(request, door.settings.max_bytes)
    _hold_signed(door, vendor, request, body)
    reading = await asyncio.to_thread(_read, door, body)
    new = await channels.inbound.put(reading.arrivals) if reading.arrivals else []
    if any(new):
        return Kept(status="accepted")
    response.status_code = 200
    return Kept(status="duplicate") if new else Kept(status="ignored", reason=reading.reason)


async def _body(request: Request, most: int) -> bytes:
    """Return the body as it came, unless it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"the body is over the limit of {most:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _hold_signed(door: Door, vendor: Vendor, request: Request, body: bytes) -> None:
    """Refuse what is not the vendor's."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        door.verify(Sent(headers, dict(request.query_params), body, datetime.now(UTC)))
    except UnsignedError as error:
        log.warning("a webhook of %s is refused: %s", vendor, error)
        raise HTTPException(401, str(error)) from None


def _read(door: Door, body: bytes) -> Reading:
    """Return what a body tells."""
    try:
        payload = door.parse(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not valid JSON") from None
    try:
        return door.read(payload, door.settings, datetime.now(UTC))
    except ShapeError as error:
        raise HTTPException(422, str(error)) from None
