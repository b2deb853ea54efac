"""What comes out of the tables: frozen records, a field a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = [
    "CaseRecord",
    "CaseStatus",
    "EventType",
    "FeedbackRecord",
    "HistoryRecord",
    "MessageRecord",
    "OutboxKind",
    "OutboxRecord",
    "Outcome",
    "ReviewStatus",
    "StepRecord",
    "StepStatus",
]

Json = Mapping[str, Any]


class ReviewStatus(StrEnum):
    """Whether a person should look at a message."""

    NONE = "none"  # the model was sure enough
    NEEDED = "needed"  # it was not
    DONE = "done"  # a person looked


class CaseStatus(StrEnum):
    """Where a case is."""

    OPEN = "open"
    CLOSED = "closed"  # with an outcome
    CANCELLED = "cancelled"  # it was none: opened by mistake, or twice


class Outcome(StrEnum):
    """How a case ended."""

    RECOVERED = "recovered"  # the customer is content again
    LOST = "lost"  # the customer is not, or is gone
    REFUSED = "refused"  # nothing was owed


class StepStatus(StrEnum):
    """Where a step is."""

    PENDING = "pending"  # still to do
    DONE = "done"  # a person or a program did it
    SUPERSEDED = "superseded"  # a newer plan took its place
    SKIPPED = "skipped"  # the case was closed before, and it is of no use any more


class OutboxKind(StrEnum):
    """Who takes a row of the outbox."""

    EVENT = "event"  # the deliveries: tell who asked for it
    WORKFLOW = "workflow"  # the workflow: start or change it


class EventType(StrEnum):
    """What a destination can be told."""

    MESSAGE_CLASSIFIED = "message.classified"  # a message came in
    CASE_OPENED = "case.opened"  # a complaint opened a case
    CASE_ESCALATED = "case.escalated"  # the customer complains again, a deadline passed, or more is owed than was read
    STEP_DUE = "step.due"  # a step of a plan must be done
    CASE_CLOSED = "case.closed"  # a case ended
    FEEDBACK_RECORDED = "feedback.recorded"  # a person corrected labels
    REVIEW_NEEDED = "review.needed"  # the model was not sure
    ALERT_RAISED = "alert.raised"  # something rises unusually
    CUSTOMER_ERASED = "customer.erased"  # a customer's messages were erased: erase them too


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message as it came, and what was found in it; ``personal`` says where somebody is identified."""

    id: str
    channel: str
    external_id: str
    idempotency_key: str | None
    content_hash: str
    text: str
    metadata: Json
    customer: Json | None
    customer_id: str | None
    thread_id: str | None
    received_at: datetime
    accepted_at: datetime
    case_id: str | None
    classification: Json
    personal: Sequence[Json]
    model: str
    review: str
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case and its present plan."""

    id: str
    status: str
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    channel: str
    thread_id: str | None
    customer_id: str | None
    customer: Json | None
    priority: str | None
    owner: str | None
    first_answer_due: datetime | None
    resolution_due: datetime | None
    policy_version: str | None
    double_deviation: bool
    complaints: int
    revision: int
    plan: Json | None
    outcome: str | None
    openings: int = 1
    workflow_version: str | None = None
    next_at: datetime | None = None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of one of a case's plans."""

    case_id: str
    revision: int
    id: str
    position: int
    status: str
    due_at: datetime | None
    content: Json
    completed_at: datetime | None = None
    completed_by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """A person's correction of a message's labels."""

    id: str
    message_id: str
    created_at: datetime
    reviewer: str | None
    comment: str | None
    language: str | None
    labels: Json
    model: str


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """Something that happened to a case."""

    id: str
    case_id: str
    at: datetime
    event: str
    actor: str | None
    message_id: str | None
    detail: Json


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """Something that must still happen outside."""

    id: str
    kind: str
    type: str
    message_id: str | None
    case_id: str | None
    data: Json
    created_at: datetime
    done_at: datetime | None = None
    key: str | None = None
