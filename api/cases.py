"""A recovery case: opened by a complaint, joined by the next one, planned, seen through, closed.

Every function works within its caller's transaction, and puts in the outbox what must be told and done because of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from api.errors import ConflictError, NotFoundError
from api.privacy.masking import masked_classification
from api.store import cases, messages, outbox, policies
from api.store.database import Connection
from api.store.identifiers import new_id
from api.store.records import (
    CaseRecord,
    CaseStatus,
    MessageRecord,
    OutboxKind,
    OutboxRecord,
    Outcome,
    StepRecord,
    StepStatus,
)
from api.store.sealing import CUSTOMER_KEYS
from api.workflow.version import WORKFLOW_VERSION
from classifier.types import Classification

__all__ = [
    "Plan",
    "PlannedStep",
    "Planner",
    "Situation",
    "close",
    "complete_step",
    "conversation",
    "event_data",
    "locked",
    "take_up",
    "taken_up",
    "work",
]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made for.

    ``double_deviation``: the customer complains again while the case is open. ``contacts`` counts the earlier
    complaints of this case, ``earlier_complaints`` those of the same customer on any case. ``policy`` is the content
    of the policy that the case began with, where it is another than the planner's.
    """

    classification: Classification
    received_at: datetime
    opened_at: datetime
    channel: str
    customer: Mapping[str, Any]
    double_deviation: bool
    contacts: int
    earlier_complaints: int
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step; ``content`` is how the plan says it."""

    id: str
    due_at: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is owed to the customer; ``content`` is the plan that is answered over HTTP."""

    policy_version: str
    priority: str
    owner: str
    first_answer_due: datetime | None
    resolution_due: datetime | None
    steps: Sequence[PlannedStep]
    content: Mapping[str, Any]


class Planner(Protocol):
    """Turns a situation into a plan; quick, because the transaction waits for it."""

    @property
    def version(self) -> str:
        """Name the policy of new cases; another content has another version."""

    @property
    def content(self) -> Mapping[str, Any]:
        """Return the whole policy of new cases, to plan running ones by it when another has come."""

    def plan(self, situation: Situation) -> Plan:
        """Return the plan."""


def conversation(message: MessageRecord) -> cases.Conversation:
    """Return where a message belongs."""
    return cases.Conversation(message.channel, message.thread_id, message.customer_id)


def event_data(message: MessageRecord, case: CaseRecord | None) -> dict[str, Any]:
    """Return the ``data`` of an event about a message and its case, personal data masked."""
    return {
        "message_id": message.id,
        "external_id": message.external_id,
        "channel": message.channel,
        "case_id": case.id if case else None,
        "classification": masked_classification(message.classification, message.personal),
        "plan": case.plan if case else None,
    }


async def take_up(
    connection: Connection, message: MessageRecord, result: Classification, planner: Planner
) -> CaseRecord:
    """Open a case for a complaint, or join the open one of its conversation, and plan; the message is stored after.

    A complaint on an open case means that the recovery failed too: a double deviation (Bitner, Booms & Tetreault
    1990), which the plan answers and which lasts as long as the case. No deadline is put off by a new plan.
    """
    earlier = await messages.complaints_of(connection, message.customer_id) if message.customer_id else 0
    known = await cases.open_in(connection, conversation(message))
    case = _opened(message) if known is None else _joined(known, message)
    situation = Situation(
        classification=result,
        received_at=message.received_at,
        opened_at=case.opened_at,
        channel=message.channel,
        customer=message.customer or case.customer or {},
        double_deviation=case.double_deviation,
        contacts=case.complaints - 1,
        earlier_complaints=earlier,
        policy=await _begun_with(connection, case, planner),
    )
    plan = planner.plan(situation)
    case = _planned(case, plan)
    if known is None:
        await cases.add(connection, case)
    else:
        await cases.save(connection, case)
        await cases.change_pending(connection, case.id, StepStatus.SUPERSEDED)
    await cases.add_steps(connection, _steps(case, plan))
    await cases.record(connection, case, _taken_up_as(case), message_id=message.id)
    return case


def taken_up(message: MessageRecord, case: CaseRecord) -> list[OutboxRecord]:
    """Tell that ``take_up`` opened the case, or that the case escalates, and have its workflow follow."""
    data = event_data(message, case)
    if case.revision == 1:
        return [outbox.entry(OutboxKind.EVENT, "case.opened", data, case.updated_at), work(case, "start")]
    data |= {"reason": "double_deviation"}
    return [outbox.entry(OutboxKind.EVENT, "case.escalated", data, case.updated_at), work(case, "replan")]


def work(case: CaseRecord, change: str) -> OutboxRecord:
    """Return what has the workflow of a case look at a change."""
    about = {"case_id": case.id, "opening": case.openings, "version": case.workflow_version or WORKFLOW_VERSION}
    return outbox.entry(OutboxKind.WORKFLOW, change, about, case.updated_at)


