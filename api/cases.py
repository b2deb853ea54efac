"""A recovery case: what a plan is made for, what it is, its steps, its end.

``api.taking_up`` opens cases and plans them; ``api.case_changes`` is what people decide besides. Every function works
within its caller's transaction, and puts in the outbox what must be told and done because of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from api.errors import ConflictError, NotFoundError
from api.privacy.masking import masked_classification
from api.recovery.earlier import Found
from api.recovery.policy import Stage
from api.store import cases, messages, outbox
from api.store.database import Connection
from api.store.records import (
    CaseRecord,
    CaseStatus,
    EventType,
    MessageRecord,
    OutboxKind,
    OutboxRecord,
    Outcome,
    StepRecord,
    StepStatus,
)
from api.workflow.agenda import claims_of
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
    "is_for_afterwards",
    "locked",
    "work",
]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made for.

    ``double_deviation``: the customer complains again while the case is open. ``contacts`` counts the earlier
    complaints of this case, ``earlier_complaints`` those of the same customer on any case. ``policy`` is the content
    of the policy that the case began with, where it is another than the planner's. ``metadata`` is what the caller
    said with the message: ``amount`` and ``currency`` are what is at stake.

    Of a case that has a plan, ``before`` is its content, ``earlier`` what was found in the case's messages, ``done``
    the steps that are not asked for again unless something found anew does, ``answered`` whether the customer had an
    answer, and ``given`` the compensation that was given, if one was.
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
    metadata: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    earlier: Sequence[Found] = ()
    done: Collection[str] = ()
    answered: bool = False
    given: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step; ``content`` is how the plan says it, with ``given`` where it owes more than was given already."""

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
    """Return the ``data`` of an event about a message and its case, personal data masked; ``owner`` has the case."""
    return {
        "message_id": message.id,
        "external_id": message.external_id,
        "channel": message.channel,
        "case_id": case.id if case else None,
        "owner": case.owner if case else None,
        "classification": masked_classification(message.classification, message.personal),
        "plan": case.plan if case else None,
    }


def work(case: CaseRecord, change: str) -> OutboxRecord:
    """Return what has the workflow of a case look at a change."""
    about = {"case_id": case.id, "opening": case.openings, "version": case.workflow_version or WORKFLOW_VERSION}
    return outbox.entry(OutboxKind.WORKFLOW, change, about, case.updated_at)


async def complete_step(
    connection: Connection, case_id: str, step_id: str, *, by: str | None, note: str | None, now: datetime
) -> CaseRecord:
    """Say that a step of the present plan is done; once more changes nothing.

    Of a closed case only what checks again and leaves the door open can be done, and what a guarantee pays: it was
    told at once, and may be paid when the case is over.
    """
    case = await locked(connection, case_id)
    steps = [step for step in await cases.steps_of(connection, case_id) if step.revision == case.revision]
    step = next((step for step in steps if step.id == step_id), None)
    if step is None:
        raise NotFoundError("the plan of this case has no such step")
    if step.status == StepStatus.DONE:
        return case
    if case.status != CaseStatus.OPEN and step.status != StepStatus.PENDING and step.id not in claims_of(case):
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
    """Close a case; once more with the same outcome changes nothing.

    Of a recovered customer the steps stay that check again and leave the door open: to tell what changed, to thank,
    to note what was learnt. They are done after the end, told when they are due.
    """
    case = await locked(connection, case_id)
    if case.status == CaseStatus.CANCELLED:
        raise ConflictError("the case is cancelled")
    if case.status == CaseStatus.CLOSED:
        if case.outcome == outcome:
            return case
        raise ConflictError("the case is closed already, with another outcome")
    case = replace(case, status=CaseStatus.CLOSED, outcome=outcome, closed_at=now, updated_at=now, next_at=now)
    await cases.save(connection, case)
    left = [step.id for step in await cases.steps_of(connection, case.id) if is_for_afterwards(step)]
    await cases.change_pending(
        connection, case.id, StepStatus.SKIPPED, but=left if outcome == Outcome.RECOVERED else ()
    )
    first = await messages.first_of(connection, case.id)
    await cases.record(connection, case, "case.closed", actor=by, detail={"outcome": outcome, "note": note})
    told = {**event_data(first, case), "outcome": outcome, "opening": case.openings}
    await outbox.add(connection, outbox.event(EventType.CASE_CLOSED, told, now), work(case, "close"))
    return case


def is_for_afterwards(step: StepRecord) -> bool:
    """Say whether a step is of use after the end of a case."""
    return step.content.get("stage") in (Stage.CHECK, Stage.OPEN_DOOR)


async def locked(connection: Connection, case_id: str) -> CaseRecord:
    """Return a case that nothing else changes meanwhile."""
    case = await cases.get(connection, case_id, lock=True)
    if case is None:
        raise NotFoundError("there is no such case")
    return case
