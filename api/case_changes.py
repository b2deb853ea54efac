"""What people decide about a case besides its plan: who has it, that it is none, that it is not over.

Every function works within its caller's transaction, and does nothing when what is asked for is so already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.cases import event_data, locked, work
from api.errors import ConflictError
from api.store import cases, messages, outbox
from api.store.database import Connection
from api.store.records import CaseRecord, CaseStatus, EventType, StepRecord, StepStatus
from api.workflow.version import WORKFLOW_VERSION

__all__ = ["cancel", "reassign", "reopen"]

_MOMENTS: Final = ("due", "warn_at")
_DATED: Final = ("deadlines", "steps")


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
    await _tell(connection, case, EventType.CASE_CLOSED, cancelled=True)
    await outbox.add(connection, work(case, "cancel"))
    return case


async def reopen(
    connection: Connection, case_id: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Take a case up again where it was left. The time that it was closed does not count, except for the law."""
    case = await locked(connection, case_id)
    if case.status == CaseStatus.OPEN:
        return case
    if case.erased_at is not None:
        raise ConflictError("the customer of the case was erased")
    later = _Later(now - (case.closed_at or now), _legal_end(case, now))
    detail = {"outcome": case.outcome, "was": case.status, "note": note}
    case = replace(
        case,
        status=CaseStatus.OPEN,
        outcome=None,
        closed_at=None,
        updated_at=now,
        first_answer_due=later(case.first_answer_due),
        resolution_due=later(case.resolution_due),
        plan=case.plan and _plan_put_off(case.plan, later),
        openings=case.openings + 1,
        workflow_version=WORKFLOW_VERSION,
        next_at=now,
    )
    await cases.save(connection, case)
    await cases.revive(connection, case, lambda step: _step_put_off(step, later))
    await cases.record(connection, case, "case.reopened", actor=by, detail=detail)
    await _tell(connection, case, EventType.CASE_OPENED, reopened=True)
    await outbox.add(connection, work(case, "start"))
    return case


@dataclass(frozen=True, slots=True)
class _Later:
    """Puts moments off ``by`` a time, but not past the end of a legal term that still runs."""

    by: timedelta
    end: datetime | None

    def __call__(self, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        return moment + self.by if self.end is None else max(moment, min(moment + self.by, self.end))


def _legal_end(case: CaseRecord, now: datetime) -> datetime | None:
    """Return when the first legal term ends that is not over."""
    ends = (datetime.fromisoformat(term["due"]) for term in (case.plan or {}).get("legal", ()))
    return min((end for end in ends if end > now), default=None)


def _plan_put_off(plan: Mapping[str, Any], later: _Later) -> Mapping[str, Any]:
    """Return a plan with its deadlines and its steps put off."""
    return {**plan, **{name: [_put_off(part, later) for part in plan[name]] for name in _DATED if name in plan}}


def _step_put_off(step: StepRecord, later: _Later) -> StepRecord:
    """Return a step put off, and what the plan says of it."""
    return replace(step, due_at=later(step.due_at), content=_put_off(step.content, later))


def _put_off(said: Mapping[str, Any], later: _Later) -> Mapping[str, Any]:
    """Return a deadline or a step as a plan writes it, put off; ``local`` is when that is on the customer's clock."""
    moments = {name: datetime.fromisoformat(said[name]) for name in _MOMENTS if said.get(name)}
    put_off = {name: later(moment) or moment for name, moment in moments.items()}
    if "local" in said:
        put_off["local"] = put_off["due"].astimezone(ZoneInfo(said["timezone"]))
    return {**said, **{name: moment.isoformat().replace("+00:00", "Z") for name, moment in put_off.items()}}


async def _tell(connection: Connection, case: CaseRecord, event: EventType, **more: object) -> None:
    """Tell an event about a case, with the message that opened it."""
    first = await messages.first_of(connection, case.id)
    data = {**event_data(first, case), "outcome": case.outcome, "opening": case.openings, **more}
    await outbox.add(connection, outbox.event(event, data, case.updated_at))
