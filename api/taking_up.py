"""What a message does to its case: it opens one, joins one that is open, answers it, or shows that it was not over.

Every function works within its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.case_changes import reopen
from api.cases import Plan, Planner, Situation, conversation, event_data, work
from api.planning import OFFER
from api.recovery.earlier import Found
from api.recovery.policy import Remedy, Stage
from api.relabelling import relabelled
from api.store import cases, messages, outbox, policies
from api.store.database import Connection
from api.store.identifiers import new_id
from api.store.records import (
    CaseRecord,
    CaseStatus,
    EventType,
    MessageRecord,
    OutboxRecord,
    Outcome,
    StepRecord,
    StepStatus,
)
from api.store.sealing import CUSTOMER_KEYS
from api.workflow.agenda import claims_of, is_answered, key_of, step_key, told_of
from api.workflow.follow_up import CHECK_AGAIN, follow_up_at
from api.workflow.version import WORKFLOW_VERSION
from classifier.types import Classification

__all__ = ["answered", "found_in", "replan", "replanned", "take_up", "taken_up", "told_of_answer"]

_ASKS: Final = "find_expectation"
_CORRECTED: Final = {"reason": "corrected"}


async def take_up(
    connection: Connection,
    message: MessageRecord,
    result: Classification,
    planner: Planner,
    *,
    now: datetime | None = None,
) -> CaseRecord:
    """Open a case for a complaint, or join the open one of its conversation, and plan; the message is stored after.

    A complaint on an open case means that the recovery failed too, and so does one after a case was closed as
    recovered, until it was time to check again and as long after: that case is reopened. It is a double deviation
    (Bitner, Booms & Tetreault 1990), which the plan answers and which lasts as long as the case. A new plan owes all
    that the case's messages found, puts no deadline off, and pays nothing twice. ``now`` is when it is taken up, where
    that is not when it came.
    """
    now = now or message.accepted_at
    known = await cases.open_in(connection, conversation(message))
    if known is None and (over := await _followed(connection, message, now)) is not None:
        known = await reopen(connection, over.id, by=None, note=None, now=now)
    if known is None:
        return await _open(connection, message, result, planner, now)
    case = _joined(known, message, now)
    steps = await cases.steps_of(connection, case.id)
    paid = _paid(known, steps)
    done = {step.id for step in steps if step.status == StepStatus.DONE} - set(paid)
    situation = await _situation(connection, case, message, result, planner, steps)
    plan = planner.plan(replace(situation, done=done))
    case = _planned(case, plan, await _queues(connection, case))
    await _renew(connection, case, _steps(case, plan, paid))
    await cases.record(connection, case, "case.escalated", message_id=message.id)
    return case


async def replan(
    connection: Connection,
    known: CaseRecord,
    message: MessageRecord,
    result: Classification,
    planner: Planner,
    *,
    by: str | None,
    now: datetime,
) -> CaseRecord:
    """Plan an open case for what a person found in one of its messages.

    The plan only ever owes more. What was done is done: the customer did not write again.
    """
    case = replace(known, updated_at=now, revision=known.revision + 1, next_at=now)
    steps = await cases.steps_of(connection, case.id)
    present = {step.id: step for step in steps if step.revision == known.revision and step.status == StepStatus.DONE}
    plan = planner.plan(await _situation(connection, case, message, result, planner, steps))
    case = _planned(case, plan, await _queues(connection, case))
    await _renew(connection, case, _steps(case, plan, {**_paid(known, steps), **present}))
    await cases.record(connection, case, "case.escalated", actor=by, message_id=message.id, detail=_CORRECTED)
    return case


def replanned(message: MessageRecord, case: CaseRecord) -> list[OutboxRecord]:
    """Tell that ``replan`` found that more is owed, and have the workflow follow."""
    data = event_data(message, case) | _CORRECTED
    return [outbox.event(EventType.CASE_ESCALATED, data, case.updated_at), work(case, "replan")]


def taken_up(message: MessageRecord, case: CaseRecord) -> list[OutboxRecord]:
    """Tell that ``take_up`` opened the case, or that the case escalates, and have its workflow follow."""
    data = event_data(message, case)
    if case.revision == 1:
        return [outbox.event(EventType.CASE_OPENED, data, case.updated_at), work(case, "start")]
    data |= {"reason": "double_deviation"}
    return [outbox.event(EventType.CASE_ESCALATED, data, case.updated_at), work(case, "replan")]


async def answered(connection: Connection, message: MessageRecord) -> CaseRecord | None:
    """Note on its case that the customer wrote without complaining; the message is stored after.

    No plan changes and no deadline is met by it. The step that waits for the customer is due now, for a person to
    read the answer: what finds the need, else what asks whether it is solved. Of a case that is over the answer counts
    until it was time to check again and as long after; a step is due for it once somebody has asked.
    """
    now = message.accepted_at
    found = await cases.open_in(connection, conversation(message)) or await _followed(connection, message, now)
    if found is None:
        return None
    case = _known_by(replace(found, updated_at=now), message)
    if case.status == CaseStatus.OPEN:
        case = replace(case, next_at=now)
    await cases.save(connection, case)
    step = await _waiting(connection, case)
    if step is not None:
        due = min(step.due_at or now, now)
        await cases.complete(connection, replace(step, due_at=due, content={**step.content, "answer": message.id}))
    detail = {"step": step.id} if step else {}
    await cases.record(connection, case, "customer.answered", message_id=message.id, detail=detail)
    return case


async def told_of_answer(connection: Connection, message: MessageRecord, case: CaseRecord) -> list[OutboxRecord]:
    """Have the workflow of a case look at an answer, or tell the step that it is for where the case is over."""
    if case.status == CaseStatus.OPEN:
        return [work(case, "answer")]
    steps = [step for step in await cases.steps_of(connection, case.id) if step.content.get("answer") == message.id]
    data, at = event_data(await messages.first_of(connection, case.id), case), case.updated_at
    return [
        outbox.event(EventType.STEP_DUE, data | told_of(case, step), at, key=step_key(case, step)) for step in steps
    ]


async def _waiting(connection: Connection, case: CaseRecord) -> StepRecord | None:
    """Return the step that an answer of the customer is for."""
    steps = await cases.steps_of(connection, case.id)
    left = [step for step in steps if step.revision == case.revision and step.status == StepStatus.PENDING]
    if case.status != CaseStatus.OPEN and key_of(case, "follow_up") not in await outbox.keys_of(connection, case.id):
        return None
    asks = [step for step in left if step.id == _ASKS] or [
        step for step in left if step.content.get("stage") == Stage.UNDERSTAND
    ]
    checks = [step for step in left if step.id == CHECK_AGAIN] or [
        step for step in left if step.content.get("stage") == Stage.CHECK
    ]
    return next(iter(asks + checks), None)


async def _followed(connection: Connection, message: MessageRecord, now: datetime) -> CaseRecord | None:
    """Return the recovered case that a message may still be about: until its follow-up, and as long after."""
    case = await cases.last_closed_in(connection, conversation(message))
    if case is None or case.outcome != Outcome.RECOVERED or case.erased_at or not case.closed_at:
        return None
    content = await policies.get(connection, case.policy_version) if case.policy_version else None
    at = follow_up_at(case, content, case.closed_at)
    return case if at is not None and case.closed_at <= now <= at + (at - case.closed_at) else None


async def _open(
    connection: Connection, message: MessageRecord, result: Classification, planner: Planner, now: datetime
) -> CaseRecord:
    case = _opened(message, now)
    plan = planner.plan(await _situation(connection, case, message, result, planner, ()))
    case = _planned(case, plan, ())
    await cases.add(connection, case)
    await cases.add_steps(connection, _steps(case, plan, {}))
    await cases.record(connection, case, "case.opened", message_id=message.id)
    return case


async def _situation(
    connection: Connection,
    case: CaseRecord,
    message: MessageRecord,
    result: Classification,
    planner: Planner,
    steps: Sequence[StepRecord],
) -> Situation:
    """Return what a case is planned for now; ``steps`` are those of the plans that it has had."""
    customer_id = case.customer_id or message.customer_id
    return Situation(
        classification=result,
        received_at=message.received_at,
        opened_at=case.opened_at,
        channel=message.channel,
        customer=_merged(case.customer, message.customer) or {},
        double_deviation=case.double_deviation,
        contacts=case.complaints - 1,
        earlier_complaints=await messages.complaints_of(connection, customer_id) if customer_id else 0,
        policy=await _begun_with(connection, case, planner),
        metadata=message.metadata,
        before=case.plan,
        earlier=await found_in(connection, case) if steps else (),
        answered=is_answered(steps),
        given=_given(case, steps),
    )


async def found_in(connection: Connection, case: CaseRecord) -> list[Found]:
    """Return what the model and people found in the complaints of a case."""
    found = []
    for finding in await cases.findings_of(connection, case.id):
        told = Classification.from_dict(finding.classification)
        corrected = [relabelled(told, labels, language) for labels, language in finding.corrections]
        found += [Found(each, finding.channel) for each in (told, *corrected) if each.complaint.label]
    return found


async def _begun_with(connection: Connection, case: CaseRecord, planner: Planner) -> Mapping[str, Any] | None:
    """Return the policy of a running case, if it is not the planner's own."""
    if case.policy_version in (None, planner.version):
        return None
    return await policies.get(connection, str(case.policy_version))


