"""``/v1/keys``: the keys of programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.openapi.models import Example
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, FutureDatetime

from api.access.keyring import Keyring
from api.access.keys import GRACE, LONGEST_GRACE, LONGEST_NAME, Wanted, create, revoke, rotate, state_of
from api.access.principal import Asking
from api.access.scopes import Scope
from api.access.trail import concerns
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.filters import PageQuery, in_reach, next_cursor
from api.schemas import Identifier, storable
from api.service import Loaded
from api.store import keys
from api.store.keys import KeyRecord
from api.store.rows import values

__all__ = ["router"]

_EXAMPLES: Final[dict[str, Example]] = {
    "help desk": {"summary": "Hands in messages", "value": {"name": "help desk", "scopes": ["ingest"]}},
    "dashboards": {
        "summary": "Reads, until the end of a year, a hundred times a minute",
        "value": {"name": "dashboards", "scopes": ["read"], "expires_at": "2099-12-31T00:00:00Z", "requests": 100},
    },
}
_LOADING: Final = {503: "The service is loading"}
_MISSING: Final = {404: "There is no such key", **_LOADING}
_WRONG: Final = {
    400: "The body is no JSON, or has a key twice",
    415: "The body is not declared as JSON",
    422: "A field is wrong",
}

router = APIRouter(prefix="/v1/keys", tags=["access"])


class NewKey(BaseModel):
    """A key to be made. ``requests`` a minute; without it the limit of the service."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=LONGEST_NAME)]
    scopes: Annotated[set[Scope], Field(min_length=1)]
    expires_at: Annotated[AwareDatetime, FutureDatetime, AfterValidator(in_reach)] | None = None
    requests: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Rotation(BaseModel):
    """How long the old key still works."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_GRACE.total_seconds()))] = int(GRACE.total_seconds())


class Key(BaseModel):
    """A key as it can be shown: by its ``prefix``, the first characters of it."""

    key_id: str
    name: str
    prefix: str
    scopes: list[Scope]
    requests: int | None
    state: Literal["active", "expired", "revoked"]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    rotated_from: str | None


class KeyWithSecret(Key):
    """A key that was just made; ``key`` is the key itself, and shown here only."""

    key: str


class KeyPage(BaseModel):
    """Keys, newest first; ``next_cursor`` is ``null`` on the last page."""

    keys: list[Key]
    next_cursor: str | None


@router.post(
    "",
    summary="Make a key",
    status_code=201,
    response_model=KeyWithSecret,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses=problems({**_WRONG, **_LOADING}),
)
async def make(
    new: Annotated[NewKey, Body(openapi_examples=_EXAMPLES)],
    request: Request,
    response: Response,
    service: Loaded,
    asking: Asking,
) -> dict[str, Any]:
    """Make a key. The first one ever made closes a service that was open."""
    wanted = Wanted(new.name, new.scopes, new.expires_at, new.requests)
    async with service.store.write() as connection:
        record, key = await create(connection, wanted, by=asking.name, now=datetime.now(UTC))
    return _handed_out(request, response, record, key)


@router.get(
    "", summary="List keys, newest first", response_model=KeyPage, responses=problems({422: "A filter is wrong"})
)
async def list_keys(query: Annotated[PageQuery, Query()], service: Loaded) -> dict[str, Any]:
    """List every key that was made, also those that open nothing any more."""
    async with service.store.read() as connection:
        found = await keys.page(connection, before=query.cursor, limit=query.limit + 1)
    shown = [_shown(key) for key in found[: query.limit]]
    return {"keys": shown, "next_cursor": next_cursor([key.id for key in found], query.limit)}


@router.get("/{key_id}", summary="Read a key", response_model=Key, responses=problems(_MISSING))
async def read(key_id: Identifier, service: Loaded) -> dict[str, Any]:
    """Return what is known of a key: not the key."""
    async with service.store.read() as connection:
        key = await keys.get(connection, key_id)
    if key is None:
        raise NotFoundError("there is no such key")
    return _shown(key)


@router.post(
    "/{key_id}/rotate",
    summary="Change a key for a new one",
    status_code=201,
    response_model=KeyWithSecret,
    dependencies=[Depends(require_distinct_keys)],
    responses=problems({**_WRONG, **_MISSING, 409: "The key opens nothing any more"}),
)
async def change(
    key_id: Identifier,
    request: Request,
    response: Response,
    service: Loaded,
    asking: Asking,
    rotation: Rotation | None = None,
) -> dict[str, Any]:
    """Make a key that may do the same; the old one works for a day more, or as long as is said."""
    grace = timedelta(seconds=(rotation or Rotation()).grace_seconds)
    async with service.store.write() as connection:
        record, key = await rotate(connection, key_id, by=asking.name, now=datetime.now(UTC), grace=grace)
    return _handed_out(request, response, record, key)


@router.delete("/{key_id}", summary="Revoke a key", status_code=204, responses=problems(_MISSING))
async def remove(key_id: Identifier, request: Request, service: Loaded) -> None:
    """Have a key open nothing any more, here at once and in other processes within two seconds."""
    async with service.store.write() as connection:
        await revoke(connection, key_id, now=datetime.now(UTC))
    _expire(request)


def _handed_out(request: Request, response: Response, record: KeyRecord, key: str) -> dict[str, Any]:
    """Return a new key, which nothing on its way may keep."""
    concerns(request, key_id=record.id)
    response.headers["Cache-Control"] = "no-store"
    _expire(request)
    return {**_shown(record), "key": key}


def _expire(request: Request) -> None:
    keyring: Keyring = request.app.state.keyring
    keyring.expire()


def _shown(key: KeyRecord) -> dict[str, Any]:
    return {**values(key), "key_id": key.id, "state": state_of(key, datetime.now(UTC))}
