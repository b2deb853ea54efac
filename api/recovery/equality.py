"""Whether a policy gives the same for the same failure.

Compensation is judged against what others got (Adams 1965): the same failure and severity, the same band and the same
steps that pay. The failure is what the labels of justice, quality, touchpoint and severity say of it, and whether an
earlier recovery failed too. Who the customer is, what the customer came for and how that is said may bring more
attention and other words, never more money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from api.recovery.case import NOTHING
from api.recovery.policy import Effects, Policy, Remedy, Rule, When
from api.recovery.problems import Problem, error, warning
from classifier.taxonomy import TASK_BY_ID

__all__ = ["unequal"]

_CONDUCTS: Final = TASK_BY_ID["conduct"].label_ids
_TONES: Final = TASK_BY_ID["tone"].label_ids
_ASKS: Final = "who asks would get more than who only tells, for the same failure"
_MACHINE: Final = "how sure the machine is would decide how much is paid"

_UNEQUAL: Final[Mapping[str, str]] = {
    "conduct": "difficult behaviour is for people to judge, never a reason for more or less",
    "tone": "the calm and the furious are owed the same",
    "motive": _ASKS,
    "main_motive": _ASKS,
    "tier": "for the same failure a valued customer gets more attention, not more money",
    "channel": "the same failure told elsewhere is the same failure",
    "language": "the same failure told in another language is the same failure",
    "contacts": "asking more often must not pay",
    "complaints": "complaining more often must not pay",
    "agency": "who threatens with an agency would get more",
    "review": _MACHINE,
    "unsure": _MACHINE,
}
"""What a compensation must not depend on, and why."""

_ABROAD: Final = "customers of two countries would get more and less for the same failure"
_KNOWS: Final = "who names a promise would get more, beyond what it pays, than who was promised the same"


def unequal(policy: Policy) -> Iterator[Problem]:
    """Find compensation that depends on something else than the failure and how grave it is."""
    for rule in policy.rule:
        for name in (*rule.when.labels, *rule.when.counts):
            yield from _by(policy, rule, name)
        if (task := _milder_only(rule.when)) and (helps := _helps(policy, rule.then)):
            path = f"rule.{rule.id}.then.{helps}"
            yield error("unequal", path, f"leaves out those of a harsher {task}: {_UNEQUAL[task]}")
    for guarantee in policy.guarantee:
        for name in _UNEQUAL.keys() & {*guarantee.when.labels, *guarantee.when.counts}:
            path = f"guarantee.{guarantee.id}.when.{name}"
            yield error("unequal", path, f"pays some and not others: {_UNEQUAL[name]}")


def _by(policy: Policy, rule: Rule, name: str) -> Iterator[Problem]:
    """Judge a rule that looks at ``name``, by the band that it sets and the steps of it that pay."""
    paying = next((step for step in rule.then.steps if policy.steps[step].remedy is Remedy.COMPENSATION), None)
    at, sets = f"rule.{rule.id}", rule.then.band is not None
    if name in _UNEQUAL:
        if sets:
            message = f"treats equal cases unequally by setting a band: {_UNEQUAL[name]}"
            yield error("unequal", f"{at}.when.{name}", message)
        if paying:
            yield error("unequal", f"{at}.then.steps", f"makes {paying!r} depend on {name}: {_UNEQUAL[name]}")
    elif name == "country" and (sets or paying):
        yield warning("unequal", f"{at}.when.{name}", f"may treat equal cases unequally: {_ABROAD}")
    elif name == "guarantee" and sets:
        yield warning("unequal", f"{at}.when.{name}", f"may treat equal cases unequally: {_KNOWS}")


def _milder_only(when: When) -> str | None:
    """Name the task, conduct or tone, of which the conditions take a milder label and leave out a harsher one."""
    if "none" in (conduct := when.labels.get("conduct", NOTHING)) and len(conduct) < len(_CONDUCTS):
        return "conduct"
    tones = [tone in when.labels["tone"] for tone in _TONES] if "tone" in when.labels else []
    return "tone" if any(mild and not harsh for mild, harsh in pairwise(tones)) else None


def _helps(policy: Policy, then: Effects) -> str | None:
    """Name the first effect that makes a customer better off."""
    for name in ("priority", "queue", "band", "first_answer", "resolution", "follow_up"):
        if getattr(then, name) is not None:
            return name
    return "steps" if any(policy.steps[step].remedy for step in then.steps) else None
