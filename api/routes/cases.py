"""``/v1/cases``: the recovery case and its plan.

People whose role need not see who a customer is are answered without: see ``api.privacy.masking.masked_case``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from api.access.principal import Asking, Principal
from api.case_changes import cancel, reassign, reopen
from api.cases import close, complete_step
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.filters import CaseQuery, next_cursor
from api.privacy.masking import masked_case
from api.schemas import Assignment, Case, CasePage, Closing, Completion, Identifier
from api.service import Loaded
from api.store import cases, messages
from api.store.database import Connection
from api.store.records import CaseRecord
from api.store.rows import values

__all__ = ["router"]

_PROBLEMS: Final = {404: "There is no such case or step", 503: "The service is loading"}
_CHANGES: Final = {409: "The case is over", 415: "The body is not declared as JSON", 422: "A field is wrong"}

router = APIRouter(prefix="/v1/cases", tags=["cases"])


@router.get(
    "",
    summary="List cases, newest first",
    response_model=CasePage,
    responses=problems({422: "A filter is wrong", 503: "The service is loading"}),
)
async def list_cases(query: Annotated[CaseQuery, Query()], service: Loaded, asking: Asking) -> dict[str, Any]:
    """Narrow the list by state, priority, owner, customer, deadline; follow ``next_cursor`` to its end."""
    async with service.store.read() as connection:
        found = await cases.page(connection, query.to_filter(), before=query.cursor, limit=query.limit + 1)
    ids = [case.id for case in found]
    shown = [_shown({**values(case), "case_id": case.id}, asking) for case in found[: query.limit]]
    return {"cases": shown, "next_cursor": next_cursor(ids, query.limit)}


@router.get("/{case_id}", summary="Read a case", response_model=Case, responses=problems(_PROBLEMS))
async def read_case(case_id: Identifier, service: Loaded, asking: Asking) -> dict[str, Any]:
    """Return a case with its plan, the steps of all its plans, its messages and its history."""
    async with service.store.read() as connection:
        case = await cases.get(connection, case_id)
        if case is None:
            raise NotFoundError("there is no such case")
        return await _whole(connection, case, asking)


@router.post(
    "/{case_id}/steps/{step}/complete",
    summary="Say that a step is done",
    response_model=Case,
    dependencies=[Depends(require_distinct_keys)],
    responses=problems({**_PROBLEMS, **_CHANGES}),
)
async def complete(
    case_id: Identifier, step: Identifier, service: Loaded, asking: Asking, completion: Completion | None = None
) -> dict[str, Any]:
    """Complete a step of the present plan; doing it again changes nothing."""
    async with service.store.write() as connection:
        case = await complete_step(connection, case_id, step, **_said(completion, asking))
        return await _whole(connection, case, asking)


@router.post(
    "/{case_id}/close",
    summary="Close a case",
    response_model=Case,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses=problems({**_PROBLEMS, **_CHANGES}),
)
async def close_case(case_id: Identifier, closing: Closing, service: Loaded, asking: Asking) -> dict[str, Any]:
    """Close a case with its outcome; steps that are still to do are skipped, but those that follow a recovery."""
    async with service.store.write() as connection:
        case = await close(connection, case_id, closing.outcome, **_said(closing, asking))
        return await _whole(connection, case, asking)


@router.post(
    "/{case_id}/reassign",
    summary="Give a case to somebody else",
    response_model=Case,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses=problems({**_PROBLEMS, **_CHANGES}),
)
async def reassign_case(case_id: Identifier, assignment: Assignment, service: Loaded, asking: Asking) -> dict[str, Any]:
    """Give an open case to another queue or person; its deadlines stay."""
    async with service.store.write() as connection:
        case = await reassign(connection, case_id, assignment.owner, **_said(assignment, asking))
        return await _whole(connection, case, asking)


@router.post(
    "/{case_id}/cancel",
    summary="Cancel a case",
    response_model=Case,
    dependencies=[Depends(require_distinct_keys)],
    responses=problems({**_PROBLEMS, **_CHANGES}),
)
async def cancel_case(
    case_id: Identifier, service: Loaded, asking: Asking, said: Completion | None = None
) -> dict[str, Any]:
    """End a case that was opened by mistake or twice, without an outcome; steps still to do are skipped."""
    async with service.store.write() as connection:
        case = await cancel(connection, case_id, **_said(said, asking))
        return await _whole(connection, case, asking)


@router.post(
    "/{case_id}/reopen",
    summary="Reopen a case",
    response_model=Case,
    dependencies=[Depends(require_distinct_keys)],
    responses=problems({**_PROBLEMS, 415: _CHANGES[415], 422: _CHANGES[422]}),
)
async def reopen_case(
    case_id: Identifier, service: Loaded, asking: Asking, said: Completion | None = None
) -> dict[str, Any]:
    """Take up a closed or cancelled case where it was left; the time that it was closed does not count."""
    async with service.store.write() as connection:
        case = await reopen(connection, case_id, **_said(said, asking))
        return await _whole(connection, case, asking)


def _said(said: Completion | None, asking: Principal) -> dict[str, Any]:
    """Return who does something, what they note, and when."""
    said = said or Completion()
    return {"by": asking.signs(said.by), "note": said.note, "now": datetime.now(UTC)}


def _shown(case: dict[str, Any], asking: Principal) -> dict[str, Any]:
    return case if asking.sees_personal else masked_case(case)


async def _whole(connection: Connection, case: CaseRecord, asking: Principal) -> dict[str, Any]:
    """Return a case with all that belongs to it."""
    whole = {
        **values(case),
        "case_id": case.id,
        "steps": [values(step) for step in await cases.steps_of(connection, case.id)],
        "messages": await messages.of_case(connection, case.id),
        "history": [values(happened) for happened in await cases.history_of(connection, case.id)],
    }
    return _shown(whole, asking)
