"""What differs between two plans of one case, as data: screens, tables and JSON say it each in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from api.recovery.case import Money
from api.recovery.plan import Compensation, DeadlineKind, GuaranteeClaim, Plan

__all__ = ["MOVED", "CaseChange", "Change", "Payment", "Range", "Value", "changes_between", "instant"]

MOVED: Final = timedelta(minutes=1)
"""A deadline that moves by less is the same one."""


@dataclass(frozen=True, slots=True)
class Range:
    """From how much to how much money, in one currency."""

    least: Money
    most: Money

    def __str__(self) -> str:
        """Return it as in ``BRL 100.00-250.00``."""
        return f"{self.least.currency} {self.least.amount}-{self.most.amount}"


@dataclass(frozen=True, slots=True)
class Payment:
    """What a guarantee pays: a share of what is at stake, a fixed sum, or a deed, ``within`` a span.

    ``sums`` are the fixed ones, one a currency, or else the one that is due, where that is known. ``within`` is
    ``None`` of a plan too old to say it; then no sums are told either.
    """

    guarantee: str
    payout: str
    share: float | None = None
    sums: tuple[Money, ...] = ()
    within: str | None = None

    def __str__(self) -> str:
        """Return it as in ``promised_date: refund 10% BRL 35.00 within 2 business days``."""
        told = [
            f"{self.guarantee}: {self.payout}",
            "" if self.share is None else f"{100 * self.share:g}%",
            "/".join(f"{money.currency} {money.amount}" for money in self.sums),
            f"within {self.within}" if self.within else "",
        ]
        return " ".join(filter(None, told))


Value: TypeAlias = str | datetime | Range | tuple[str, ...] | tuple[Payment, ...] | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two plans.

    ``what`` says of which type it is: ids of a priority, a queue, a band or a person; the range of ``compensation``;
    instants in UTC of the deadlines, by their kind; the ids of what a plan lists; ``payouts`` as payments; ``promises``
    in their own words.
    """

    what: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What differs for one case."""

    id: str
    changes: tuple[Change, ...]


def changes_between(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Return what differs between two plans of one case.

    A deadline that moves by less than a minute is the same: it was counted from the moment of planning, where the
    sender's clock is ahead of ours.
    """
    pairs: list[tuple[str, Value, Value]] = [
        (name, getattr(old, name), getattr(new, name)) for name in ("priority", "queue", "escalate_to")
    ]
    pairs += [("band", old.compensation.band, new.compensation.band)]
    pairs += [("compensation", _range(old.compensation), _range(new.compensation))]
    pairs += [("approver", old.compensation.approver, new.compensation.approver)]
    pairs += [(name, _ids(old, name), _ids(new, name)) for name in ("steps", "guarantees", "guidance", "flags")]
    pairs += _kept_guarantees(old, new)
    pairs += [(str(kind), instant(old, kind), instant(new, kind)) for kind in DeadlineKind if _moves(old, new, kind)]
    return tuple(Change(what, a, b) for what, a, b in pairs if a != b)


def instant(plan: Plan, kind: DeadlineKind) -> datetime | None:
    """Return when something is due, if it is."""
    return next((deadline.due for deadline in plan.deadlines if deadline.kind is kind), None)


def _moves(old: Plan, new: Plan, kind: DeadlineKind) -> bool:
    one, other = instant(old, kind), instant(new, kind)
    return one is None or other is None or abs(one - other) >= MOVED


def _ids(plan: Plan, name: str) -> tuple[str, ...]:
    return tuple(item.id for item in getattr(plan, name))


def _kept_guarantees(old: Plan, new: Plan) -> list[tuple[str, Value, Value]]:
    """Return what the guarantees that both plans hold pay and promise; of an older plan, as far as it tells."""
    after = {claim.id: claim for claim in new.guarantees}
    both = [(claim, after[claim.id]) for claim in old.guarantees if claim.id in after]
    whole = [bool(one.within and other.within) for one, other in both]
    before, now = (
        tuple(_payment(pair[side], whole=told) for pair, told in zip(both, whole, strict=True)) for side in (0, 1)
    )
    said, says = (tuple(pair[side].promise for pair in both) for side in (0, 1))
    return [("payouts", before, now), ("promises", said, says)]


def _payment(claim: GuaranteeClaim, *, whole: bool) -> Payment:
    """Return what a guarantee owes; without sums and term unless ``whole``."""
    if not whole:
        return Payment(claim.id, claim.payout, claim.share)
    due = (claim.most,) if claim.most else ()
    return Payment(claim.id, claim.payout, claim.share, claim.amount or due, claim.within)


def _range(compensation: Compensation) -> Range | None:
    least, most = compensation.least, compensation.most
    return Range(least, most) if least and most else None
