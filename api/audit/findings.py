"""What an audit can find, how grave it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

__all__ = ["Code", "Finding", "Level"]


class Level(StrEnum):
    """How grave a finding is."""

    ERROR = "error"  # something does not hold
    NOTICE = "notice"  # it holds, and somebody should know


class Code(StrEnum):
    """What does not hold."""

    UNCLASSIFIED = "unclassified"  # a message without a classification that can be read
    LABELS = "labels"  # it is found by other labels than those of its classification
    TWICE_RECEIVED = "twice-received"  # two messages of one channel and external id
    NO_CASE = "no-case"  # a complaint without a case
    LOST_CASE = "lost-case"  # a message names a case that is not there
    NO_MESSAGE = "no-message"  # a case without a message, or with fewer or more complaints than it counts
    NO_PLAN = "no-plan"  # a case without a plan, or without the steps of it
    NO_POLICY = "no-policy"  # the policy that a case was planned by is not there
    CASE_STATE = "case-state"  # a case's status, outcome and end contradict each other
    UNTOLD = "untold"  # an event that must have happened once did not, or more than once
    UNREADABLE_EVENT = "unreadable-event"  # an event whose data can't be read
    OUTBOX_STUCK = "outbox-stuck"  # an entry of the outbox that nobody takes
    NO_DELIVERY = "no-delivery"  # a destination asked for an event, and there is no delivery of it
    TWICE_DELIVERED = "twice-delivered"  # two deliveries of one event to one destination
    DELIVERY_STATE = "delivery-state"  # a delivery in no state that it may be in
    DELIVERY_STUCK = "delivery-stuck"  # deliveries that are due, and nobody sends them
    DELIVERY_WAITS = "delivery-waits"  # deliveries to a destination that is disabled
    WORKFLOW_STUCK = "workflow-stuck"  # a case that its workflow does not look at
    NO_WORKFLOW = "no-workflow"  # an open case that no workflow sees through
    UNEQUAL = "unequal-remedy"  # the same failure, another band of compensation, under one policy
    DIFFERENT = "different-remedy"  # the same failure, another band for another motive, guarantee or country
    CHANGED = "changed-remedy"  # the same failure, another band of compensation, under another policy

    @property
    def level(self) -> Level:
        """How grave it is."""
        return Level.NOTICE if self in _NOTICES else Level.ERROR

    @property
    def todo(self) -> str:
        """What to do."""
        return _TODO[self]


_NOTICES: Final = frozenset({Code.DELIVERY_WAITS, Code.DIFFERENT, Code.CHANGED})
_RESTORE: Final = "Rows were changed or lost outside Recupera: compare with a backup"
_TODO: Final[Mapping[Code, str]] = {
    Code.UNCLASSIFIED: f"{_RESTORE}, or classify it again by POST /v1/classify and correct it by feedback.",
    Code.LABELS: f"{_RESTORE}; lists and figures count this message under the wrong labels.",
    Code.TWICE_RECEIVED: "Put the unique constraint of the messages back, and handle one of the two by hand.",
    Code.NO_CASE: "Read the message, and send it again under another external_id to have a case opened.",
    Code.LOST_CASE: f"{_RESTORE}, or send the message again under another external_id.",
    Code.NO_MESSAGE: f"{_RESTORE}; close or cancel a case that is left without a message.",
    Code.NO_PLAN: f"{_RESTORE}; until then handle the case by hand.",
    Code.NO_POLICY: f"{_RESTORE}; the next complaint on this case can't be planned without it.",
    Code.CASE_STATE: f"{_RESTORE}, or close the case once more by POST /v1/cases/ID/close.",
    Code.UNTOLD: f"{_RESTORE}; tell the destinations yourself what they missed, or that it came twice.",
    Code.UNREADABLE_EVENT: f"{_RESTORE}; no destination can be told of it.",
    Code.OUTBOX_STUCK: "See that the service runs (recupera serve or recupera worker), and read its log.",
    Code.NO_DELIVERY: "Tell the destination by hand: the event's id is the webhook-id that it would have had.",
    Code.TWICE_DELIVERED: "Put the unique constraint of the deliveries back; the receiver may have acted twice.",
    Code.DELIVERY_STATE: "Begin it again by POST /v1/deliveries/ID/replay; one to nobody needs nothing.",
    Code.DELIVERY_STUCK: "See that the service runs and reaches the database, and read its log.",
    Code.DELIVERY_WAITS: "Enable the destination by PATCH /v1/destinations/ID, or delete it.",
    Code.WORKFLOW_STUCK: "See that a worker runs (recupera worker), and read its log.",
    Code.NO_WORKFLOW: "See that a worker runs (recupera worker): it begins what is missing again.",
    Code.UNEQUAL: "Find the rule by recupera policy check, and offer the lesser ones what the others got.",
    Code.DIFFERENT: "Make sure that the policy means it: recupera policy check names rules that pay by motive.",
    Code.CHANGED: "The policy changed between them; offer open cases the better of the two if you wish.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold of what ``ids`` names, by kind: ``{"message": …, "case": …}``."""

    code: Code
    message: str
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """What it is about, in one line."""
        return " ".join(f"{kind} {name}" for kind, name in self.ids.items())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "level": str(self.code.level),
            "code": str(self.code),
            "ids": dict(self.ids),
            "message": self.message,
            "todo": self.code.todo,
        }