async def _queues(connection: Connection, case: CaseRecord) -> Sequence[str]:
    """Return the queues of the policy that a case began with, the lowest first."""
    content: Mapping[str, Any] = (await policies.get(connection, case.policy_version or "")) or {}
    queues: Sequence[str] = content.get("queues", ())
    return queues


async def _renew(connection: Connection, case: CaseRecord, steps: Sequence[StepRecord]) -> None:
    """Store a case with the steps of its new plan."""
    await cases.save(connection, case)
    await cases.change_pending(connection, case.id, StepStatus.SUPERSEDED)
    await cases.add_steps(connection, steps)


def _opened(message: MessageRecord, now: datetime) -> CaseRecord:
    """Return a new case for a message."""
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


def _joined(case: CaseRecord, message: MessageRecord, now: datetime) -> CaseRecord:
    """Return a case that a customer complains about again."""
    return replace(
        _known_by(case, message),
        updated_at=now,
        double_deviation=True,
        complaints=case.complaints + 1,
        revision=case.revision + 1,
        next_at=now,
    )


def _known_by(case: CaseRecord, message: MessageRecord) -> CaseRecord:
    """Return a case with what a message adds about its customer, who may be known only now."""
    customer_id = case.customer_id or message.customer_id
    customer = _planned_by(_merged(case.customer, message.customer))
    if customer is not None and customer_id is not None:
        customer = {**customer, "id": customer_id}
    return replace(case, customer_id=customer_id, customer=customer)


