"""What is wrong with a policy that can be read: rules that never act, conflicts, gaps, and unequal treatment.

Rules only raise, so most questions are answered by looking at conditions alone. Where levels are compared (does a
graver case ever get less?) every combination is tried of those values that some rule tells apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Final

from api.recovery.equality import unequal
from api.recovery.guarantee import Mark, judge, reasons_not_to_offer
from api.recovery.legal import legal_clocks
from api.recovery.opening import COUNTRY, WRITTEN, opening
from api.recovery.policy import MULTI_TASKS, Effects, Policy, When
from api.recovery.problems import Level, Problem, error, warning
from api.recovery.rules import Scale
from api.recovery.situations import SEVERITIES, TooManySituationsError, situations
from classifier.taxonomy import TASK_BY_ID, TASKS

__all__ = ["Level", "Problem", "check_policy"]

YES: Final = frozenset({"yes"})
NO: Final = frozenset({"no"})
SPOKEN: Final = frozenset({"es", "pt"})
COMPLAINTS_ONLY: Final = frozenset(task.id for task in TASKS if task.complaints_only) | {"main_motive", "main_justice"}


def check_policy(policy: Policy) -> tuple[Problem, ...]:
    """Return every problem, errors first."""
    found = [
        *_unreachable(policy),
        *_countries(policy),
        *_without_effect(policy),
        *_conflicts(policy),
        *_scales(policy),
        *_priorities(policy),
        *_bands(policy),
        *_missing(policy),
        *unequal(policy),
        *_levels(policy),
        *_unused(policy),
        *_guarantees(policy),
        *_clocks(policy),
        *opening(policy),
    ]
    return tuple(sorted(found))


def _unreachable(policy: Policy) -> Iterator[Problem]:
    """Find conditions that can't hold together."""
    for kind, owners in (("rule", policy.rule), ("guarantee", policy.guarantee)):
        for owner in owners:
            if reason := _impossible(owner.when):
                yield error("unreachable", f"{kind}.{owner.id}.when", f"never holds: {reason}")
    for guarantee in policy.guarantee:
        if guarantee.invoked and guarantee.when.labels.get("guarantee") == NO:
            path = f"guarantee.{guarantee.id}.when.guarantee"
            yield error("unreachable", path, "never holds: an invoked guarantee needs guarantee = true")


def _impossible(when: When) -> str | None:
    """Say why no case has these labels and counts."""
    labels = when.labels
    complains = "yes" in labels.get("complaint", {"yes"})
    only = sorted(COMPLAINTS_ONLY & labels.keys())
    if only and not complains:
        return f"{only[0]} is only decided for complaints"
    spoken = bool(labels.get("language", SPOKEN) & SPOKEN)
    decided = [
        name for name in labels if name in TASK_BY_ID and not (name == "complaint" and "undecided" in labels[name])
    ]
    if decided and not spoken:
        return f"{decided[0]} is only decided for Spanish and Portuguese"
    if not complains or not spoken:
        return (
            "only complaints have a plan" if not complains else "only complaints in Spanish or Portuguese have a plan"
        )
    if labels.get("unsure") and labels.get("review") == NO:
        return "whatever is unsure also needs a review"
    if when.counts.get("contacts") and labels.get("double_deviation") == NO:
        return "who has already complained of the same matter is a double deviation"
    return None


def _countries(policy: Policy) -> Iterator[Problem]:
    """Find conditions on countries that no case can be of."""
    for kind, owners in (("rule", policy.rule), ("guarantee", policy.guarantee)):
        for owner in owners:
            for country in sorted(owner.when.labels.get("country", ())):
                if not COUNTRY.fullmatch(country):
                    path = f"{kind}.{owner.id}.when.country"
                    yield error("unreachable", path, f"{country!r} never holds: {WRITTEN}")


def _without_effect(policy: Policy) -> Iterator[Problem]:
    """Find rules that others, which hold whenever they do, make superfluous."""
    for rule in policy.rule:
        wider = [other for other in policy.rule if other.id != rule.id and _implies(rule.when, other.when)]
        asked = _asked(rule.then)
        if not asked:
            yield error("no-effect", f"rule.{rule.id}.then", "asks for nothing")
        elif wider and all(any(_gives(policy, o.then, name, value) for o in wider) for name, value in asked):
            names = ", ".join(other.id for other in wider)
            yield warning(
                "no-effect", f"rule.{rule.id}", f"changes nothing: {names} hold whenever it does and ask as much"
            )


