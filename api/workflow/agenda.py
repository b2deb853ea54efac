"""What there is to do for an open case, and when: steps to tell of, deadlines to watch.

Nothing here knows whether it was done already: each item has a key, and what was told under a key is never told again.
So a clock that jumps, or a step done twice, neither loses nor doubles anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from api.recovery.plan import DeadlineKind
from api.recovery.policy import ANSWERS, Stage
from api.store.records import CaseRecord, StepRecord, StepStatus

__all__ = [
    "Item",
    "Missed",
    "agenda",
    "claims_of",
    "is_answered",
    "key_of",
    "step_data",
    "step_key",
    "told_of",
    "workflow_id",
]

_RESOLVES: Final = ANSWERS | {Stage.RESOLVE}


class Missed(StrEnum):
    """Why a case escalates."""

    FIRST_ANSWER = "first_answer_missed"  # nobody answered in time
    RESOLUTION = "resolution_missed"  # it is not solved in time
    PAYOUT = "payout_missed"  # a guarantee was not paid in time


@dataclass(frozen=True, slots=True)
class Item:
    """Something to tell at ``moment``: that ``step`` is due, or that ``missed`` happened."""

    moment: datetime
    key: str
    step: StepRecord | None = None
    missed: Missed | None = None


def key_of(case: CaseRecord, *names: object) -> str:
    """Return the key of something told of one opening of a case: ``{workflow}:{step}``."""
    return ":".join([workflow_id(case.id, case.openings), *map(str, names)])


def workflow_id(case_id: str, opening: int) -> str:
    """Return the name of the workflow of a case: the case's own, with a number for what was reopened."""
    return case_id if opening == 1 else f"{case_id}.{opening}"


def agenda(case: CaseRecord, steps: Sequence[StepRecord]) -> list[Item]:
    """Return all items of an open case, the earliest first; ``steps`` are those of all its plans."""
    present = [step for step in steps if step.revision == case.revision]
    owed = _first_owed(case, steps)
    items = [*_steps_due(case, present, owed), *_payouts(case, present, owed), *_deadlines(case, present, steps)]
    return sorted(items, key=lambda item: (item.moment, item.key))


def claims_of(case: CaseRecord) -> dict[str, Mapping[str, Any]]:
    """Return the guarantees that apply, by the step that pays them."""
    return {claim["step"]: claim for claim in (case.plan or {}).get("guarantees", ())}


def step_key(case: CaseRecord, step: StepRecord) -> str:
    """Return the key under which a step is told as due: each answer of the customer to it is told."""
    answer = step.content.get("answer")
    return key_of(case, "step", step.revision, step.id) if answer is None else key_of(case, "answer", answer)


def step_data(case: CaseRecord, step: StepRecord) -> dict[str, Any]:
    """Return a step as an event tells it; what a guarantee pays is never subject to proof.

    A step without an owner of its own is for whoever has the case now.
    """
    claim = claims_of(case).get(step.id)
    told = {**step.content, "id": step.id, "revision": step.revision, "due_at": step.due_at and step.due_at.isoformat()}
    told["owner"] = step.content.get("owner") or case.owner
    return told if claim is None else {**told, "guarantee": {**claim, "proof_required": False}}


def told_of(case: CaseRecord, step: StepRecord) -> dict[str, Any]:
    """Return what an event tells besides the message and the case: the step, and the answer that it is due for."""
    told: dict[str, Any] = {"step": step_data(case, step)}
    answer = step.content.get("answer")
    return told if answer is None else {**told, "reason": "customer_answered", "answer": answer}


def _first_owed(case: CaseRecord, steps: Sequence[StepRecord]) -> dict[str, int]:
    """Return for each guarantee's step the first plan that owed it.

    A pay-out is told under that plan's key for as long as the case is open: a later plan tells nobody to pay again.
    """
    claims = claims_of(case)
    owed: dict[str, int] = {}
    for step in steps:
        if step.id in claims:
            owed[step.id] = min(step.revision, owed.get(step.id, step.revision))
    return owed


def _steps_due(case: CaseRecord, steps: Sequence[StepRecord], owed: Mapping[str, int]) -> Iterator[Item]:
    """Tell of what a machine does, and of what a guarantee pays, at once; of the rest when its time runs out."""
    warnings = _warnings(case)
    for step in steps:
        if step.status != StepStatus.PENDING:
            continue
        if step.id in owed:
            yield Item(case.opened_at, key_of(case, "step", owed[step.id], step.id), step=step)
        elif step.content.get("automatic"):
            yield Item(case.opened_at, step_key(case, step), step=step)
        elif step.due_at is not None:
            yield Item(warnings.get(step.due_at, step.due_at), step_key(case, step), step=step)


def _payouts(case: CaseRecord, steps: Sequence[StepRecord], owed: Mapping[str, int]) -> Iterator[Item]:
    """Watch that what a guarantee promises is paid in time: else the promise is broken twice."""
    for step in steps:
        if step.id in owed and step.status == StepStatus.PENDING and step.due_at is not None:
            yield Item(step.due_at, key_of(case, "missed", owed[step.id], step.id), step=step, missed=Missed.PAYOUT)


def _deadlines(case: CaseRecord, present: Sequence[StepRecord], steps: Sequence[StepRecord]) -> Iterator[Item]:
    """Watch the case's deadlines, which no plan puts off, and those of the present plan."""
    planned = {deadline["kind"]: datetime.fromisoformat(deadline["due"]) for deadline in _planned(case)}
    first, resolution = planned.get(DeadlineKind.FIRST_ANSWER), planned.get(DeadlineKind.RESOLUTION)
    late = {moment for moment in (case.resolution_due, resolution) if moment and not _is_resolved(present)}
    for moment in late:
        yield Item(moment, key_of(case, Missed.RESOLUTION, moment.isoformat()), missed=Missed.RESOLUTION)
    unanswered = {case.first_answer_due} if not is_answered(steps) else set()
    unanswered |= {first} if not is_answered(present) else set()
    for due in unanswered - late:
        if due is not None:
            yield Item(due, key_of(case, Missed.FIRST_ANSWER, due.isoformat()), missed=Missed.FIRST_ANSWER)


def _planned(case: CaseRecord) -> Sequence[Mapping[str, Any]]:
    deadlines: Sequence[Mapping[str, Any]] = (case.plan or {}).get("deadlines", ())
    return deadlines


def _warnings(case: CaseRecord) -> dict[datetime, datetime]:
    """Return when to warn of each deadline of the present plan."""
    return {
        datetime.fromisoformat(deadline["due"]): datetime.fromisoformat(deadline["warn_at"])
        for deadline in _planned(case)
        if "warn_at" in deadline
    }


def is_answered(steps: Sequence[StepRecord]) -> bool:
    """Say whether somebody did a step that speaks with the customer; any step where a plan has no stages."""
    return any(step.status == StepStatus.DONE and step.content.get("stage", Stage.GREET) in ANSWERS for step in steps)


def _is_resolved(steps: Sequence[StepRecord]) -> bool:
    """Say whether nothing is left but to check and to part well."""
    resolving = [step for step in steps if step.content.get("stage", Stage.RESOLVE) in _RESOLVES]
    return bool(resolving) and all(step.status == StepStatus.DONE for step in resolving)
