"""The policy as tables, and what another one would change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from api.analytics.figures import Rules
from api.backtest import past
from api.recovery import Policy
from api.recovery.backtest import Backtest, Changed, Past, Report
from api.recovery.policy import Rule
from api.store import plans
from api.store.database import Store
from api.store.plans import PlannedFilter
from classifier.taxonomy import TASK_BY_ID

__all__ = ["MOST_CASES", "RuleRow", "Trial", "conditions", "rule_rows", "try_policy"]

MOST_CASES: Final = 2000
_SHOWN: Final = 30
_PART: Final = 100


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, and in how many cases' plans it fired."""

    rule: Rule
    fired: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy would have changed in the newest cases; ``unread`` could not be replayed."""

    report: Report
    unread: int
    changed: Sequence[Changed]


def rule_rows(policy: Policy, rules: Rules) -> list[RuleRow]:
    """Return the rules of a policy with how often each fired under any version of it, most often first."""
    fired: dict[str, int] = {}
    for counted in rules.rules:
        fired[counted.rule] = fired.get(counted.rule, 0) + counted.cases.now
    found = [RuleRow(rule, fired.get(rule.id, 0)) for rule in policy.rule]
    return sorted(found, key=lambda row: -row.fired)


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


def _in_order(key: str, values: frozenset[str]) -> list[str]:
    """Return labels in the order of their scale, other values by the alphabet."""
    task = TASK_BY_ID.get(key.removeprefix("main_"))
    order = task.label_ids if task else ()
    return sorted(values, key=lambda value: (order.index(value) if value in order else len(order), value))