def _implies(narrow: When, wide: When) -> bool:
    """Say whether ``wide`` holds whenever ``narrow`` does."""
    again = narrow.labels.get("double_deviation") == YES or bool(narrow.counts.get("contacts"))
    known = {"complaint": YES, **({"double_deviation": YES} if again else {}), **narrow.labels}
    for name, allowed in wide.labels.items():
        given = known.get(name)
        if given is None and name in MULTI_TASKS:
            given = known.get(f"main_{name}")
        if given is None or not given <= allowed:
            return False
    counts = {**({"contacts": 1} if again else {}), **narrow.counts}
    return all(counts.get(name, 0) >= least for name, least in wide.counts.items())


def _asked(then: Effects) -> list[tuple[str, object]]:
    """Return every single thing that a rule asks for."""
    given = {name: getattr(then, name) for name in Effects.model_fields}
    lists = [(name, item) for name, value in given.items() if isinstance(value, tuple) for item in value]
    return lists + [(name, v) for name, v in given.items() if v is not None and not isinstance(v, tuple)]


def _gives(policy: Policy, then: Effects, name: str, value: object) -> bool:
    """Say whether ``then`` asks for ``value`` or for more."""
    own = getattr(then, name)
    if isinstance(own, tuple):
        return value in own
    if own is None:
        return False
    ranks = {"priority": policy.priorities, "queue": policy.queue_ranks, "band": policy.bands}.get(name)
    if ranks is not None:
        return ranks[own] >= ranks[str(value)]
    return bool(own == value)


def _conflicts(policy: Policy) -> Iterator[Problem]:
    """Find rules of equal conditions that ask for different levels, and guarantees that would both pay."""
    for one, other in combinations(policy.rule, 2):
        if one.when.labels != other.when.labels or one.when.counts != other.when.counts:
            continue
        for name in ("priority", "queue", "band", "first_answer", "resolution", "follow_up"):
            values = getattr(one.then, name), getattr(other.then, name)
            if None not in values and values[0] != values[1]:
                message = f"rule.{one.id} has the same conditions and asks for {values[0]}, not {values[1]}"
                yield error("conflict", f"rule.{other.id}.then.{name}", message)
    offered = [guarantee for guarantee in policy.guarantee if guarantee.offered]
    for first, second in combinations(offered, 2):
        if _compatible(first.when, second.when):
            message = f"can be due together with guarantee.{first.id}: the same failure would be paid twice"
            yield warning("conflict", f"guarantee.{second.id}.when", message)


def _compatible(one: When, other: When) -> bool:
    """Say whether both can hold for one case."""
    shared = (one.labels.keys() & other.labels.keys()) - {*MULTI_TASKS, "unsure"}
    return all(one.labels[name] & other.labels[name] for name in shared)


def _scales(policy: Policy) -> Iterator[Problem]:
    """Find what stands on a scale twice, so that nobody can tell how high it is."""
    for name in ("tiers", "approvers", "queues"):
        for item, count in Counter(getattr(policy, name)).items():
            if count > 1:
                yield error("conflict", f"{name}.{item}", f"is there {count} times: its place in the scale is unclear")


def _priorities(policy: Policy) -> Iterator[Problem]:
    """Find priorities that don't rise."""
    for priority in policy.priority:
        if priority.first_answer.hours > priority.resolution.hours:
            path = f"priority.{priority.id}.first_answer"
            yield error("conflict", path, "comes after the resolution")
    for lower, higher in pairwise(policy.priority):
        for name in ("first_answer", "resolution"):
            if getattr(higher, name).hours > getattr(lower, name).hours:
                path = f"priority.{higher.id}.{name}"
                yield error("conflict", path, f"is slower than that of the less urgent {lower.id!r}")


def _bands(policy: Policy) -> Iterator[Problem]:
    """Find bands that don't rise."""
    for band in policy.band:
        if band.share[0] > band.share[1] or any(least > most for least, most in band.flat.values()):
            yield error("conflict", f"band.{band.id}", "its least is more than its most")
    for small, large in pairwise(policy.band):
        if large.share[0] < small.share[0] or large.share[1] < small.share[1]:
            yield error("conflict", f"band.{large.id}.share", f"pays less than the smaller {small.id!r}")
        if policy.approvers.index(large.approver) < policy.approvers.index(small.approver):
            path = f"band.{large.id}.approver"
            yield warning("conflict", path, f"is approved lower down than the smaller {small.id!r}")


