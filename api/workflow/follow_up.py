"""Days after a case was closed as recovered, somebody checks again; no answer means that all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from api.cases import event_data, is_for_afterwards
from api.recovery import Policy, policy_from
from api.recovery.case import Context
from api.recovery.deadlines import business_calendar
from api.recovery.plan import DeadlineKind
from api.recovery.policy import Stage
from api.recovery.spans import Span
from api.recovery.wording import LANGUAGES, wording
from api.store import cases, messages, outbox
from api.store.database import Connection, Store
from api.store.records import CaseRecord, CaseStatus, EventType, StepRecord, StepStatus
from api.workflow.agenda import key_of, step_key, told_of
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
    """Have somebody check again on a case that is still closed; say whether there is anything to do.

    What was left to do after the end is due with it: to tell what changed, to thank, to note what was learnt. The steps
    are told as due and can be completed although the case is closed. Nobody is asked twice, and nothing else follows:
    a customer who does not answer is left in peace.
    """
    return await store.change(lambda connection: _follow_up(connection, case_id, opening, now))


async def _follow_up(connection: Connection, case_id: str, opening: int, now: datetime) -> bool:
    case = await cases.get(connection, case_id, lock=True)
    if case is None or case.openings != opening or case.status != CaseStatus.CLOSED:
        return False
    await cases.save(connection, replace(case, next_at=None))
    if case.erased_at is not None:
        return False
    case = replace(case, updated_at=now)
    steps = [step for step in await cases.steps_of(connection, case_id) if step.revision == case.revision]
    told = await outbox.keys_of(connection, case_id)
    check, check_key = await _check(connection, case, steps), key_of(case, "follow_up")
    left = [step for step in steps if step.status == StepStatus.PENDING and is_for_afterwards(step)]
    others = [(step, step_key(case, step)) for step in left if check is None or step.id != check.id]
    due = [(step, key) for step, key in [*([(check, check_key)] if check else []), *others] if key not in told]
    for step, key in due:
        await _tell(connection, case, replace(step, due_at=now), key, is_check=key == check_key)
    return bool(due)


async def _check(connection: Connection, case: CaseRecord, steps: list[StepRecord]) -> StepRecord | None:
    """Return the step that checks again, a new one where the plan has none; ``None`` if it was done already."""
    checking = [step for step in steps if step.content.get("stage") == Stage.CHECK]
    checks = [step for step in checking if step.id == CHECK_AGAIN] or checking
    if any(step.status == StepStatus.DONE for step in checks):
        return None
    if checks:
        return replace(checks[0], status=StepStatus.PENDING)
    step = _new(case, steps)
    await cases.add_steps(connection, [step])
    return step


async def _tell(connection: Connection, case: CaseRecord, step: StepRecord, key: str, *, is_check: bool) -> None:
    """Tell that a step is due, and keep in the history that it was time to check again."""
    await cases.complete(connection, step)
    first = await messages.first_of(connection, case.id)
    told = {**event_data(first, case), **told_of(case, step)}
    if is_check:
        told["step"]["follow_up"] = True
        await cases.record(connection, case, "case.follow_up", detail={"step": step.id})
    await outbox.add(connection, outbox.event(EventType.STEP_DUE, told, case.updated_at, key=key))


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
        "owner": None,
        "automatic": False,
    }
    position = max((step.position for step in steps), default=0) + 1
    return StepRecord(case.id, case.revision, CHECK_AGAIN, position, StepStatus.PENDING, None, content)
