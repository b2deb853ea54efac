"""Days after a case was closed as recovered, somebody checks again; no answer means that all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.cases import event_data
from api.recovery import Policy, policy_from
from api.recovery.case import Context
from api.recovery.deadlines import business_calendar
from api.recovery.plan import DeadlineKind
from api.recovery.policy import Stage
from api.recovery.spans import Span
from api.recovery.wording import LANGUAGES, wording
from api.store import cases, messages, outbox
from api.store.database import Connection, Store
from api.store.records import CaseRecord, CaseStatus, OutboxKind, StepRecord, StepStatus
from api.workflow.agenda import key_of
from classifier.errors import InputError

__all__ = ["CHECK_AGAIN", "follow_up", "follow_up_at"]

CHECK_AGAIN: Final = "confirm_solved"
"""The step that asks whether it is solved, where a plan has none that checks."""


def follow_up_at(case: CaseRecord, policy: Mapping[str, Any] | None, closed_at: datetime) -> datetime | None:
    """Return when to check again: the plan's span, counted on its calendar from the real end; ``None`` without one."""
    planned = {deadline["kind"]: deadline for deadline in (case.plan or {}).get("deadlines", ())}
    wanted = planned.get(DeadlineKind.FOLLOW_UP)
    if wanted is None:
        return None
    customer = case.customer or {}
    told: dict[str, Any] = {
        name: value for name in ("country", "region", "timezone") if isinstance(value := customer.get(name), str)
    }
    context = Context(now=closed_at, **told)
    try:
        calendar = business_calendar(_policy(str(case.policy_version), policy or {}), context)
        return calendar.add(closed_at, Span.parse(wanted["span"]))
    except (InputError, ValueError, KeyError):  # a planner of another kind: as long after the end as was planned
        span = datetime.fromisoformat(wanted["due"]) - datetime.fromisoformat(planned[DeadlineKind.RESOLUTION]["due"])
        return closed_at + span


async def follow_up(store: Store, case_id: str, opening: int, now: datetime) -> bool:
    """Have somebody check again on a case that is still closed; say whether there is anything to check.

    The step is told as due and can be completed although the case is closed. Nobody is asked twice, and nothing else
    follows: a customer who does not answer is left in peace.
    """
    return await store.change(lambda connection: _follow_up(connection, case_id, opening, now))


async def _follow_up(connection: Connection, case_id: str, opening: int, now: datetime) -> bool:
    case = await cases.get(connection, case_id, lock=True)
    if case is None or case.openings != opening or case.status != CaseStatus.CLOSED or case.erased_at:
        return False
    await cases.save(connection, replace(case, next_at=None))
    key = key_of(case, "follow_up")
    steps = [step for step in await cases.steps_of(connection, case_id) if step.revision == case.revision]
    checking = [step for step in steps if step.content.get("stage") == Stage.CHECK]
    checks = [step for step in checking if step.id == CHECK_AGAIN] or checking
    if key in await outbox.keys_of(connection, case_id) or any(step.status == StepStatus.DONE for step in checks):
        return False
    step = replace(checks[0] if checks else _new(case, steps), status=StepStatus.PENDING, due_at=now)
    if checks:
        await cases.complete(connection, step)
    else:
        await cases.add_steps(connection, [step])
    first = await messages.get(connection, (await messages.of_case(connection, case.id))[0])
    assert first is not None  # noqa: S101 - a case is opened by a message, in one transaction
    about = {**step.content, "id": step.id, "revision": step.revision, "due_at": now.isoformat(), "follow_up": True}
    told = {**event_data(first, case), "step": about}
    await outbox.add(connection, outbox.entry(OutboxKind.EVENT, "step.due", told, now, key=key))
    await cases.record(connection, replace(case, updated_at=now), "case.follow_up", detail={"step": step.id})
    return True


_read: dict[str, Policy] = {}


def _policy(version: str, content: Mapping[str, Any]) -> Policy:
    """Read a stored policy, each once."""
    if version not in _read:
        _read[version] = policy_from(content, "the policy of the case")
    return _read[version]


def _new(case: CaseRecord, steps: list[StepRecord]) -> StepRecord:
    """Return a step that checks again, in the plan's language."""
    language = (case.plan or {}).get("language")
    title = wording(language if language in LANGUAGES else "es")["steps"][CHECK_AGAIN]
    content = {
        "id": CHECK_AGAIN,
        "stage": str(Stage.CHECK),
        "title": title,
        "owner": case.owner,
        "automatic": False,
    }
    position = max((step.position for step in steps), default=0) + 1
    return StepRecord(case.id, case.revision, CHECK_AGAIN, position, StepStatus.PENDING, None, content)
