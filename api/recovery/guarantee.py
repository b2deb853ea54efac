"""Whether a guarantee keeps the six criteria of a good one, and whether it should be offered at all.

Criteria after Hart (Harvard Business Review 66(4), 1988) and Lovelock & Wirtz, *Services Marketing*: unconditional,
easy to understand, meaningful, easy to invoke, easy to collect, credible. The same authors name when to offer none:
service is still poor, its quality is out of the firm's control, customers see little risk, or the firm's name
already stands for excellence. The limits below are ours: a policy's owner may judge otherwise, so only a guarantee
that defeats its own purpose is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.recovery.policy import Economics, Guarantee
from api.recovery.wording import LANGUAGES

__all__ = ["Criterion", "Judgement", "Mark", "judge", "reasons_not_to_offer"]

MOST_CONDITIONS: Final = 2
MOST_WORDS: Final = 25
LEAST_SHARE: Final = 0.10
FULL_SHARE: Final = 1.0
MOST_STEPS: Final = 2
LEAST_WINDOW_DAYS: Final = 14
MOST_HOURS_TO_PAY: Final = 14 * 24.0
PROMPT_HOURS: Final = 7 * 24.0
POOR_FAILURE_RATE: Final = 0.20
LEAST_CONTROL: Final = 0.50

_LEGALESE: Final = re.compile(
    r"\b(sujet[oa]s? a|salvo|excepto|siempre que|conforme a|mediante|términos y condiciones|sujeit[oa]s? a|exceto|"
    r"desde que|nos termos|termos e condições|subject to|except|provided that|pursuant|terms and conditions)\b",
    re.IGNORECASE,
)


class Criterion(StrEnum):
    """What makes a guarantee a good one."""

    UNCONDITIONAL = "unconditional"
    UNDERSTANDABLE = "easy to understand"
    MEANINGFUL = "meaningful"
    INVOKED = "easy to invoke"
    COLLECTED = "easy to collect"
    CREDIBLE = "credible"


class Mark(StrEnum):
    """How well a criterion is met."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not met"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One criterion, and why it is met or not."""

    criterion: Criterion
    mark: Mark
    reason: str


def judge(guarantee: Guarantee) -> tuple[Judgement, ...]:
    """Judge a guarantee by all six criteria."""
    marks = (_unconditional, _understandable, _meaningful, _invoked, _collected, _credible)
    return tuple(Judgement(criterion, *mark(guarantee)) for criterion, mark in zip(Criterion, marks, strict=True))


Marked = tuple[Mark, str]


def _unconditional(guarantee: Guarantee) -> Marked:
    count = len(guarantee.conditions)
    if not count:
        return Mark.MET, "it has no conditions"
    named = "; ".join(condition.en for condition in guarantee.conditions)
    mark = Mark.PARTLY if count <= MOST_CONDITIONS else Mark.NOT_MET
    return mark, f"it depends on {count} condition{'s' * (count > 1)}: {named}"


def _understandable(guarantee: Guarantee) -> Marked:
    for language in LANGUAGES:
        promise = guarantee.promise[language]
        words = len(promise.split())
        if words > MOST_WORDS:
            return Mark.NOT_MET, f"the promise ({language}) has {words} words: say it in {MOST_WORDS}"
        if clause := _LEGALESE.search(promise):
            return Mark.PARTLY, f"the promise ({language}) speaks like a contract: {clause[0]!r}"
    return Mark.MET, f"the promise is one short sentence of at most {MOST_WORDS} words in each language"


def _meaningful(guarantee: Guarantee) -> Marked:
    payout = guarantee.payout
    if payout.kind in ("replacement", "redo", "as_promised"):
        return Mark.MET, "it gives what was promised"
    if payout.kind == "amount":
        return (Mark.PARTLY, "a fixed amount: small for a large loss") if payout.amount else (Mark.NOT_MET, "no amount")
    share = payout.share or 0.0
    if share < LEAST_SHARE:
        return Mark.NOT_MET, f"it pays {share:.0%} of the price: too little to matter (from {LEAST_SHARE:.0%})"
    if share < FULL_SHARE:
        return Mark.PARTLY, f"it pays {share:.0%} of the price, not all of it"
    return Mark.MET, f"it pays {share:.0%} of the price"


def _invoked(guarantee: Guarantee) -> Marked:
    invoke = guarantee.invoke
    if invoke.proof:
        return Mark.NOT_MET, f"it asks the customer for proof: {', '.join(invoke.proof)}"
    if invoke.steps > MOST_STEPS:
        return Mark.NOT_MET, f"the customer has to take {invoke.steps} steps"
    if invoke.window_days is not None and invoke.window_days < LEAST_WINDOW_DAYS:
        return Mark.PARTLY, f"it must be invoked within {invoke.window_days} days"
    if invoke.channels != ("any",) and len(invoke.channels) < 2:
        return Mark.PARTLY, f"only by {', '.join(invoke.channels) or 'no channel'}"
    return Mark.MET, "by any message, without proof" if guarantee.invoked else "nobody needs to invoke it"


def _collected(guarantee: Guarantee) -> Marked:
    payout = guarantee.payout
    if payout.within.hours > MOST_HOURS_TO_PAY:
        return Mark.NOT_MET, f"it pays within {payout.within}: that is long to wait for what is due"
    if payout.kind == "credit":
        return Mark.PARTLY, "it pays in credit, which is worth nothing to somebody who leaves"
    if payout.within.hours > PROMPT_HOURS:
        return Mark.PARTLY, f"it pays within {payout.within}: sooner is better"
    return Mark.MET, f"it pays within {payout.within}{', by itself' if payout.automatic else ''}"


def _credible(guarantee: Guarantee) -> Marked:
    facts, share = guarantee.economics, guarantee.payout.share
    if facts.failure_rate is None or facts.margin is None:
        return Mark.PARTLY, "say economics.failure_rate and economics.margin, so that its cost can be judged"
    if share is None:
        return Mark.MET, f"it is broken in {facts.failure_rate:.0%} of sales, and what was promised is what is given"
    cost = facts.failure_rate * share
    if cost > facts.margin:
        return Mark.NOT_MET, f"it would cost {cost:.1%} of sales, more than the margin of {facts.margin:.0%}"
    return Mark.MET, f"it costs about {cost:.1%} of sales, within the margin of {facts.margin:.0%}"


def reasons_not_to_offer(facts: Economics) -> Iterator[str]:
    """Say why a firm like this should not offer a guarantee (yet)."""
    if facts.failure_rate is not None and facts.failure_rate >= POOR_FAILURE_RATE:
        yield f"it would be broken in {facts.failure_rate:.0%} of sales: improve the service first"
    if facts.reputation == "poor":
        yield "the service has a poor name: improve it first, then promise"
    if facts.in_control is not None and facts.in_control < LEAST_CONTROL:
        yield f"only {facts.in_control:.0%} of the failures have causes that the firm controls"
    if facts.risk_seen == "low":
        yield "customers see little risk in buying: the guarantee would cost more than it says"
    if facts.reputation == "outstanding":
        yield "the firm already stands for excellence: a guarantee may suggest doubt"
