"""Plans by the recovery policy, as cases need them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from api.cases import Plan, PlannedStep, Situation
from api.recovery import Context, Money, Policy, make_plan, policy_from
from api.recovery import Plan as RecoveryPlan
from api.recovery.earlier import Earlier, owes_more
from api.recovery.plan import DeadlineKind
from api.recovery.wording import wording

__all__ = ["OFFER", "PolicyPlanner", "context_of", "earlier_of"]

OFFER: Final = "offer_compensation"
"""The step that gives what the plan's band of compensation says."""


class PolicyPlanner:
    """Plans new cases by one policy, and those that run by the one that they began with."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.content: Mapping[str, Any] = policy.model_dump(mode="json")
        self.version = _version(policy)

    def plan(self, situation: Situation) -> Plan:
        """Return what the policy owes, and no less than what it owed before."""
        policy = self._policy
        if situation.policy is not None:
            policy = policy_from(situation.policy, "the policy of the case")
        context, earlier = context_of(situation, datetime.now(UTC)), earlier_of(situation)
        plan = make_plan(policy, situation.classification, context, earlier)
        due = {deadline.kind: deadline.due for deadline in plan.deadlines}
        written = plan.to_dict()
        return Plan(
            policy_version=_version(policy),
            priority=plan.priority,
            owner=plan.queue,
            first_answer_due=due.get(DeadlineKind.FIRST_ANSWER),
            resolution_due=due.get(DeadlineKind.RESOLUTION),
            steps=[
                PlannedStep(step.id, step.due, _said(policy, plan, situation, said))
                for step, said in zip(plan.steps, written["steps"], strict=True)
            ],
            content=written,
        )


def _said(policy: Policy, plan: RecoveryPlan, situation: Situation, step: dict[str, Any]) -> Mapping[str, Any]:
    """Return a step as the plan writes it; one that owes more than was given already says what that was."""
    given = situation.given
    if step["id"] != OFFER or given is None or not owes_more(policy, plan.compensation, given):
        return step
    words = wording(plan.language)
    band = words["bands"].get(given["band"], given["band"])
    step["title"] = words["plan"]["offer_more"].format(title=step["title"], band=band)
    return {**step, "given": given}


def earlier_of(situation: Situation) -> Earlier:
    """Return what a case was promised before; a plan that is not one of a recovery policy promised nothing."""
    try:
        plan = RecoveryPlan.from_dict(situation.before) if situation.before else None
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        plan = None
    done = frozenset(situation.done)
    return Earlier(tuple(situation.earlier), plan, done, answered=situation.answered)


def _version(policy: Policy) -> str:
    """Return what people call the policy, cut to fit, and what its content makes of it."""
    return f"{policy.policy.name[:100]} {policy.policy.version[:100]} {policy.digest[:12]}"


def context_of(situation: Situation, now: datetime) -> Context:
    """Return what the policy looks at besides the classification, in a plan made ``now``."""
    customer = situation.customer
    told: dict[str, Any] = {
        name: value for name in ("country", "region", "timezone") if isinstance(value := customer.get(name), str)
    }
    currency, amount = (situation.metadata.get(name) for name in ("currency", "amount"))
    at_stake = Money.read(currency, amount)
    return Context(
        now=now,
        received_at=situation.received_at,
        double_deviation=situation.double_deviation,
        tier=customer.get("value_tier"),
        channel=situation.channel,
        contacts=situation.contacts,
        complaints=situation.earlier_complaints,
        at_stake=at_stake,
        stake_unread=at_stake is None and currency is not None and amount is not None,
        **told,
    )
