"""Plans by the recovery policy, as cases need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.cases import Plan, PlannedStep, Situation
from api.recovery import Context, Policy, make_plan, policy_from
from api.recovery.plan import DeadlineKind

__all__ = ["PolicyPlanner"]


class PolicyPlanner:
    """Plans new cases by one policy, and those that run by the one that they began with."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._content = policy.model_dump(mode="json")

    def plan(self, situation: Situation) -> Plan:
        """Return what the policy owes."""
        policy, content = self._policy, self._content
        if situation.policy is not None and situation.policy != content:
            policy, content = policy_from(situation.policy, "the policy of the case"), dict(situation.policy)
        plan = make_plan(policy, situation.classification, _context(situation))
        due = {deadline.kind: deadline.due for deadline in plan.deadlines}
        written = plan.to_dict()
        return Plan(
            policy_version=f"{plan.policy.name} {plan.policy.version} {plan.policy.digest[:12]}",
            policy=content,
            priority=plan.priority,
            owner=plan.queue,
            first_answer_due=due.get(DeadlineKind.FIRST_ANSWER),
            resolution_due=due.get(DeadlineKind.RESOLUTION),
            steps=[
                PlannedStep(step.id, step.due, said) for step, said in zip(plan.steps, written["steps"], strict=True)
            ],
            content=written,
        )


def _context(situation: Situation) -> Context:
    """Return what the policy looks at besides the classification."""
    customer = situation.customer
    told: dict[str, Any] = {
        name: value for name in ("country", "region", "timezone") if isinstance(value := customer.get(name), str)
    }
    return Context(
        now=datetime.now(UTC),
        received_at=situation.received_at,
        double_deviation=situation.double_deviation,
        tier=customer.get("value_tier"),
        channel=situation.channel,
        contacts=situation.contacts,
        complaints=situation.earlier_complaints,
        **told,
    )