def _merged(known: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what is known of a customer with what was told now; nothing is unknown again because it was left out."""
    if told is None:
        return None if known is None else dict(known)
    return {**(known or {}), **{name: value for name, value in told.items() if value is not None}}


def _planned_by(customer: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what a case needs to know of its customer: names and addresses stay with the message."""
    return None if customer is None else {name: customer[name] for name in CUSTOMER_KEYS if name in customer}


def _planned(case: CaseRecord, plan: Plan, queues: Sequence[str]) -> CaseRecord:
    """Return a case with its new plan."""
    return replace(
        case,
        plan=plan.content,
        policy_version=plan.policy_version,
        priority=plan.priority,
        owner=_owner(case.owner, plan.owner, queues),
        first_answer_due=_earlier(case.first_answer_due, plan.first_answer_due),
        resolution_due=_earlier(case.resolution_due, plan.resolution_due),
    )


def _owner(before: str | None, planned: str, queues: Sequence[str]) -> str:
    """Return who has the case: a person who had it keeps it, of two queues the higher takes it."""
    if before is None or not queues:
        return planned
    if before not in queues or planned not in queues:
        return before
    return max(before, planned, key=queues.index)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _steps(case: CaseRecord, plan: Plan, done: Mapping[str, StepRecord]) -> list[StepRecord]:
    """Return a plan's steps: to do, or done already unless they owe more than was given."""
    made = []
    for position, step in enumerate(plan.steps, 1):
        record = StepRecord(case.id, case.revision, step.id, position, StepStatus.PENDING, step.due_at, step.content)
        before = done.get(step.id)
        if before is not None and "given" not in step.content:
            how = {name: getattr(before, name) for name in ("status", "completed_at", "completed_by", "note")}
            record = replace(record, **how)
        made.append(record)
    return made


def _paid(case: CaseRecord, steps: Sequence[StepRecord]) -> dict[str, StepRecord]:
    """Return the steps that gave the customer something and were done: they are not done twice."""
    claims = claims_of(case)
    gives = (step for step in steps if step.id in claims or step.content.get("remedy") == Remedy.COMPENSATION)
    return {step.id: step for step in gives if step.status == StepStatus.DONE}


def _given(case: CaseRecord, steps: Sequence[StepRecord]) -> Mapping[str, Any] | None:
    """Return the compensation that was given, if one was: what the plan said when the step was done."""
    offers = [step for step in steps if step.id == OFFER]
    if not any(step.status == StepStatus.DONE for step in offers):
        return None
    given: Mapping[str, Any] | None = offers[-1].content.get("given")
    if offers[-1].status != StepStatus.DONE and given is not None:
        return given
    present: Mapping[str, Any] | None = (case.plan or {}).get("compensation")
    return present
