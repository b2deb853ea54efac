"""``/v1/inbound``: what help desks sent, and what of it could not be looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.channels.service import Channels, opened
from api.errors import ConflictError, NotFoundError, problems
from api.filters import PageQuery, Term, next_cursor
from api.schemas import Identifier
from api.store import inbound
from api.store.inbound import InboundKind, InboundRecord, InboundStatus
from api.store.rows import values

__all__ = ["router"]

_LOADING: Final = {503: "The service is starting"}
_MISSING: Final = {404: "There is no such thing", **_LOADING}
Opened = Annotated[Channels, Depends(opened)]

router = APIRouter(prefix="/v1/inbound", tags=["channels"])


class Told(BaseModel):
    """One thing that a help desk told: a customer's ``message``, or the ``tags`` that a conversation has.

    ``outcome`` says what came of it, or why it was given up; ``message_id`` which message it is about.
    """

    inbound_id: str
    channel: str
    kind: InboundKind
    thread_id: str
    status: InboundStatus
    attempts: int
    received_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    message_id: str | None


class ToldPage(BaseModel):
    """What help desks told, newest first; ``next_cursor`` is ``null`` on the last page."""

    inbound: list[Told]
    next_cursor: str | None


class ToldQuery(PageQuery):
    """Filters; ``status=dead`` is what a person should look at."""

    channel: Term | None = None
    status: InboundStatus | None = None


@router.get(
    "",
    summary="List what help desks sent, newest first",
    response_model=ToldPage,
    responses=problems({422: "A filter is wrong", **_LOADING}),
)
async def list_told(query: Annotated[ToldQuery, Query()], channels: Opened) -> dict[str, Any]:
    """Narrow the list by help desk and state; what is done is forgotten after seven days."""
    async with channels.store.read() as connection:
        found = await inbound.page(
            connection, channel=query.channel, status=query.status, before=query.cursor, limit=query.limit + 1
        )
    shown = [_shown(record) for record in found[: query.limit]]
    return {"inbound": shown, "next_cursor": next_cursor([record.id for record in found], query.limit)}


@router.post(
    "/{inbound_id}/replay",
    summary="Look again at what a help desk sent",
    response_model=Told,
    responses=problems({**_MISSING, 409: "It is done, or being looked at"}),
)
async def begin_again(inbound_id: Identifier, channels: Opened) -> dict[str, Any]:
    """Look at it with all attempts; one that waits is looked at now."""
    async with channels.store.write() as connection:
        if await inbound.get(connection, inbound_id) is None:
            raise NotFoundError("there is no such thing")
        if not await inbound.begin_again(connection, inbound_id, datetime.now(UTC)):
            raise ConflictError("it is done, or being looked at")
        record = await inbound.get(connection, inbound_id)
    assert record is not None  # noqa: S101 - it was there in this transaction
    return _shown(record)


def _shown(record: InboundRecord) -> dict[str, Any]:
    return {**values(record), "inbound_id": record.id}
