"""``/v1/destinations``: who is told of events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request
from fastapi.openapi.models import Example

from api.access.trail import concerns
from api.delivery.destinations import change, checked_url, create, delete, replay_dead, rotate
from api.delivery.guard import RefusedError
from api.delivery.schemas import (
    Destination,
    DestinationChange,
    DestinationPage,
    DestinationWithSecret,
    NewDestination,
    NewSecret,
    Replayed,
)
from api.delivery.service import Deliveries, Delivering
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.filters import PageQuery, next_cursor
from api.schemas import Identifier
from api.store import destinations
from api.store.destinations import DestinationRecord
from api.store.rows import values

__all__ = ["router"]

_EXAMPLES: Final[dict[str, Example]] = {
    "webhook": {
        "summary": "Tell the CRM of grave cases",
        "value": {
            "name": "crm",
            "url": "https://crm.example.com/recupera",
            "events": ["case.opened", "case.escalated", "case.closed"],
            "filter": {"severity": ["high", "critical"]},
        },
    },
    "nats": {
        "summary": "Publish everything that is classified to JetStream",
        "value": {
            "name": "warehouse",
            "kind": "nats",
            "url": "tls://nats.example.com:4222",
            "subject": "recupera.messages",
            "events": ["message.classified"],
        },
    },
}
_LOADING: Final = {503: "The service is starting"}
_MISSING: Final = {404: "There is no such destination", **_LOADING}
_WRONG: Final = {
    400: "The body is no JSON, or has a key twice",
    415: "The body is not declared as JSON",
    422: "A field is wrong, or the address may not be used",
}
_READS_JSON: Final = [Depends(require_json), Depends(require_distinct_keys)]

router = APIRouter(prefix="/v1/destinations", tags=["destinations"])


@router.post(
    "",
    summary="Make a destination",
    status_code=201,
    response_model=DestinationWithSecret,
    response_model_exclude_unset=True,
    dependencies=_READS_JSON,
    responses=problems({**_WRONG, **_LOADING}),
)
async def make(
    new: Annotated[NewDestination, Body(openapi_examples=_EXAMPLES)], request: Request, delivering: Delivering
) -> dict[str, Any]:
    """Tell a webhook or a broker of events from now on; without ``secret`` one is made, and shown here only."""
    given = new.model_dump(exclude={"secret", "filter"})
    given |= {"url": await _checked(delivering, new.kind, new.url), "filter": _filter(new)}
    async with delivering.store.write() as connection:
        destination, made = await create(connection, given, new.secret, datetime.now(UTC))
    concerns(request, destination_id=destination.id)
    return _shown(destination, made)


@router.get(
    "",
    summary="List destinations, newest first",
    response_model=DestinationPage,
    responses=problems({422: "A filter is wrong", **_LOADING}),
)
async def list_destinations(query: Annotated[PageQuery, Query()], delivering: Delivering) -> dict[str, Any]:
    """Follow ``next_cursor`` to the end of the list."""
    async with delivering.store.read() as connection:
        found = await destinations.page(connection, before=query.cursor, limit=query.limit + 1)
    shown = [_shown(destination) for destination in found[: query.limit]]
    return {"destinations": shown, "next_cursor": next_cursor([item.id for item in found], query.limit)}


@router.get("/{destination_id}", summary="Read a destination", response_model=Destination, responses=problems(_MISSING))
async def read(destination_id: Identifier, delivering: Delivering) -> dict[str, Any]:
    """Return a destination and how it fares, without its secrets."""
    return _shown(await _existing(delivering, destination_id))


@router.patch(
    "/{destination_id}",
    summary="Change a destination",
    response_model=Destination,
    dependencies=_READS_JSON,
    responses=problems({**_WRONG, **_MISSING}),
)
async def patch(destination_id: Identifier, wanted: DestinationChange, delivering: Delivering) -> dict[str, Any]:
    """Change what is given. Deliveries wait while it is disabled, and are sent when it is enabled again."""
    given = wanted.model_dump(exclude_unset=True, exclude={"secret", "filter"})
    if "filter" in wanted.model_fields_set:
        given["filter"] = _filter(wanted)
    if wanted.url is not None:
        existing = await _existing(delivering, destination_id)
        given["url"] = await _checked(delivering, existing.kind, wanted.url)
    async with delivering.store.write() as connection:
        try:
            destination = await change(connection, destination_id, given, wanted.secret, datetime.now(UTC))
        except RefusedError as error:
            raise HTTPException(422, str(error)) from None
    return _shown(destination)


@router.post(
    "/{destination_id}/secret",
    summary="Change the secret",
    response_model=DestinationWithSecret,
    response_model_exclude_unset=True,
    dependencies=[Depends(require_distinct_keys)],
    responses=problems({**_WRONG, **_MISSING}),
)
async def change_secret(
    destination_id: Identifier, delivering: Delivering, new: NewSecret | None = None
) -> dict[str, Any]:
    """Sign with a new secret and, for a day, with the one before; without ``secret`` one is made, and shown here."""
    given = None if new is None else new.secret
    async with delivering.store.write() as connection:
        try:
            destination, made = await rotate(connection, destination_id, given, datetime.now(UTC))
        except RefusedError as error:
            raise HTTPException(422, str(error)) from None
    return _shown(destination, made)


@router.delete("/{destination_id}", summary="Delete a destination", status_code=204, responses=problems(_MISSING))
async def remove(destination_id: Identifier, delivering: Delivering) -> None:
    """Tell it of nothing more; what is still pending is cancelled."""
    async with delivering.store.write() as connection:
        await delete(connection, destination_id, datetime.now(UTC))


@router.post(
    "/{destination_id}/replay",
    summary="Begin all dead letters again",
    response_model=Replayed,
    responses=problems({**_MISSING, 409: "The destination is disabled"}),
)
async def replay_all(destination_id: Identifier, delivering: Delivering) -> dict[str, int]:
    """Send every dead letter of a destination again, in the order of each case, with its first ``webhook-id``."""
    async with delivering.store.write() as connection:
        return {"replayed": await replay_dead(connection, destination_id, datetime.now(UTC))}


async def _existing(delivering: Deliveries, destination_id: str) -> DestinationRecord:
    async with delivering.store.read() as connection:
        destination = await destinations.get(connection, destination_id)
    if destination is None:
        raise NotFoundError("there is no such destination")
    return destination


async def _checked(delivering: Deliveries, kind: str, url: str) -> str:
    """Return an address that may be used."""
    try:
        return await checked_url(delivering.guard, kind, url)
    except RefusedError as error:
        raise HTTPException(422, f"/url: {error}") from None


def _filter(given: NewDestination | DestinationChange) -> dict[str, Any]:
    return {} if given.filter is None else given.filter.model_dump(exclude_none=True)


def _shown(destination: DestinationRecord, secret: str | None = None) -> dict[str, Any]:
    """Return a destination as it is answered; ``secret`` only where it was just made."""
    shown = values(destination)
    valid = len(shown.pop("secrets"))
    made = {} if secret is None else {"secret": secret}
    return {**shown, "destination_id": destination.id, "secrets_valid": valid, **made}
