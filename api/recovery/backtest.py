"""Another policy tried on cases that happened: what it would have owed, beside what was planned and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from api.recovery.case import Case, Context
from api.recovery.changes import CaseChange, instant
from api.recovery.difference import Cost, Ledger, Moved
from api.recovery.earlier import Earlier, Found
from api.recovery.plan import DeadlineKind, Plan, json_values
from api.recovery.planner import make_plan
from api.recovery.policy import Policy
from classifier.types import Classification

__all__ = ["Backtest", "Changed", "Kept", "Past", "Report", "Turn"]

_KEPT: Final = (DeadlineKind.FIRST_ANSWER, DeadlineKind.RESOLUTION)


@dataclass(frozen=True, slots=True)
class Turn:
    """A complaint that a case was planned for; ``done`` are the steps that were done before it.

    ``answered`` says that the customer had had an answer by then.
    """

    classification: Classification
    context: Context
    done: frozenset[str] = frozenset()
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A case that happened: what its plan was made from, that plan, and when it was answered and closed, if it was.

    ``before`` are the complaints that it was planned for earlier, the first one first; ``done`` and ``answered`` are
    as they were at the last one, which is ``case``.
    """

    case: Case
    plan: Plan
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    before: tuple[Turn, ...] = ()
    done: frozenset[str] = frozenset()
    answered: bool = False

    def planned_by(self, policy: Policy) -> Plan:
        """Plan the case as it was planned: for one complaint after the other, each plan owing no less than before."""
        earlier = Earlier()
        for turn in self.before:
            earlier = replace(earlier, done=turn.done, answered=turn.answered)
            plan = make_plan(policy, turn.classification, turn.context, earlier)
            found = Found(turn.classification, turn.context.channel)
            earlier = replace(earlier, found=(*earlier.found, found), plan=plan)
        earlier = replace(earlier, done=self.done, answered=self.answered)
        return make_plan(policy, self.case.classification, self.case.context, earlier)


@dataclass(frozen=True, slots=True)
class Changed:
    """What another policy changes in a case, and which deadlines it would have missed that were kept."""

    case: CaseChange
    missed: tuple[DeadlineKind, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``changes`` by what they are of."""
        changes = {
            change.what: {"before": json_values(change.before), "after": json_values(change.after)}
            for change in self.case.changes
        }
        return {"id": self.case.id, "changes": changes, "missed": list(self.missed)}


@dataclass(frozen=True, slots=True)
class Kept:
    """How many deadlines of a kind were missed, under each policy; what is still to come under both is not counted.

    ``newly`` are missed only under the other policy, ``no_longer`` only under the one that planned.
    """

    cases: int
    before: int
    after: int
    newly: int
    no_longer: int


@dataclass(frozen=True, slots=True)
class Report:
    """What came out, without the single cases.

    ``before`` counts cases by the policy that planned them; ``bands`` counts those whose band changes, by old and new;
    ``costs`` are of compensation, ``guarantees`` of what guarantees pay, and cases without known amounts are counted
    beside them; ``rules`` says of each rule in how many plans it fired, before and after.
    """

    policy: str
    before: Mapping[str, int]
    cases: int
    changed: int
    by_kind: Mapping[str, int]
    bands: Mapping[tuple[str, str], int]
    costs: tuple[Cost, ...]
    unpriced: int
    guarantees: tuple[Cost, ...]
    guarantees_unpriced: int
    deadlines: Mapping[str, Moved]
    missed: Mapping[str, Kept]
    rules: Mapping[str, tuple[int, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; ``more`` is after less before, least and most."""
        whole: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        whole["bands"] = [{"before": old, "after": new, "cases": n} for (old, new), n in self.bands.items()]
        whole["costs"] = [_cost(cost) for cost in self.costs]
        whole["guarantees"] = [_cost(cost) for cost in self.guarantees]
        whole["deadlines"] = {kind: asdict(moved) for kind, moved in self.deadlines.items()}
        whole["missed"] = {kind: asdict(kept) for kind, kept in self.missed.items()}
        whole["rules"] = {rule: {"before": old, "after": new} for rule, (old, new) in self.rules.items()}
        return whole


class Backtest:
    """Replays cases under a policy, one after the other; how many there are makes it no larger."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._ledger = Ledger()
        self._before: Counter[str] = Counter()
        self._bands: Counter[tuple[str, str]] = Counter()
        self._fired: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._missed: Counter[tuple[DeadlineKind, bool, bool]] = Counter()

    def replay(self, past: Past) -> Changed | None:
        """Plan a case as the policy would have; return what changes, if anything does."""
        plan = past.planned_by(self._policy)
        changes = self._ledger.enter(past.plan, plan)
        self._before[f"{past.plan.policy.name} {past.plan.policy.version}"] += 1
        for fired, made in zip(self._fired, (past.plan, plan), strict=True):
            fired.update(reason.rule for reason in made.reasons)
        if past.plan.compensation.band != plan.compensation.band:
            self._bands[past.plan.compensation.band, plan.compensation.band] += 1
        newly = self._newly_missed(past, plan)
        return Changed(CaseChange(past.case.id, changes), newly) if changes else None

    def report(self) -> Report:
        """Return what came out so far."""
        order = {rule.id: place for place, rule in enumerate(self._policy.rule)}
        old, new = self._fired
        return Report(
            policy=f"{self._policy.policy.name} {self._policy.policy.version}",
            before=dict(self._before.most_common()),
            cases=self._ledger.cases,
            changed=self._ledger.changed,
            by_kind=dict(self._ledger.by_kind.most_common()),
            bands=dict(self._bands.most_common()),
            costs=self._ledger.costs(),
            unpriced=self._ledger.unpriced,
            guarantees=self._ledger.guarantees(),
            guarantees_unpriced=self._ledger.guarantees_unpriced,
            deadlines=self._ledger.deadlines(),
            missed={str(kind): self._kept(kind) for kind in _KEPT},
            rules={
                rule: (old[rule], new[rule])
                for rule in sorted({*order, *old}, key=lambda rule: (order.get(rule, len(order)), rule))
            },
        )

    def _newly_missed(self, past: Past, plan: Plan) -> tuple[DeadlineKind, ...]:
        """Count deadlines kept and missed under both; return those that only the new plan would have missed."""
        newly = []
        for kind, happened in zip(_KEPT, (past.answered_at or past.closed_at, past.closed_at), strict=True):
            before, after = (self._is_missed(instant(made, kind), happened) for made in (past.plan, plan))
            if before is None and after is None:
                continue
            self._missed[kind, bool(before), bool(after)] += 1
            if after and not before:
                newly.append(kind)
        return tuple(newly)

    def _is_missed(self, due: datetime | None, happened: datetime | None) -> bool | None:
        """Say whether something came after it was due; ``None`` if that is still open."""
        if due is None or (happened is None and due > self._now):
            return None
        return happened is None or happened > due

    def _kept(self, kind: DeadlineKind) -> Kept:
        neither, newly, no_longer, both = (
            self._missed[kind, before, after] for before in (False, True) for after in (False, True)
        )
        return Kept(neither + newly + no_longer + both, no_longer + both, newly + both, newly, no_longer)


def _cost(cost: Cost) -> dict[str, Any]:
    more = tuple(after - before for before, after in zip(cost.before, cost.after, strict=True))
    amounts = {"before": cost.before, "after": cost.after, "more": more}
    written = {name: [str(amount) for amount in pair] for name, pair in amounts.items()}
    return {"currency": cost.currency, "cases": cost.cases, **written}