async def complete_step(
    connection: Connection, case_id: str, step_id: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Say that a step of the present plan is done; once more changes nothing.

    Of a closed case only a step that came due afterwards can be done: the follow-up.
    """
    case = await locked(connection, case_id)
    steps = [step for step in await cases.steps_of(connection, case_id) if step.revision == case.revision]
    step = next((step for step in steps if step.id == step_id), None)
    if step is None:
        raise NotFoundError("the plan of this case has no such step")
    if step.status == StepStatus.DONE:
        return case
    if case.status != CaseStatus.OPEN and step.status != StepStatus.PENDING:
        raise ConflictError("the case is closed")
    case = replace(case, updated_at=now)
    done = replace(step, status=StepStatus.DONE, completed_at=now, completed_by=by, note=note)
    await cases.complete(connection, done)
    await cases.save(connection, case)
    await cases.record(connection, case, "step.completed", actor=by, detail={"step": step.id, "note": note})
    if case.status == CaseStatus.OPEN:
        await outbox.add(connection, work(case, "step"))
    return case


async def close(
    connection: Connection, case_id: str, outcome: Outcome, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Close a case; once more with the same outcome changes nothing."""
    case = await locked(connection, case_id)
    if case.status == CaseStatus.CANCELLED:
        raise ConflictError("the case is cancelled")
    if case.status == CaseStatus.CLOSED:
        if case.outcome == outcome:
            return case
        raise ConflictError("the case is closed already, with another outcome")
    case = replace(case, status=CaseStatus.CLOSED, outcome=outcome, closed_at=now, updated_at=now, next_at=now)
    await cases.save(connection, case)
    await cases.change_pending(connection, case.id, StepStatus.SKIPPED)
    first = await messages.get(connection, (await messages.of_case(connection, case.id))[0])
    assert first is not None  # noqa: S101 - a case is opened by a message, in one transaction
    await cases.record(connection, case, "case.closed", actor=by, detail={"outcome": outcome, "note": note})
    told = {**event_data(first, case), "outcome": outcome}
    await outbox.add(connection, outbox.entry(OutboxKind.EVENT, "case.closed", told, now), work(case, "close"))
    return case


async def locked(connection: Connection, case_id: str) -> CaseRecord:
    """Return a case that nothing else changes meanwhile."""
    case = await cases.get(connection, case_id, lock=True)
    if case is None:
        raise NotFoundError("there is no such case")
    return case


async def _begun_with(connection: Connection, case: CaseRecord, planner: Planner) -> Mapping[str, Any] | None:
    """Return the policy of a running case, if it is not the planner's own."""
    if case.policy_version in (None, planner.version):
        return None
    return await policies.get(connection, str(case.policy_version))


def _opened(message: MessageRecord) -> CaseRecord:
    """Return a new case for a message."""
    now = message.accepted_at
    return CaseRecord(
        id=new_id(),
        status=CaseStatus.OPEN,
        opened_at=now,
        updated_at=now,
        closed_at=None,
        channel=message.channel,
        thread_id=message.thread_id,
        customer_id=message.customer_id,
        customer=_planned_by(message.customer),
        priority=None,
        owner=None,
        first_answer_due=None,
        resolution_due=None,
        policy_version=None,
        double_deviation=False,
        complaints=1,
        revision=1,
        plan=None,
        outcome=None,
        workflow_version=WORKFLOW_VERSION,
        next_at=now,
    )


def _joined(case: CaseRecord, message: MessageRecord) -> CaseRecord:
    """Return a case that a customer complains about again; who the customer is may be known only now."""
    return replace(
        case,
        updated_at=message.accepted_at,
        customer_id=case.customer_id or message.customer_id,
        customer=case.customer or _planned_by(message.customer),
        double_deviation=True,
        complaints=case.complaints + 1,
        revision=case.revision + 1,
        next_at=message.accepted_at,
    )


def _planned_by(customer: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what a case needs to know of its customer: names and addresses stay with the message."""
    return None if customer is None else {name: customer[name] for name in CUSTOMER_KEYS if name in customer}


def _planned(case: CaseRecord, plan: Plan) -> CaseRecord:
    """Return a case with its new plan."""
    return replace(
        case,
        plan=plan.content,
        policy_version=plan.policy_version,
        priority=plan.priority,
        owner=plan.owner,
        first_answer_due=_earlier(case.first_answer_due, plan.first_answer_due),
        resolution_due=_earlier(case.resolution_due, plan.resolution_due),
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _steps(case: CaseRecord, plan: Plan) -> list[StepRecord]:
    """Return a plan's steps, to do."""
    return [
        StepRecord(case.id, case.revision, step.id, position, StepStatus.PENDING, step.due_at, step.content)
        for position, step in enumerate(plan.steps, 1)
    ]


def _taken_up_as(case: CaseRecord) -> str:
    return "case.opened" if case.revision == 1 else "case.escalated"
