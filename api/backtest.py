"""Stored cases, handed to a backtest as their planner saw them."""

from __future__ import annotations

from dataclasses import replace

from api.cases import Situation
from api.planning import context_of
from api.recovery import Case, Context, Plan
from api.recovery.backtest import Past, Turn
from api.recovery.policy import ANSWERS
from api.store.plans import EarlierComplaint, PlannedCase
from classifier.types import Classification

__all__ = ["past"]


def past(stored: PlannedCase) -> Past | None:
    """Return a case as it happened.

    ``None`` if its message is gone, its plan is not one of a recovery policy, or a person's labels had it planned.
    """
    last = _last(stored)
    if last is None or stored.plan is None or stored.corrected:
        return None
    try:
        plan = Plan.from_dict(stored.plan)
        turns = [_turn(stored, plan, number, each) for number, each in enumerate((*stored.earlier, last))]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    *before, turn = turns
    case = Case(stored.id, turn.classification, turn.context)
    return Past(case, plan, stored.answered_at, stored.closed_at, tuple(before), turn.done, turn.answered)


def _last(stored: PlannedCase) -> EarlierComplaint | None:
    """Return the complaint that the present plan was made for."""
    if not (stored.classification and stored.received_at and stored.accepted_at):
        return None
    return EarlierComplaint(stored.classification, stored.channel, stored.received_at, stored.accepted_at)


def _turn(stored: PlannedCase, plan: Plan, number: int, complaint: EarlierComplaint) -> Turn:
    """Return what was known when a case was planned for a complaint of it."""
    classification = Classification.from_dict(complaint.classification)
    later = len(stored.earlier) - number
    situation = Situation(
        classification=classification,
        received_at=complaint.received_at,
        opened_at=stored.opened_at,
        channel=complaint.channel,
        customer=stored.customer or {},
        double_deviation=number > 0 or (stored.double_deviation and later == 0),
        contacts=stored.complaints - 1 - later,
        earlier_complaints=max(0, stored.earlier_complaints - later),
    )
    done = [step for step in stored.done if step.completed_at < complaint.accepted_at]
    context = _with_stake(context_of(situation, complaint.accepted_at), plan)
    answered = any(step.stage in ANSWERS for step in done)
    return Turn(classification, context, frozenset(step.id for step in done), answered=answered)


def _with_stake(context: Context, plan: Plan) -> Context:
    """Return a context with what the caller said to be at stake, which the plan kept."""
    told = plan.at_stake if plan.at_stake and plan.at_stake.basis == "caller" else None
    unread = any(flag.id == "unread_amount" for flag in plan.flags)
    return replace(context, at_stake=told.money if told else None, stake_unread=unread)
