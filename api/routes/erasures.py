"""``/v1/erasures``: a customer or a message erased everywhere, and the record that it was."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.access.principal import Asking
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.filters import PageQuery, next_cursor
from api.privacy.service import Erasing
from api.schemas import Identifier, storable
from api.store import erasable
from api.store.erasable import ErasureRecord
from api.store.rows import values

__all__ = ["router"]

_STARTING = {503: "The service is starting"}
Name = Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=256)]

router = APIRouter(prefix="/v1/erasures", tags=["privacy"])


class NewErasure(BaseModel):
    """What to erase: all of a customer, or one message. With ``dry_run`` it is only counted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    customer_id: Name | None = None
    message_id: Name | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _says_one(self) -> NewErasure:
        """Refuse both, and neither."""
        if (self.customer_id is None) == (self.message_id is None):
            raise PydanticCustomError("one", "give either customer_id or message_id")
        return self


class Place(BaseModel):
    """A row or a file where something of the customer still is, and what kind of thing; never the thing itself."""

    where: str
    key: str
    kinds: list[str]


class ExportedFile(BaseModel):
    """A file of an export: how many lines were taken out of it, which could not be read, and what is still to be done.

    ``state`` is ``searched``, ``absent`` (not where it was written), ``elsewhere`` (written on the machine ``host``,
    and not on this one) or ``failed``; ``at`` and ``made_by`` say when and by whom it was written.
    """

    path: str
    state: str
    removed: int
    unreadable: int
    unread: list[int]
    host: str | None
    problem: str | None
    at: datetime | None
    made_by: str | None


class Downloaded(BaseModel):
    """Who took exports away since the oldest of what was erased came in; their copies are theirs to clean."""

    kind: str
    name: str
    count: int
    last: datetime


class ErasureReport(BaseModel):
    """What was erased and where, and whether it was found gone. ``removed`` counts rows by table."""

    scope: str
    dry_run: bool
    removed: dict[str, int]
    cases_ended: int
    cases_shared: int
    events: int
    told: list[str]
    not_told: list[str]
    cleaned: dict[str, str]
    searched_for: int
    left_out: int
    tables: int
    rows: int
    files: int
    found: list[Place]
    exports: list[ExportedFile] = []
    downloads: list[Downloaded] = []


class Erasure(BaseModel):
    """An erasure: when, on whose order, and its report; never of whom."""

    erasure_id: str | None
    at: datetime | None
    actor: str | None
    report: ErasureReport


class ErasurePage(BaseModel):
    """Erasures, newest first; ``next_cursor`` is ``null`` on the last page."""

    erasures: list[Erasure]
    next_cursor: str | None


@router.post(
    "",
    summary="Erase a customer or a message everywhere",
    response_model=Erasure,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses=problems({404: "There is no such message", 422: "The body is wrong", **_STARTING}),
)
async def erase(wanted: NewErasure, eraser: Erasing, principal: Asking, request: Request) -> dict[str, Any]:
    """Take words, names and addresses away, tell destinations, and search all that is stored for what is left."""
    if (trail := request.app.state.trail) is not None:  # what it has yet to write is searched as well
        await trail.flush()
    actor = f"{principal.kind} {principal.name}"[:128]
    report = await eraser.erase(
        customer_id=wanted.customer_id, message_id=wanted.message_id, actor=actor, dry=wanted.dry_run
    )
    if report.erasure_id is None:
        return {"erasure_id": None, "at": None, "actor": actor, "report": report.to_dict()}
    async with eraser.store.read() as connection:
        kept = await erasable.get(connection, report.erasure_id)
    assert kept is not None  # noqa: S101 - it was stored just now
    return _shown(kept)


@router.get(
    "",
    summary="List erasures, newest first",
    response_model=ErasurePage,
    responses=problems({422: "A filter is wrong", **_STARTING}),
)
async def list_erasures(query: Annotated[PageQuery, Query()], eraser: Erasing) -> dict[str, Any]:
    """Follow ``next_cursor`` to the end."""
    async with eraser.store.read() as connection:
        found = await erasable.page(connection, before=query.cursor, limit=query.limit + 1)
    shown = [_shown(erasure) for erasure in found[: query.limit]]
    return {"erasures": shown, "next_cursor": next_cursor([item.id for item in found], query.limit)}


@router.get(
    "/{erasure_id}",
    summary="Read the record of an erasure",
    response_model=Erasure,
    responses=problems({404: "There is no such erasure", **_STARTING}),
)
async def read(erasure_id: Identifier, eraser: Erasing) -> dict[str, Any]:
    """Return what was erased, when, and on whose order."""
    async with eraser.store.read() as connection:
        found = await erasable.get(connection, erasure_id)
    if found is None:
        raise NotFoundError("there is no such erasure")
    return _shown(found)


def _shown(erasure: ErasureRecord) -> dict[str, Any]:
    return {**values(erasure), "erasure_id": erasure.id}
