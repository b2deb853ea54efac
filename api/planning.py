"""Plans by the recovery policy, as cases need them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.cases import Plan, PlannedStep, Situation
from api.recovery import Context, Policy, make_plan, policy_from
from api.recovery.plan import DeadlineKind

__all__ = ["PolicyPlanner", "context_of"]


class PolicyPlanner:
    """Plans new cases by one policy, and those that run by the one that they began with."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.content: Mapping[str, Any] = policy.model_dump(mode="json")
        self.version = _version(policy)

    def plan(self, situation: Situation) -> Plan:
        """Return what the policy owes."""
        policy = self._policy
        if situation.policy is not None:
            policy = policy_from(situation.policy, "the policy of the case")
        plan = make_plan(policy, situation.classification, context_of(situation, datetime.now(UTC)))
        due = {deadline.kind: deadline.due for deadline in plan.deadlines}
        written = plan.to_dict()
        return Plan(
            policy_version=_version(policy),
            priority=plan.priority,
            owner=plan.queue,
            first_answer_due=due.get(DeadlineKind.FIRST_ANSWER),
            resolution_due=due.get(DeadlineKind.RESOLUTION),
            steps=[
                PlannedStep(step.id, step.due, said) for step, said in zip(plan.steps, written["steps"], strict=True)
            ],
            content=written,
        )


def _version(policy: Policy) -> str:
    """Return what people call the policy, cut to fit, and what its content makes of it."""
    return f"{policy.policy.name[:100]} {policy.policy.version[:100]} {policy.digest[:12]}"


def context_of(situation: Situation, now: datetime) -> Context:
    """Return what the policy looks at besides the classification, in a plan made ``now``."""
    customer = situation.customer
    told: dict[str, Any] = {
        name: value for name in ("country", "region", "timezone") if isinstance(value := customer.get(name), str)
    }
    return Context(
        now=now,
        received_at=situation.received_at,
        double_deviation=situation.double_deviation,
        tier=customer.get("value_tier"),
        channel=situation.channel,
        contacts=situation.contacts,
        complaints=situation.earlier_complaints,
        **told,
    )
