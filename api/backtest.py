"""Stored cases, handed to a backtest as their planner saw them."""

from __future__ import annotations

from dataclasses import replace

from api.cases import Situation
from api.planning import context_of
from api.recovery import Case, Context, Plan
from api.recovery.backtest import Past
from api.store.plans import PlannedCase
from classifier.types import Classification

__all__ = ["past"]


def past(stored: PlannedCase) -> Past | None:
    """Return a case as it happened; ``None`` if its message is gone, or its plan is not one of a recovery policy."""
    if not (stored.plan and stored.classification and stored.received_at and stored.accepted_at):
        return None
    try:
        classification = Classification.from_dict(stored.classification)
        plan = Plan.from_dict(stored.plan)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    situation = Situation(
        classification=classification,
        received_at=stored.received_at,
        opened_at=stored.opened_at,
        channel=stored.channel,
        customer=stored.customer or {},
        double_deviation=stored.double_deviation,
        contacts=stored.complaints - 1,
        earlier_complaints=stored.earlier_complaints,
    )
    case = Case(stored.id, classification, _with_stake(context_of(situation, stored.accepted_at), plan))
    return Past(case, plan, stored.answered_at, stored.closed_at)


def _with_stake(context: Context, plan: Plan) -> Context:
    """Return a context with what the caller said to be at stake, which the plan kept."""
    told = plan.at_stake if plan.at_stake and plan.at_stake.basis == "caller" else None
    unread = any(flag.id == "unread_amount" for flag in plan.flags)
    return replace(context, at_stake=told.money if told else None, stake_unread=unread)
