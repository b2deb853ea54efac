"""One look at a case: what is due is done, in one transaction, and once, however often somebody looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.cases import event_data, is_for_afterwards
from api.store import cases, messages, outbox, policies
from api.store.database import Connection, Store
from api.store.records import CaseRecord, CaseStatus, EventType, OutboxRecord, Outcome, StepStatus
from api.workflow.agenda import Item, agenda, step_data, told_of
from api.workflow.follow_up import follow_up_at

__all__ = ["Look", "look"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. ``next_at``: when to look again; ``follow_up_at``: when to check again on a closed case."""

    open: bool
    next_at: datetime | None = None
    follow_up_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON, as the workflow remembers them."""
        written = {name: getattr(self, name) for name in ("next_at", "follow_up_at")}
        return {"open": self.open, **{name: moment and moment.isoformat() for name, moment in written.items()}}


async def look(store: Store, case_id: str, opening: int, now: datetime) -> Look:
    """Do what is due in an opening of a case; of a case that is closed, or was opened anew, only say so."""
    return await store.change(lambda connection: _look(connection, case_id, opening, now))


async def _look(connection: Connection, case_id: str, opening: int, now: datetime) -> Look:
    case = await cases.get(connection, case_id, lock=True)
    if case is None or case.openings != opening:
        return Look(open=False)
    if case.status != CaseStatus.OPEN:
        return await _ended(connection, case)
    told = await outbox.keys_of(connection, case_id)
    left = [item for item in agenda(case, await cases.steps_of(connection, case_id)) if item.key not in told]
    due = [item for item in left if item.moment <= now]
    next_at = min((item.moment for item in left if item.moment > now), default=None)
    after = replace(await _done(connection, case, due, now), next_at=next_at)
    if after != case:
        await cases.save(connection, after)
    return Look(open=True, next_at=next_at)


async def _ended(connection: Connection, case: CaseRecord) -> Look:
    """Say when to check again on a case that was closed: never where the customer was erased meanwhile."""
    at = None
    recovered = case.status == CaseStatus.CLOSED and case.outcome == Outcome.RECOVERED
    if recovered and case.closed_at is not None and case.erased_at is None:
        content = await policies.get(connection, case.policy_version) if case.policy_version else None
        at = follow_up_at(case, content, case.closed_at) or await _left_until(connection, case)
    if case.next_at != at:
        await cases.save(connection, replace(case, next_at=at))
    return Look(open=False, follow_up_at=at)


async def _left_until(connection: Connection, case: CaseRecord) -> datetime | None:
    """Return when the last step is due that is for after the end, of a plan without a follow-up."""
    steps = [step for step in await cases.steps_of(connection, case.id) if step.revision == case.revision]
    left = [step.due_at for step in steps if step.status == StepStatus.PENDING and is_for_afterwards(step)]
    return max((moment for moment in left if moment is not None), default=None)


async def _done(connection: Connection, case: CaseRecord, due: Sequence[Item], now: datetime) -> CaseRecord:
    """Tell of what is due; return the case as it is then, with the next owner where a deadline was missed."""
    if not due:
        return case
    first = await messages.first_of(connection, case.id)
    before, missed = case.owner, [item for item in due if item.missed]
    if missed:
        case = replace(case, owner=await _next_owner(connection, case), updated_at=now)
    about, entries = event_data(first, case), []
    for item in due:
        if item.missed:
            entries.append(await _escalate(connection, case, item, about, before))
        else:
            assert item.step is not None  # noqa: S101 - what is due and was not missed is a step
            told = {**about, **told_of(case, item.step)}
            entries.append(outbox.event(EventType.STEP_DUE, told, now, key=item.key))
    await outbox.add(connection, *entries)
    return case


async def _escalate(
    connection: Connection, case: CaseRecord, item: Item, about: Mapping[str, Any], before: str | None
) -> OutboxRecord:
    """Keep in the case's history that a deadline passed, and return the event that tells it."""
    detail = {
        "reason": str(item.missed),
        "due_at": item.moment.isoformat(),
        "owner": case.owner,
        "previous_owner": before,
        "step": item.step.id if item.step else None,
    }
    told = {**about, **{key: value for key, value in detail.items() if value is not None}}
    if item.step is not None:
        told["step"] = step_data(case, item.step)
    await cases.record(connection, case, "case.escalated", detail=detail)
    return outbox.event(EventType.CASE_ESCALATED, told, case.updated_at, key=item.key)


async def _next_owner(connection: Connection, case: CaseRecord) -> str | None:
    """Return who takes over: whom the plan names, then the next higher queue of the policy that the case began with."""
    above = (case.plan or {}).get("escalate_to")
    content: Mapping[str, Any] = (await policies.get(connection, case.policy_version or "")) or {}
    queues: Sequence[str] = content.get("queues", ())
    if above is not None and (case.owner not in queues or queues.index(str(case.owner)) < queues.index(above)):
        return str(above)
    if case.owner not in queues:
        return case.owner
    return queues[min(queues.index(str(case.owner)) + 1, len(queues) - 1)]
