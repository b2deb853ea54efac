"""A case: its thread, its plan and why, what was done and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.console.names import labels_of
from api.console.text import Segment, masked, segments
from api.errors import NotFoundError
from api.privacy.masking import masked_classification
from api.recovery.policy import ANSWERS, Stage
from api.store import cases, deliveries, destinations, feedback, messages, policies
from api.store.database import Connection
from api.store.deliveries import DeliveryFilter, DeliveryRecord
from api.store.records import CaseRecord, HistoryRecord, Json, MessageRecord, StepRecord
from classifier.taxonomy import TASKS, Task

__all__ = ["Answer", "CaseView", "Reason", "ThreadMessage", "read_case", "thread_message"]

_MOST_MESSAGES: Final = 50
_MOST_DELIVERIES: Final = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided for a task: its labels, how sure the main one is, and whether the words for it are marked.

    ``by`` says who decided: a person's name, empty for one without, ``None`` for the model.
    """

    task: Task
    labels: Sequence[str]
    sureness: float | None
    marked: bool
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message of the thread, cut where its words speak for a decision."""

    message: MessageRecord
    segments: Sequence[Segment]
    answers: Sequence[Answer]
    facts: Sequence[Json]

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number by which a task's marked words are found, by task."""
        return {answer.task.id: number for number, answer in enumerate((a for a in self.answers if a.marked), 1)}

    @property
    def severity(self) -> str | None:
        """The severity as decided last."""
        return next((answer.labels[0] for answer in self.answers if answer.task.id == "severity"), None)


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired: why it exists, what it rests on, and where that is from."""

    rule: str
    why: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that a case's page shows; of its messages the latest, ``unshown`` older ones left out."""

    case: CaseRecord
    customer: str
    plan: Json
    thread: Sequence[ThreadMessage]
    unshown: int
    stages: Sequence[tuple[str, Sequence[StepRecord]]]
    done: int
    steps: int
    earlier: Sequence[StepRecord]
    reasons: Sequence[Reason]
    deliveries: Sequence[tuple[DeliveryRecord, str]]
    history: Sequence[HistoryRecord]

    @property
    def severity(self) -> str | None:
        """The gravest that the customer told."""
        levels = next(task for task in TASKS if task.id == "severity").label_ids
        told = [message.severity for message in self.thread if message.severity]
        return max(told, key=levels.index, default=None)

    @property
    def answered_at(self) -> datetime | None:
        """When the first step was done that answers the customer."""
        answering = [step for stage, steps in self.stages if stage in ANSWERS for step in steps]
        return min((step.completed_at for step in answering if step.completed_at), default=None)

    @property
    def is_open(self) -> bool:
        """Whether anything can still be done about it."""
        return self.case.status == "open"


async def read_case(connection: Connection, case_id: str, language: str, *, mask: bool) -> CaseView:
    """Gather a case; raise ``NotFoundError`` if there is none of this id."""
    case = await cases.get(connection, case_id)
    if case is None:
        raise NotFoundError("there is no such case")
    steps = await cases.steps_of(connection, case.id)
    present = [step for step in steps if step.revision == case.revision]
    policy = await policies.get(connection, case.policy_version) if case.policy_version else None
    plan = case.plan or {}
    written = await messages.of_case(connection, case.id)
    return CaseView(
        case=case,
        customer="" if mask else case.customer_id or "",
        plan=plan,
        thread=await _thread(connection, written[-_MOST_MESSAGES:], mask=mask),
        unshown=max(0, len(written) - _MOST_MESSAGES),
        stages=_stages(present),
        done=sum(step.status == "done" for step in present),
        steps=len(present),
        earlier=[step for step in steps if step.revision < case.revision],
        reasons=_reasons(plan, policy or {}, language),
        deliveries=await _deliveries(connection, case.id),
        history=await cases.history_of(connection, case.id),
    )


def thread_message(message: MessageRecord, corrected: Json | None, by: str | None, *, mask: bool) -> ThreadMessage:
    """Return a message as it is shown; ``corrected`` are the labels of a person called ``by``, if one gave some."""
    result = message.classification
    evidence = result.get("evidence") or []
    spoken = {span["task"] for span in evidence}
    answers = []
    for task in TASKS:
        if corrected is not None and task.id in corrected:
            labels = _written(corrected[task.id])
            answers.append(Answer(task, labels, None, marked=False, by=by or ""))
        elif labels := labels_of(task, result.get(task.id)):
            answers.append(Answer(task, labels, _sureness(result[task.id], labels), marked=task.id in spoken))
    known = (masked_classification(result, message.personal) if mask else result).get("facts") or []
    cut = segments(message.text, evidence, message.personal, mask=mask, facts=known)
    facts = [{**fact, "text": masked(fact["text"], mask=mask)} for fact in known]
    return ThreadMessage(message, cut, answers, facts)


async def _thread(connection: Connection, message_ids: Sequence[str], *, mask: bool) -> list[ThreadMessage]:
    """Return messages of a case, in the order given."""
    shown = []
    for message_id in message_ids:
        message = await messages.get(connection, message_id)
        if message is not None:
            last = (await feedback.of_message(connection, message_id))[-1:]
            corrected, by = (last[0].labels, last[0].reviewer) if last else (None, None)
            shown.append(thread_message(message, corrected, by, mask=mask))
    return shown


async def _deliveries(connection: Connection, case_id: str) -> list[tuple[DeliveryRecord, str]]:
    """Return the deliveries of a case with the names of their destinations, newest first."""
    found = await deliveries.page(connection, DeliveryFilter(case_id=case_id), before=None, limit=_MOST_DELIVERIES)
    names: dict[str, str] = {}
    for destination_id in {item.destination_id for item in found}:
        destination = await destinations.get(connection, destination_id)
        names[destination_id] = destination.name if destination else "–"
    return [(item, names[item.destination_id]) for item in found]


def _stages(present: Sequence[StepRecord]) -> list[tuple[str, list[StepRecord]]]:
    """Return the steps by stage, in the order of stages; steps of a foreign plan have none."""
    order = [*map(str, Stage), ""]
    by_stage: dict[str, list[StepRecord]] = {stage: [] for stage in order}
    for step in present:
        stage = step.content.get("stage", "")
        by_stage[stage if stage in by_stage else ""].append(step)
    return [(stage, steps) for stage, steps in by_stage.items() if steps]


def _reasons(plan: Json, policy: Mapping[str, Any], language: str) -> list[Reason]:
    """Return why the plan is as it is, in the reader's language where the policy that made it says so."""
    rules = {rule["id"]: rule for rule in policy.get("rule", ())}
    findings = {finding["id"]: finding for finding in policy.get("finding", ())}
    found = []
    for reason in plan.get("reasons", ()):
        why = rules.get(reason["rule"], {}).get("why", {}).get(language, reason["why"])
        says = findings.get(reason["finding"], {}).get("says", {}).get(language, reason["says"])
        found.append(Reason(reason["rule"], why, says, reason["source"]))
    return found


def _written(value: Any) -> list[str]:
    """Return corrected labels as a list."""
    if isinstance(value, bool):
        return [("no", "yes")[value]]
    return list(value) if isinstance(value, list) else [value]


def _sureness(decision: Json, labels: Sequence[str]) -> float | None:
    """Return how likely the main label is; ``None`` where another one is likelier.

    A level of a scale may lie between two that are, and what is rare is given before it is the likeliest.
    """
    if "probability" in decision:
        share = decision["probability"]
        return None if share is None else share if decision["label"] else 1 - share
    share = decision["probabilities"].get(labels[0])
    return None if share is None or share < max(decision["probabilities"].values()) else float(share)
