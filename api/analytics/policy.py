"""The policy as tables, and what another one would change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from api.analytics.figures import Count, Rules
from api.backtest import past
from api.cases import Planner
from api.recovery import Policy, policy_from
from api.recovery.backtest import Backtest, Changed, Past, Report
from api.recovery.policy import Rule
from api.store import plans
from api.store.database import Store
from api.store.plans import PlannedFilter
from classifier.errors import InputError
from classifier.taxonomy import TASK_BY_ID

__all__ = [
    "MOST_CASES",
    "PolicyFigures",
    "RuleFigures",
    "RuleRow",
    "Trial",
    "conditions",
    "policy_figures",
    "policy_of",
    "rule_rows",
    "try_policy",
]

MOST_CASES: Final = 2000
_SHOWN: Final = 30
_PART: Final = 100


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, and in how many cases' plans it fired."""

    rule: Rule
    cases: Count

    @property
    def fired(self) -> int:
        """In how many cases of the period."""
        return self.cases.now


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """A rule as JSON: ``when`` says what it looks at and what is asked of it, ``source`` who found it out."""

    rule: str
    cases: Count
    when: Mapping[str, Sequence[str]]
    then: Mapping[str, Any]
    why: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """The policy of new cases as tables, rules that fired most first; ``cases`` were opened in the period.

    ``name`` and what follows is empty where something else than a policy of rules plans.
    """

    cases: Count
    name: str | None = None
    version: str | None = None
    digest: str | None = None
    rules: Sequence[RuleFigures] = ()
    priorities: Sequence[Mapping[str, Any]] = ()
    bands: Sequence[Mapping[str, Any]] = ()
    guarantees: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would have changed in the newest cases; ``unread`` could not be replayed."""

    report: Report
    unread: int
    changed: Sequence[Changed]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values as ``recupera policy backtest --json`` writes them; of the cases the first few."""
        return {
            "cases": [case.to_dict() for case in self.changed],
            "report": {**self.report.to_dict(), "unread": self.unread},
        }


def policy_of(planner: Planner) -> Policy | None:
    """Return the policy by which new cases are planned; ``None`` where another planner than ours plans."""
    try:
        return policy_from(planner.content, planner.version)
    except InputError:
        return None


def rule_rows(policy: Policy, rules: Rules) -> list[RuleRow]:
    """Return the rules of a policy with how often each fired under any version of it, most often first."""
    fired: dict[str, Count] = {}
    for counted in rules.rules:
        known = fired.get(counted.rule, Count(0, 0))
        fired[counted.rule] = Count(known.now + counted.cases.now, known.before + counted.cases.before)
    found = [RuleRow(rule, fired.get(rule.id, Count(0, 0))) for rule in policy.rule]
    return sorted(found, key=lambda row: -row.fired)


def policy_figures(policy: Policy | None, rules: Rules) -> PolicyFigures:
    """Return the tables of a policy, and what fired."""
    if policy is None:
        return PolicyFigures(rules.cases)
    tables = {
        "priorities": policy.priority,
        "bands": policy.band,
        "guarantees": policy.guarantee,
    }
    dumped = {name: [section.model_dump(mode="json") for section in sections] for name, sections in tables.items()}
    return PolicyFigures(
        cases=rules.cases,
        name=policy.policy.name,
        version=policy.policy.version,
        digest=policy.digest,
        rules=[_rule(policy, row) for row in rule_rows(policy, rules)],
        **dumped,
    )


async def try_policy(store: Store, policy: Policy) -> Trial:
    """Replay the newest cases under a policy, away from the event loop; nothing is stored."""
    backtest, unread, shown = Backtest(policy, datetime.now(UTC)), 0, list[Changed]()
    part: list[Past] = []

    def replay(some: Sequence[Past]) -> None:
        for case in some:
            changed = backtest.replay(case)
            if changed is not None and len(shown) < _SHOWN:
                shown.append(changed)

    async with store.read() as connection:
        async for stored in plans.planned(connection, PlannedFilter(limit=MOST_CASES)):
            case = past(stored)
            unread += case is None
            part += [case] if case else []
            if len(part) >= _PART:
                await asyncio.to_thread(replay, part)
                part = []
    await asyncio.to_thread(replay, part)
    return Trial(backtest.report(), unread, shown)


def conditions(rule: Rule) -> Mapping[str, Sequence[str]]:
    """Return what a rule asks for, by what it looks at; counts as ``≥ 3``."""
    labels = {key: _in_order(key, values) for key, values in rule.when.labels.items()}
    return labels | {key: [f"≥ {least}"] for key, least in rule.when.counts.items()}


def _rule(policy: Policy, row: RuleRow) -> RuleFigures:
    rule = row.rule
    return RuleFigures(
        rule=rule.id,
        cases=row.cases,
        when=conditions(rule),
        then=rule.then.model_dump(mode="json", exclude_none=True),
        why=rule.why.model_dump(),
        source=policy.findings[rule.finding].source,
    )


def _in_order(key: str, values: frozenset[str]) -> list[str]:
    """Return labels in the order of their scale, other values by the alphabet."""
    task = TASK_BY_ID.get(key.removeprefix("main_"))
    order = task.label_ids if task else ()
    return sorted(values, key=lambda value: (order.index(value) if value in order else len(order), value))
