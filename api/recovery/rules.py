"""Which rules match a case, and what they ask for together.

Effects are merged upwards only: the most urgent priority, the highest queue, the largest band, the union of steps.
One more rule that matches can therefore never take anything from the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from api.recovery.case import NOTHING, Traits
from api.recovery.policy import Policy, Rule, When

__all__ = ["Decision", "decide", "fired", "matches"]

Scale = Literal["priority", "queue", "band"]


def matches(when: When, traits: Traits) -> bool:
    """Say whether every condition holds."""
    return all(allowed & traits.labels.get(name, NOTHING) for name, allowed in when.labels.items()) and all(
        traits.counts.get(name, 0) >= least for name, least in when.counts.items()
    )


def fired(policy: Policy, *every: Traits) -> tuple[Rule, ...]:
    """Return the rules that match any of the traits, in the order of the file."""
    return tuple(rule for rule in policy.rule if any(matches(rule.when, traits) for traits in every))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules that match ask for together. ``steps`` maps each step to the rules that ask for it."""

    rules: tuple[Rule, ...]
    priority: str
    queue: str
    band: str
    steps: Mapping[str, tuple[str, ...]]
    guidance: tuple[str, ...]
    flags: tuple[str, ...]


def decide(policy: Policy, *every: Traits) -> Decision:
    """Merge the effects of every rule that matches; the first level of a scale where none speaks of it.

    Of several complaints each is looked at by itself: a rule never matches a part of one and a part of another.
    """
    rules = fired(policy, *every)
    steps: dict[str, tuple[str, ...]] = {}
    for step in policy.steps:
        askers = tuple(rule.id for rule in rules if step in rule.then.steps)
        if askers:
            steps[step] = askers
    return Decision(
        rules=rules,
        priority=highest(rules, "priority", policy.priorities),
        queue=highest(rules, "queue", policy.queue_ranks),
        band=highest(rules, "band", policy.bands),
        steps=steps,
        guidance=_union(rule.then.guidance for rule in rules),
        flags=_union(rule.then.flags for rule in rules),
    )


def highest(rules: Iterable[Rule], scale: Scale, ranks: Mapping[str, int]) -> str:
    """Return the highest level that a rule asks for, else the lowest there is."""
    asked = [value for rule in rules if (value := getattr(rule.then, scale)) is not None]
    return max(asked, key=ranks.__getitem__, default=next(iter(ranks)))


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return every item once, in the order of first mention."""
    return tuple(dict.fromkeys(item for items in lists for item in items))
