"""What must hold of one message, one case, one event: pure functions of what the store says about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.audit.findings import Code, Finding
from api.delivery.events import matches
from api.store.audit import AuditedCase, AuditedMessage, BrokenDelivery, Late, ToldEvent
from api.store.deliveries import DeliveryStatus
from api.store.destinations import DestinationRecord
from api.store.records import CaseStatus, EventType, OutboxRecord, Outcome
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import Classification

__all__ = ["check_broken", "check_case", "check_entry", "check_event", "check_late", "check_message"]


_SEEING: Final = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
"""What the workflow library says of a workflow that is not over."""


def check_message(message: AuditedMessage) -> Iterator[Finding]:
    """Hold a message to one classification that can be read, its labels, a case if it complains, told once.

    Whether it complains is what the latest correction says, where a person corrected it.
    """
    about = {"message": message.id}
    classification = _classification(message)
    if classification is None:
        yield Finding(Code.UNCLASSIFIED, "its classification can't be read", about)
    else:
        if classification.id != message.id:
            yield Finding(Code.UNCLASSIFIED, "its classification is another message's", about)
        wrong = sorted(_wrong_labels(message, classification))
        if wrong:
            yield Finding(Code.LABELS, f"stored under other labels than it was given: {', '.join(wrong)}", about)
    complains = classification.complaint.label if classification else message.labels["complaint"]
    complains = complains if message.corrected is None else message.corrected
    if complains and message.case_id is None:
        yield Finding(Code.NO_CASE, "it is a complaint and has no case", about)
    if message.case_id is not None and not message.case_known:
        yield Finding(Code.LOST_CASE, "its case is not there", {**about, "case": message.case_id})
    expected = {
        EventType.MESSAGE_CLASSIFIED: 1,
        EventType.REVIEW_NEEDED: int(classification.review.needed if classification else 0),
    }
    yield from _told(message.told, expected, about)


def check_case(case: AuditedCase, *, late: datetime, workflows: bool = False) -> Iterator[Finding]:
    """Hold a case to a plan with its steps and policy, the messages that it counts, an end if it is over, told once.

    ``late``: its workflow should have looked at whatever was due before, and begun if the case changed last before.
    ``workflows``: there are some, so an open case has one that is not over.
    """
    about = {"case": case.id}
    yield from _planned(case)
    if case.messages == 0:
        yield Finding(Code.NO_MESSAGE, "it has no message", about)
    elif case.complaining != case.complaints:
        yield Finding(Code.NO_MESSAGE, f"it counts {case.complaints} complaints and has {case.complaining}", about)
    if not _is_coherent(case):
        said = f"it is {case.status}, its outcome is {case.outcome}, its end {case.closed_at}"
        yield Finding(Code.CASE_STATE, said, about)
    ended = case.openings - (case.status == CaseStatus.OPEN)
    yield from _told(case.told, {EventType.CASE_OPENED: case.openings, EventType.CASE_CLOSED: ended}, about)
    if case.next_at is not None and case.next_at < late:
        yield Finding(Code.WORKFLOW_STUCK, f"nobody has looked at it since {_written(case.next_at)}", about)
    if workflows and case.status == CaseStatus.OPEN and case.updated_at < late and case.workflow not in _SEEING:
        said = f"its workflow is {case.workflow}" if case.workflow else "it has no workflow"
        yield Finding(Code.NO_WORKFLOW, f"the case is open and {said}", about)


def check_entry(entry: OutboxRecord) -> Finding:
    """Return what to say of an entry that waits for too long."""
    named = {"outbox": entry.id, "message": entry.message_id, "case": entry.case_id}
    ids = {kind: name for kind, name in named.items() if name is not None}
    return Finding(Code.OUTBOX_STUCK, f"{entry.kind} {entry.type} waits since {_written(entry.created_at)}", ids)


def check_event(told: ToldEvent, destinations: Sequence[DestinationRecord]) -> Iterator[Finding]:
    """Hold an event to one delivery to each destination that wants it and was there when it happened.

    What a destination wanted before it was last changed is not known, so it is not judged by that.
    """
    event = told.event
    about = {"event": event.id}
    for name, count in told.made.items():
        if count > 1:
            said = f"there are {count} deliveries of it to one destination"
            yield Finding(Code.TWICE_DELIVERED, said, {**about, "destination": name})
    owed = [to for to in destinations if is_judged(to, event) and to.id not in told.made]
    if not owed:
        return
    data = _object(told.data)
    if data is None:
        yield Finding(Code.UNREADABLE_EVENT, f"{event.type}: its data can't be read", about)
        return
    if data.get("expired"):
        return  # its deliveries were kept for as long as the settings say
    for destination in owed:
        if matches(destination, replace(event, data=data)):
            said = f"{event.type} was never made a delivery to a destination that asks for it"
            yield Finding(Code.NO_DELIVERY, said, {**about, "destination": destination.id})


def is_judged(destination: DestinationRecord, event: OutboxRecord) -> bool:
    """Say whether a destination was there, and as it is now, when an event was told."""
    told = event.done_at or event.created_at
    return destination.created_at <= event.created_at and destination.updated_at <= told


def check_broken(delivery: BrokenDelivery) -> Finding:
    """Return what is wrong with a delivery."""
    ids = {"delivery": delivery.id, "event": delivery.event_id, "destination": delivery.destination_id}
    if not delivery.event_known:
        return Finding(Code.DELIVERY_STATE, "its event is not there", ids)
    if not delivery.destination_known:
        return Finding(Code.DELIVERY_STATE, "its destination is not there", ids)
    if delivery.status not in set(DeliveryStatus):
        return Finding(Code.DELIVERY_STATE, "it is neither pending nor final", ids)
    if delivery.deleted:
        return Finding(Code.DELIVERY_STATE, "it is pending, and its destination is deleted", ids)
    return Finding(Code.DELIVERY_STATE, "it is pending, and no attempt is planned", ids)


def check_late(late: Late) -> Finding:
    """Return what to say of deliveries to one destination that are not sent."""
    ids = {"destination": late.destination_id, "delivery": late.first}
    if late.enabled:
        return Finding(Code.DELIVERY_STUCK, f"{late.count} deliveries are overdue and nothing is sent to it", ids)
    return Finding(Code.DELIVERY_WAITS, f"{late.count} deliveries wait until it is enabled", ids)


def _classification(message: AuditedMessage) -> Classification | None:
    data = _object(message.classification)
    try:
        return None if data is None else Classification.from_dict(data)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _wrong_labels(message: AuditedMessage, classification: Classification) -> Iterator[str]:
    """Name the tasks that the message is stored under otherwise than its classification says."""
    if message.labels["language"] != classification.language:
        yield "language"
    for task in TASKS:
        decision: Any = getattr(classification, task.id)
        several = task.kind is TaskKind.MULTI
        label = None if decision is None else decision.primary if several else decision.label
        given = set(decision.labels) if several and decision is not None else set()
        stored = {label for name, label in message.several if name == task.id}
        if message.labels[task.id] != label or (several and stored != given):
            yield task.id


def _planned(case: AuditedCase) -> Iterator[Finding]:
    about = {"case": case.id}
    plan = _object(case.plan)
    if plan is None or case.policy_version is None:
        yield Finding(Code.NO_PLAN, "it has no plan that can be read", about)
        return
    if not case.policy_known:
        yield Finding(Code.NO_POLICY, "the policy that it was planned by is not there", about)
    listed = plan.get("steps")
    ids = {step.get("id") for step in listed if isinstance(step, Mapping)} if isinstance(listed, list) else set()
    missing = sorted(str(name) for name in ids - case.steps)
    if missing:
        yield Finding(Code.NO_PLAN, f"steps of its plan are not there to do: {', '.join(missing)}", about)
    elif not case.steps:
        yield Finding(Code.NO_PLAN, "its plan has no step", about)


def _is_coherent(case: AuditedCase) -> bool:
    """Say whether status, outcome and end fit together."""
    over = case.closed_at is not None
    if case.status == CaseStatus.OPEN:
        return not over and case.outcome is None
    if case.status == CaseStatus.CLOSED:
        return over and case.outcome in set(Outcome)
    return case.status == CaseStatus.CANCELLED and over and case.outcome is None


def _told(told: Mapping[str, int], expected: Mapping[EventType, int], about: Mapping[str, str]) -> Iterator[Finding]:
    """Compare what was told with what must have been."""
    for event, count in expected.items():
        if told.get(event, 0) != count:
            yield Finding(Code.UNTOLD, f"{event} is there {told.get(event, 0)} times, not {count}", about)


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        data = json.loads(text or "null")
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