def _missing(policy: Policy) -> Iterator[Problem]:
    """Find motives and kinds of injustice that no rule answers."""
    helping = [rule for rule in policy.rule if any(policy.steps[step].remedy for step in rule.then.steps)]
    for task in MULTI_TASKS:
        for label in TASK_BY_ID[task].label_ids:
            if not any(label in rule.when.labels.get(task, ()) for rule in helping):
                yield warning("missing", "rule", f"no rule answers {task} {label!r} with a remedy")


def _levels(policy: Policy) -> Iterator[Problem]:
    """Find severities without a level, and graver cases that get less."""
    scales: tuple[tuple[Scale, Mapping[str, int]], ...] = (("priority", policy.priorities), ("band", policy.bands))
    for scale, ranks in scales:
        try:
            yield from _on_scale(policy, scale, ranks)
        except TooManySituationsError:
            yield warning("too-many", "rule", f"rules on {scale} tell too many cases apart to try them all")


def _on_scale(policy: Policy, scale: Scale, ranks: Mapping[str, int]) -> Iterator[Problem]:
    """Try every situation; of each fault the first one tells."""
    rules, every = situations(policy, scale)
    told: set[str] = set()
    for situation in every:
        asked = {severity: situation.asked(rules, scale, severity) for severity in SEVERITIES}
        where = f", where {situation}" if str(situation) else ""
        for severity in (severity for severity, levels in asked.items() if not levels):
            if severity not in told:
                told.add(severity)
                yield error("missing", f"rule.then.{scale}", f"no rule sets it for severity {severity!r}{where}")
        got = {
            severity: max(levels, key=ranks.__getitem__, default=next(iter(ranks)))
            for severity, levels in asked.items()
        }
        for low, high in pairwise(SEVERITIES):
            if ranks[got[high]] < ranks[got[low]] and low + high not in told:
                told.add(low + high)
                message = f"severity {high!r} gets {got[high]!r}, less than {got[low]!r} of {low!r}{where}"
                yield error("lowering", f"rule.then.{scale}", message)


def _unused(policy: Policy) -> Iterator[Problem]:
    """Find what is defined and never asked for."""
    used = {
        name: {value for rule in policy.rule for value in _values(rule.then, name)} for name in Effects.model_fields
    }
    own_guidance, own_flags = ([phrase.id for phrase in own] for own in (policy.guidance, policy.flag))
    for kind, defined, name in (
        ("step", policy.steps, "steps"), ("priority", policy.priorities, "priority"), ("band", policy.bands, "band"),
        ("guidance", own_guidance, "guidance"), ("flag", own_flags, "flags"),
    ):  # fmt: skip
        for item in defined:
            if item not in used[name] and not (kind in ("priority", "band") and item == next(iter(defined))):
                yield warning("unused", f"{kind}.{item}", "no rule asks for it")
    findings = {rule.finding for rule in policy.rule}
    for finding in policy.findings.keys() - findings:
        yield warning("unused", f"finding.{finding}", "no rule rests on it")


def _values(then: Effects, name: str) -> Iterable[str]:
    value = getattr(then, name)
    return value if isinstance(value, tuple) else [str(value)]


def _guarantees(policy: Policy) -> Iterator[Problem]:
    """Judge each guarantee by the six criteria, and say which should not be offered."""
    for guarantee in policy.guarantee:
        path = f"guarantee.{guarantee.id}"
        for judgement in judge(guarantee):
            if judgement.mark is Mark.NOT_MET:
                yield (error if guarantee.offered else warning)(
                    "guarantee", path, f"is not {judgement.criterion}: {judgement.reason}"
                )
            elif judgement.mark is Mark.PARTLY:
                yield warning("guarantee", path, f"is only partly {judgement.criterion}: {judgement.reason}")
        if guarantee.offered:
            for reason in reasons_not_to_offer(guarantee.economics):
                yield warning("guarantee", path, f"should not be offered: {reason}")


def _clocks(policy: Policy) -> Iterator[Problem]:
    """Find legal scopes that don't exist, and terms that nobody has verified."""
    known = sorted({clock.scope for clock in legal_clocks()})
    for scope in policy.legal.scopes:
        if scope not in known:
            yield error("legal", "legal.scopes", f"there is no clock of scope {scope!r}; there are {', '.join(known)}")
    for clock in legal_clocks():
        if clock.scope in policy.legal.scopes and clock.verified_on is None:
            message = (
                f"the term {clock.id!r} ({clock.source}) has not been compared with its source, so it binds no plan"
            )
            yield warning("legal", "legal.scopes", message)
        if clock.scope in policy.legal.scopes and clock.country not in policy.calendar:
            yield warning("legal", f"calendar.{clock.country}", f"is missing, and the term {clock.id!r} needs it")
