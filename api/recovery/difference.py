"""What would change under another policy: the same cases planned under both, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from api.recovery.case import Case, Money
from api.recovery.changes import MOVED, CaseChange, Change, changes_between, instant
from api.recovery.plan import Compensation, DeadlineKind, GuaranteeClaim, Plan, json_values
from api.recovery.planner import make_plan
from api.recovery.policy import Policy

__all__ = ["Cost", "Difference", "Ledger", "Moved", "difference"]

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Cost:
    """What the cases whose amounts are known cost in one currency: least and most, before and after.

    Compensation and what guarantees pay are counted apart; what makes the customer whole is in neither.
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
    """A comparison of two policies over some cases.

    ``costs`` are of compensation, ``guarantees`` of what guarantees pay. ``unpriced`` and ``guarantees_unpriced`` count
    the cases whose amounts are not known, under one policy or the other; they are in no sum.
    """

    before: str
    after: str
    cases: int
    changed: tuple[CaseChange, ...]
    by_kind: Mapping[str, int]
    costs: tuple[Cost, ...]
    unpriced: int
    guarantees: tuple[Cost, ...]
    guarantees_unpriced: int
    deadlines: Mapping[str, Moved]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        whole = asdict(self)
        for cost in (*whole["costs"], *whole["guarantees"]):
            for side in ("before", "after"):
                cost[side] = [str(amount) for amount in cost[side]]
        return {**whole, "changed": json_values(self.changed)}


def difference(before: Policy, after: Policy, cases: Iterable[Case]) -> Difference:
    """Plan each case under both policies, at the moment that its context names, and compare."""
    ledger = Ledger()
    changed = []
    for case in cases:
        changes = ledger.enter(*(make_plan(policy, case.classification, case.context) for policy in (before, after)))
        if changes:
            changed.append(CaseChange(case.id, changes))
    return Difference(
        before=f"{before.policy.name} {before.policy.version}",
        after=f"{after.policy.name} {after.policy.version}",
        cases=ledger.cases,
        changed=tuple(changed),
        by_kind=dict(ledger.by_kind),
        costs=ledger.costs(),
        unpriced=ledger.unpriced,
        guarantees=ledger.guarantees(),
        guarantees_unpriced=ledger.guarantees_unpriced,
        deadlines=ledger.deadlines(),
    )


Span = tuple[Money, Money]


class _Sums:
    """Adds up least and most by currency, before and after."""

    def __init__(self) -> None:
        self._sums: dict[str, list[Decimal]] = {}
        self._cases: Counter[str] = Counter()

    def add(self, before: Sequence[Span], after: Sequence[Span]) -> None:
        """Add one case."""
        for currency in {most.currency for _, most in (*before, *after)}:
            row = self._sums.setdefault(currency, [Decimal(0)] * 4)
            for place, spans in ((0, before), (2, after)):
                for least, most in spans:
                    if most.currency == currency:
                        row[place] += least.amount
                        row[place + 1] += most.amount
            self._cases[currency] += 1

    def costs(self) -> tuple[Cost, ...]:
        """Return the amounts so far, by currency."""
        return tuple(
            Cost(currency, self._cases[currency], (row[0], row[1]), (row[2], row[3]))
            for currency, row in sorted(self._sums.items())
        )


class Ledger:
    """Adds up what changes, case by case; how many cases there are makes it no larger."""

    def __init__(self) -> None:
        self.cases = self.changed = self.unpriced = self.guarantees_unpriced = 0
        self.by_kind: Counter[str] = Counter()
        self._compensation, self._guarantees = _Sums(), _Sums()
        self._moves: dict[DeadlineKind, list[float]] = {}

    def enter(self, old: Plan, new: Plan) -> tuple[Change, ...]:
        """Add one case; return what changes."""
        self.cases += 1
        changes = changes_between(old, new)
        self.changed += bool(changes)
        self.by_kind.update(change.what for change in changes)
        for kind in DeadlineKind:
            earlier, later = instant(old, kind), instant(new, kind)
            if earlier and later:
                self._move(kind, later - earlier)
        self._price(old.compensation, new.compensation)
        self._pay(old.guarantees, new.guarantees)
        return changes

    def costs(self) -> tuple[Cost, ...]:
        """Return what compensation costs so far, by currency."""
        return self._compensation.costs()

    def guarantees(self) -> tuple[Cost, ...]:
        """Return what guarantees pay so far, by currency."""
        return self._guarantees.costs()

    def deadlines(self) -> dict[str, Moved]:
        """Return how the deadlines so far move, by kind."""
        return {
            str(kind): Moved(int(earlier), int(later), round(hours / count, 2))
            for kind, (earlier, later, hours, count) in self._moves.items()
        }

    def _move(self, kind: DeadlineKind, by: timedelta) -> None:
        row = self._moves.setdefault(kind, [0, 0, 0.0, 0])
        moved = by if abs(by) >= MOVED else timedelta()
        for place, more in enumerate((moved < timedelta(), moved > timedelta(), moved.total_seconds() / _HOUR, 1)):
            row[place] += more

    def _price(self, old: Compensation, new: Compensation) -> None:
        """Add the amounts; a case without any in either plan costs nothing where both bands are empty."""
        before, after = ([(paid.least, paid.most)] if paid.least and paid.most else [] for paid in (old, new))
        self._compensation.add(before, after)
        if not before and not after:
            self.unpriced += bool(old.share[1] or new.share[1])

    def _pay(self, old: Sequence[GuaranteeClaim], new: Sequence[GuaranteeClaim]) -> None:
        """Add what guarantees pay, of cases in which all of it is known: like is compared with like."""
        before, after = (
            [(claim.least, claim.most) for claim in claims if claim.least and claim.most] for claims in (old, new)
        )
        if len(before) + len(after) < len(old) + len(new):
            self.guarantees_unpriced += 1
        else:
            self._guarantees.add(before, after)
