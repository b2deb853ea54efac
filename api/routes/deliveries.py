"""``/v1/deliveries``: what was told to whom, and what could not be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from api.delivery.destinations import replay
from api.delivery.schemas import Delivery, DeliveryPage, DeliveryQuery
from api.delivery.service import Delivering
from api.errors import NotFoundError, problems
from api.filters import next_cursor
from api.schemas import Identifier
from api.store import deliveries
from api.store.deliveries import DeliveryRecord
from api.store.rows import values

__all__ = ["router"]

_LOADING: Final = {503: "The service is starting"}
_MISSING: Final = {404: "There is no such delivery", **_LOADING}

router = APIRouter(prefix="/v1/deliveries", tags=["destinations"])


@router.get(
    "",
    summary="List deliveries, newest first",
    response_model=DeliveryPage,
    responses=problems({422: "A filter is wrong", **_LOADING}),
)
async def list_deliveries(query: Annotated[DeliveryQuery, Query()], delivering: Delivering) -> dict[str, Any]:
    """Narrow the list by destination, state, event, message, case; ``status=dead`` are the dead letters."""
    async with delivering.store.read() as connection:
        found = await deliveries.page(connection, query.to_filter(), before=query.cursor, limit=query.limit + 1)
    shown = [_shown(delivery) for delivery in found[: query.limit]]
    return {"deliveries": shown, "next_cursor": next_cursor([item.id for item in found], query.limit)}


@router.get("/{delivery_id}", summary="Read a delivery", response_model=Delivery, responses=problems(_MISSING))
async def read(delivery_id: Identifier, delivering: Delivering) -> dict[str, Any]:
    """Return a delivery with its last attempts."""
    async with delivering.store.read() as connection:
        delivery = await deliveries.get(connection, delivery_id)
    if delivery is None:
        raise NotFoundError("there is no such delivery")
    return _shown(delivery)


@router.post(
    "/{delivery_id}/replay",
    summary="Begin a delivery again",
    response_model=Delivery,
    responses=problems({**_MISSING, 409: "The destination is disabled or deleted"}),
)
async def begin_again(delivery_id: Identifier, delivering: Delivering) -> dict[str, Any]:
    """Send it again, with its first ``webhook-id`` and all attempts; one that waits is sent now."""
    async with delivering.store.write() as connection:
        return _shown(await replay(connection, delivery_id, datetime.now(UTC)))


def _shown(delivery: DeliveryRecord) -> dict[str, Any]:
    return {**values(delivery), "delivery_id": delivery.id}
