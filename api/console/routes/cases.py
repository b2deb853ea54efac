"""``/cases``: the queue, a case, and what is done about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.case_changes import cancel, reassign, reopen
from api.cases import close, complete_step
from api.console.names import Names
from api.console.page import ConsolePage
from api.console.person import masks
from api.console.preferences import Preferences
from api.console.refusals import NO_OWNER, RefusedError
from api.console.rendering import is_partial, render, see_other
from api.console.views.case import read_case
from api.console.views.queue import QueueQuery, read_queue
from api.delivery.destinations import replay
from api.errors import ConflictError
from api.schemas import Identifier, storable
from api.service import Loaded
from api.store import cases
from api.store.database import Connection
from api.store.records import CaseRecord, Outcome

__all__ = ["router"]

router = APIRouter(route_class=ConsolePage)
_LONGEST_NOTE: Final = 4000


class Said(BaseModel):
    """What there is to say about a change; a form sends empty fields too."""

    model_config = ConfigDict(extra="ignore")

    note: Annotated[str, BeforeValidator(storable), Field(max_length=_LONGEST_NOTE)] = ""
    outcome: Outcome | None = None
    owner: Annotated[str, BeforeValidator(storable), Field(max_length=256)] = ""


@router.get("/cases")
async def queue(request: Request, query: Annotated[QueueQuery, Query()], service: Loaded) -> Response:
    """Show the cases, the most urgent first."""
    now = datetime.now(UTC)
    async with service.store.read() as connection:
        shown = await read_queue(connection, query, now, mask=masks(request))
    return render(request, "cases.html", view=shown, chosen=query)


@router.get("/cases/{case_id}")
async def case(request: Request, case_id: Identifier, service: Loaded) -> Response:
    """Show a case."""
    async with service.store.read() as connection:
        return await _shown(request, connection, case_id)


@router.post("/cases/{case_id}/steps/{step}/complete")
async def complete(
    request: Request, case_id: Identifier, step: Identifier, said: Annotated[Said, Form()], service: Loaded
) -> Response:
    """Complete a step of the present plan."""
    async with service.store.write() as connection:
        by = _by(request, said)
        await _keep_note(connection, await complete_step(connection, case_id, step, **by), **by)
        return await _shown(request, connection, case_id, "complete")


@router.post("/cases/{case_id}/{change}")
async def change(
    request: Request,
    case_id: Identifier,
    change: Literal["close", "reassign", "cancel", "reopen"],
    said: Annotated[Said, Form()],
    service: Loaded,
) -> Response:
    """Close a case, give it to somebody else, cancel it, or take it up again."""
    by = _by(request, said)
    async with service.store.write() as connection:
        if change == "close":
            changed = await close(connection, case_id, said.outcome or Outcome.RECOVERED, **by)
        elif change == "reassign":
            changed = await reassign(connection, case_id, _owner(request, said), **by)
        elif change == "cancel":
            changed = await cancel(connection, case_id, **by)
        elif change == "reopen":
            changed = await reopen(connection, case_id, **by)
        await _keep_note(connection, changed, **by)
        return await _shown(request, connection, case_id, change)


@router.post("/cases/{case_id}/deliveries/{delivery_id}/replay")
async def deliver_again(request: Request, case_id: Identifier, delivery_id: Identifier, service: Loaded) -> Response:
    """Begin a delivery again."""
    async with service.store.write() as connection:
        await replay(connection, delivery_id, datetime.now(UTC))
        return await _shown(request, connection, case_id, "replay")


def _by(request: Request, said: Said) -> dict[str, Any]:
    name = Preferences.of(request).name
    return {"by": name or None, "note": said.note.strip() or None, "now": datetime.now(UTC)}


async def _keep_note(
    connection: Connection, case: CaseRecord, *, by: str | None, note: str | None, now: datetime
) -> None:
    """Refuse a note that nothing keeps, because what it is about was done already; the form still has it."""
    if note is None or case.updated_at == now:
        return
    kept = ((item.actor, item.detail.get("note")) for item in await cases.history_of(connection, case.id))
    if (by, note) not in kept:
        raise ConflictError("it was done already")


def _owner(request: Request, said: Said) -> str:
    owner = said.owner.strip()
    if not owner:
        raise RefusedError(NO_OWNER)
    return Names(Preferences.of(request).language).owner(owner)


async def _shown(request: Request, connection: Connection, case_id: str, change: str = "") -> Response:
    """Return the case as it is now: the whole page, its part, or after a form without a script the way to it.

    ``change`` is what was done, so that the part can say so to who does not see it.
    """
    if request.method == "POST" and not is_partial(request):
        return see_other(f"/cases/{case_id}")
    language = Preferences.of(request).language
    shown = await read_case(connection, case_id, language, mask=masks(request))
    return render(request, "case/body.html" if is_partial(request) else "case.html", view=shown, change=change)
