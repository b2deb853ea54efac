"""``/v1/trail``: who read or changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.errors import problems
from api.filters import Moment, PageQuery, Term, next_cursor
from api.service import Loaded
from api.store import trail
from api.store.rows import values
from api.store.trail import TrailFilter

__all__ = ["router"]

router = APIRouter(prefix="/v1/trail", tags=["access"])


class TrailRecord(BaseModel):
    """A request: who made it, for which route, about what, and how it was answered; nothing of its content.

    ``principal_kind`` is ``key`` or ``user``; ``objects`` are the ids that the request was about, by name. What was
    done on the command line is here too: ``principal_kind`` is ``operator``, ``principal_name`` the user of the
    operating system, ``method`` ``COMMAND``, ``route`` the command, ``status`` 0 if it did all it was to do, else 1.
    """

    record_id: str
    at: datetime
    principal_kind: str
    principal_id: str
    principal_name: str
    method: str
    route: str
    objects: dict[str, str]
    status: int


class TrailPage(BaseModel):
    """Records, newest first; ``next_cursor`` is ``null`` on the last page."""

    records: list[TrailRecord]
    next_cursor: str | None


class TrailQuery(PageQuery):
    """Filters of the trail: ``object`` and ``principal`` are ids; ``until`` is not part of the time."""

    object: Term | None = None
    principal: Term | None = None
    method: Literal["GET", "POST", "PATCH", "DELETE", "COMMAND"] | None = None
    since: Moment | None = None
    until: Moment | None = None

    def to_filter(self) -> TrailFilter:
        """Return the filter of the store."""
        return TrailFilter(**self.model_dump(exclude_none=True, exclude={"limit", "cursor"}))


@router.get(
    "",
    summary="List who read or changed what, newest first",
    response_model=TrailPage,
    responses=problems({422: "A filter is wrong", 503: "The service is loading"}),
)
async def list_trail(query: Annotated[TrailQuery, Query()], service: Loaded) -> dict[str, Any]:
    """Narrow the list by object, principal, time. Reads are here a second after they were answered."""
    async with service.store.read() as connection:
        found = await trail.page(connection, query.to_filter(), before=query.cursor, limit=query.limit + 1)
    shown = [{**values(record), "record_id": record.id} for record in found[: query.limit]]
    return {"records": shown, "next_cursor": next_cursor([record.id for record in found], query.limit)}
