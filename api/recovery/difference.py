"""What would change under another policy: the same cases planned under both, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from api.recovery.case import Case
from api.recovery.plan import Compensation, DeadlineKind, Plan
from api.recovery.planner import make_plan
from api.recovery.policy import Policy

__all__ = ["CaseChange", "Change", "Cost", "Difference", "difference"]

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two plans, as text or as lists of ids."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What differs for one case."""

    id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """Compensation of the cases whose amount is known, in one currency: least and most, before and after.

    What a guarantee pays by itself is not in it, nor what makes the customer whole.
    """

    currency: str
    cases: int
    before: tuple[Decimal, Decimal]
    after: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Moved:
    """How deadlines of a kind move: how many earlier and later, and by how many hours on average over all cases."""

    earlier: int
    later: int
    mean_hours: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A comparison of two policies over some cases. ``unpriced`` counts cases whose amounts are not known."""

    before: str
    after: str
    cases: int
    changed: tuple[CaseChange, ...]
    by_kind: Mapping[str, int]
    costs: tuple[Cost, ...]
    unpriced: int
    deadlines: Mapping[str, Moved]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        whole = asdict(self)
        for cost in whole["costs"]:
            for side in ("before", "after"):
                cost[side] = [str(amount) for amount in cost[side]]
        return whole


def difference(before: Policy, after: Policy, cases: Iterable[Case]) -> Difference:
    """Plan each case under both policies, at the moment that its context names, and compare."""
    ledger = _Ledger()
    for case in cases:
        old, new = (make_plan(policy, case.classification, case.context) for policy in (before, after))
        ledger.enter(case.id, old, new)
    return ledger.closed(f"{before.policy.name} {before.policy.version}", f"{after.policy.name} {after.policy.version}")


def changes_between(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Return what differs between two plans of one case."""
    pairs: list[tuple[str, Any, Any]] = [
        (name, getattr(old, name), getattr(new, name)) for name in ("priority", "queue", "escalate_to")
    ]
    pairs += [("band", old.compensation.band, new.compensation.band)]
    pairs += [("compensation", _range(old.compensation), _range(new.compensation))]
    pairs += [("approver", old.compensation.approver, new.compensation.approver)]
    pairs += [(name, _ids(old, name), _ids(new, name)) for name in ("steps", "guarantees", "guidance", "flags")]
    pairs += [(str(kind), _due(old, kind), _due(new, kind)) for kind in DeadlineKind]
    return tuple(Change(what, a, b) for what, a, b in pairs if a != b)


def _ids(plan: Plan, name: str) -> tuple[str, ...]:
    return tuple(item.id for item in getattr(plan, name))


def _due(plan: Plan, kind: DeadlineKind) -> str | None:
    due = _instant(plan, kind)
    return due.isoformat().replace("+00:00", "Z") if due else None


def _instant(plan: Plan, kind: DeadlineKind) -> datetime | None:
    return next((deadline.due for deadline in plan.deadlines if deadline.kind is kind), None)


def _range(compensation: Compensation) -> str | None:
    least, most = compensation.least, compensation.most
    return f"{least.currency} {least.amount}-{most.amount}" if least and most else None


class _Ledger:
    """Adds up what changes, case by case."""

    def __init__(self) -> None:
        self.cases = self.unpriced = 0
        self.changed: list[CaseChange] = []
        self.by_kind: Counter[str] = Counter()
        self.costs: dict[str, list[Decimal]] = {}
        self.priced: Counter[str] = Counter()
        self.hours: dict[DeadlineKind, list[float]] = {kind: [] for kind in DeadlineKind}

    def enter(self, case: str, old: Plan, new: Plan) -> None:
        """Add one case."""
        self.cases += 1
        changes = changes_between(old, new)
        if changes:
            self.changed.append(CaseChange(case, changes))
            self.by_kind.update(change.what for change in changes)
        for kind in DeadlineKind:
            earlier, later = _instant(old, kind), _instant(new, kind)
            if earlier and later:
                self.hours[kind].append((later - earlier).total_seconds() / _HOUR)
        self._price(old.compensation, new.compensation)

    def _price(self, old: Compensation, new: Compensation) -> None:
        """Add the amounts; a case without any in either plan costs nothing where both bands are empty."""
        known = next((money for money in (new.most, old.most) if money), None)
        if known is None:
            self.unpriced += bool(old.share[1] or new.share[1])
            return
        row = self.costs.setdefault(known.currency, [Decimal(0)] * 4)
        amounts = [money.amount if money else Decimal(0) for money in (old.least, old.most, new.least, new.most)]
        self.costs[known.currency] = [total + amount for total, amount in zip(row, amounts, strict=True)]
        self.priced[known.currency] += 1

    def closed(self, before: str, after: str) -> Difference:
        """Return the whole."""
        return Difference(
            before=before,
            after=after,
            cases=self.cases,
            changed=tuple(self.changed),
            by_kind=dict(self.by_kind),
            costs=tuple(
                Cost(currency, self.priced[currency], (row[0], row[1]), (row[2], row[3]))
                for currency, row in sorted(self.costs.items())
            ),
            unpriced=self.unpriced,
            deadlines={str(kind): _moved(hours) for kind, hours in self.hours.items() if hours},
        )


def _moved(hours: list[float]) -> Moved:
    return Moved(sum(h < 0 for h in hours), sum(h > 0 for h in hours), round(sum(hours) / len(hours), 2))
