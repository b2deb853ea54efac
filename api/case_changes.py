"""What people decide about a case besides its plan: who has it, that it is none, that it is not over.

Every function works within its caller's transaction, and does nothing when what is asked for is so already.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from api.cases import event_data, locked, work
from api.errors import ConflictError
from api.store import cases, messages, outbox
from api.store.database import Connection
from api.store.records import CaseRecord, CaseStatus, OutboxKind, StepStatus
from api.workflow.version import WORKFLOW_VERSION

__all__ = ["cancel", "reassign", "reopen"]


async def reassign(
    connection: Connection, case_id: str, owner: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Give an open case to another queue or person."""
    case = await locked(connection, case_id)
    if case.status != CaseStatus.OPEN:
        raise ConflictError(f"the case is {case.status}")
    if case.owner == owner:
        return case
    detail = {"owner": owner, "previous_owner": case.owner, "note": note}
    case = replace(case, owner=owner, updated_at=now)
    await cases.save(connection, case)
    await cases.record(connection, case, "case.reassigned", actor=by, detail=detail)
    await outbox.add(connection, work(case, "reassign"))
    return case


async def cancel(
    connection: Connection, case_id: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """End a case that was none, opened by mistake or twice: without an outcome, so no figure counts it."""
    case = await locked(connection, case_id)
    if case.status == CaseStatus.CANCELLED:
        return case
    if case.status == CaseStatus.CLOSED:
        raise ConflictError("the case is closed")
    case = replace(case, status=CaseStatus.CANCELLED, closed_at=now, updated_at=now, next_at=now)
    await cases.save(connection, case)
    await cases.change_pending(connection, case.id, StepStatus.SKIPPED)
    await cases.record(connection, case, "case.cancelled", actor=by, detail={"note": note})
    await _tell(connection, case, "case.closed", cancelled=True)
    await outbox.add(connection, work(case, "cancel"))
    return case


async def reopen(
    connection: Connection, case_id: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Take a case up again where it was left; the time that it was closed does not count."""
    case = await locked(connection, case_id)
    if case.status == CaseStatus.OPEN:
        return case
    away = now - (case.closed_at or now)
    detail = {"outcome": case.outcome, "was": case.status, "note": note}
    case = replace(
        case,
        status=CaseStatus.OPEN,
        outcome=None,
        closed_at=None,
        updated_at=now,
        first_answer_due=case.first_answer_due and case.first_answer_due + away,
        resolution_due=case.resolution_due and case.resolution_due + away,
        openings=case.openings + 1,
        workflow_version=WORKFLOW_VERSION,
        next_at=now,
    )
    await cases.save(connection, case)
    await cases.revive(connection, case, later=away)
    await cases.record(connection, case, "case.reopened", actor=by, detail=detail)
    await _tell(connection, case, "case.opened", reopened=True)
    await outbox.add(connection, work(case, "start"))
    return case


async def _tell(connection: Connection, case: CaseRecord, event: str, **more: object) -> None:
    """Tell an event about a case, with the message that opened it."""
    first = await messages.get(connection, (await messages.of_case(connection, case.id))[0])
    assert first is not None  # noqa: S101 - a case is opened by a message, in one transaction
    data = {**event_data(first, case), "outcome": case.outcome, **more}
    await outbox.add(connection, outbox.entry(OutboxKind.EVENT, event, data, case.updated_at))
