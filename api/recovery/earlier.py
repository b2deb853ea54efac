"""What a case has been promised already: a plan made for another complaint of it never takes anything back.

A customer who is let down twice and is offered less the second time is let down a third time (Bitner, Booms &
Tetreault 1990). So a case is planned for all that its messages found, and what its present plan owes is the least that
the next one may owe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from api.recovery.amounts import stake_of
from api.recovery.case import Context, Money, Traits, traits_of
from api.recovery.deadlines import Promised
from api.recovery.plan import Compensation, DeadlineKind, Plan, Stake
from api.recovery.policy import Policy
from api.recovery.rules import Decision
from classifier.types import Classification

__all__ = ["Earlier", "Found", "owes_more"]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in an earlier message of the case, and the channel that it came by."""

    classification: Classification
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was found in a case before, and its present ``plan``, if that is one of a recovery policy.

    ``done``: steps that were done; they are asked for again only by what is found anew. ``answered``: the customer has
    had an answer, so that the next one has a time of its own.
    """

    found: tuple[Found, ...] = ()
    plan: Plan | None = None
    done: frozenset[str] = frozenset()
    answered: bool = False

    def traits(self, context: Context) -> list[Traits]:
        """Return what rules look at in each message, as the case is now."""
        return [traits_of(each.classification, replace(context, channel=each.channel)) for each in self.found]

    def guarantees(self) -> frozenset[str]:
        """Return the guarantees that the plan pays."""
        return frozenset(claim.id for claim in self.plan.guarantees) if self.plan else frozenset()

    def raised(self, policy: Policy, decision: Decision) -> Decision:
        """Return a decision on levels that are no lower than the plan's."""
        if self.plan is None:
            return decision
        return replace(
            decision,
            priority=_higher(policy.priorities, decision.priority, self.plan.priority),
            queue=_higher(policy.queue_ranks, decision.queue, self.plan.queue),
            band=_higher(policy.bands, decision.band, self.plan.compensation.band),
        )

    def promised(self, context: Context) -> Promised:
        """Return what no new plan puts off. A deadline that has passed was missed, and told of; it binds no more."""
        if self.plan is None:
            return Promised()
        kinds = {DeadlineKind.RESOLUTION} if self.answered else {DeadlineKind.RESOLUTION, DeadlineKind.FIRST_ANSWER}
        ahead = tuple(each for each in self.plan.deadlines if each.kind in kinds and each.due > context.now)
        return Promised(ahead, self.plan.legal)

    def stake(self, classification: Classification, context: Context) -> Stake | None:
        """Return the most that is known to be at stake, by the caller if told, in the currency that was told last."""
        told = [stake_of(each, context) for each in (classification, *(each.classification for each in self.found))]
        promised = self.plan.at_stake if self.plan else None
        known = [stake for stake in (*told, promised) if stake is not None]
        known = [stake for stake in known if stake.basis == "caller"] or known
        same = [stake for stake in known if stake.money.currency == known[0].money.currency]
        return max(same, key=lambda stake: stake.money.amount, default=None)

    def at_least(self, compensation: Compensation) -> Compensation:
        """Return a compensation of no smaller amounts than the plan's, where they can be compared."""
        before = self.plan.compensation if self.plan else None
        if before is None or before.most is None or before.least is None:
            return compensation
        if compensation.most is None or compensation.least is None:
            return before if before.band == compensation.band else compensation
        if compensation.most.currency != before.most.currency:
            return compensation
        least, most = _larger(compensation.least, before.least), _larger(compensation.most, before.most)
        basis = compensation.basis if most == compensation.most else before.basis
        return replace(compensation, least=least, most=most, basis=basis)


def owes_more(policy: Policy, compensation: Compensation, given: Mapping[str, Any]) -> bool:
    """Say whether a compensation is more than what was given already, which is as a plan writes it."""
    ranks = policy.bands
    now, before = ranks[compensation.band], ranks.get(given["band"], 0)
    most, was = compensation.most, given.get("most")
    if now != before or most is None or was is None or most.currency != was["currency"]:
        return now > before
    return most.amount > Decimal(was["amount"])


def _higher(ranks: Mapping[str, int], level: str, before: str) -> str:
    """Return the higher of two levels; one that the policy doesn't know is none."""
    return before if ranks.get(before, -1) > ranks[level] else level


def _larger(one: Money, other: Money) -> Money:
    return one if one.amount >= other.amount else other
