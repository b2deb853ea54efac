"""Every kind of complaint that a policy's rules on one scale can tell apart.

Two labels that no rule distinguishes are one case, so a few hundred situations usually stand for all there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from api.recovery.case import NOTHING, Traits
from api.recovery.policy import MULTI_TASKS, Policy, Rule
from api.recovery.rules import Scale, matches
from classifier.taxonomy import TASK_BY_ID

__all__ = ["SEVERITIES", "Situation", "TooManySituationsError", "situations"]

SEVERITIES: Final = TASK_BY_ID["severity"].label_ids
MOST: Final = 50_000
_GIVEN: Final = frozenset({"complaint", "severity", "language"})
_SEVERAL: Final = frozenset({*MULTI_TASKS, "unsure"})


class TooManySituationsError(Exception):
    """Rules tell more situations apart than can be tried."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules on one scale can tell of a complaint besides its severity."""

    labels: dict[str, frozenset[str]]
    counts: dict[str, int]

    def asked(self, rules: tuple[Rule, ...], scale: Scale, severity: str) -> list[str]:
        """Return the levels that matching rules ask for at this severity."""
        known = {"complaint": frozenset({"yes"}), "language": frozenset({"es"}), "severity": frozenset({severity})}
        traits = Traits({**known, **self.labels}, self.counts)
        return [str(getattr(rule.then, scale)) for rule in rules if matches(rule.when, traits)]

    def __str__(self) -> str:
        """Name what sets the situation apart."""
        told = [f"{name} = {'/'.join(sorted(labels)) or 'another'}" for name, labels in self.labels.items()]
        return ", ".join(told + [f"{name} = {count}" for name, count in self.counts.items() if count])


def situations(policy: Policy, scale: Scale) -> tuple[tuple[Rule, ...], Iterator[Situation]]:
    """Return the rules on ``scale`` and the situations that they tell apart, the plainest first."""
    rules = tuple(rule for rule in policy.rule if getattr(rule.then, scale) is not None)
    names = sorted({name for rule in rules for name in rule.when.labels} - _GIVEN)
    choices = [_choices(name, [rule.when.labels[name] for rule in rules if name in rule.when.labels]) for name in names]
    counts = {
        name: sorted({0, *(rule.when.counts.get(name, 0) for rule in rules)}) for name in ("contacts", "complaints")
    }
    if prod(len(choice) for choice in choices) * prod(len(numbers) for numbers in counts.values()) > MOST:
        raise TooManySituationsError
    every = product(product(*choices), product(*counts.values()))
    told = (
        Situation(dict(zip(names, labels, strict=True)), dict(zip(counts, numbers, strict=True)))
        for labels, numbers in every
    )
    return rules, (situation for situation in told if _occurs(situation, counts["contacts"]))


def _occurs(situation: Situation, told_apart: list[int]) -> bool:
    """Say whether there is such a case: a recovery has failed if, and only if, somebody contacted before about it."""
    again, contacts = situation.labels.get("double_deviation"), situation.counts["contacts"]
    if again == frozenset({"no"}):
        return contacts == 0
    return again is None or contacts > 0 or 1 not in told_apart


def _choices(name: str, conditions: list[frozenset[str]]) -> list[frozenset[str]]:
    """Return a set of labels for every way in which the conditions can hold; first the one in which none does."""
    mentioned = sorted(frozenset().union(*conditions))
    kinds = {tuple(value in labels for labels in conditions): value for value in mentioned}
    single = [frozenset({value}) for value in kinds.values()]
    task = TASK_BY_ID.get(name.removeprefix("main_"))
    closed = (
        set(task.label_ids) if task else {"yes", "no"} if name in ("double_deviation", "agency", "review") else None
    )
    left = closed - set(mentioned) if closed else {""}
    other = [frozenset(left) if closed and len(left) == 1 and name not in _SEVERAL else NOTHING] if left else []
    several = [frozenset(mentioned)] if name in _SEVERAL and len(single) > 1 else []
    return [*other, *single, *several]
