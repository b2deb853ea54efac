"""What a plan is made from: a classification, and what the caller knows besides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from api.recovery.policy import MULTI_TASKS, SINGLE_TASKS
from classifier.types import Classification

__all__ = ["Case", "Context", "Money", "Traits", "positive", "traits_of"]

NOTHING: Final[frozenset[str]] = frozenset()
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LARGEST: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    currency: str
    amount: Decimal

    @classmethod
    def read(cls, currency: Any, amount: Any) -> Self | None:
        """Read what callers say: ``BRL`` and a number above 0, JSON's own or ``"350.00"``; ``None`` for all else."""
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            return None
        read = positive(amount)
        return None if read is None else cls(currency, read)

    def times(self, share: float) -> Money:
        """Return a share of it, to the cent."""
        return Money(self.currency, (self.amount * Decimal(str(share))).quantize(Decimal("0.01")))


def positive(amount: Any) -> Decimal | None:
    """Read a number above 0, JSON's own or ``"350.00"``; ``None`` for all else, also for more than anybody owns."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return None
    try:
        read = Decimal(str(amount))
    except InvalidOperation:
        return None
    return read if read.is_finite() and 0 < read < _LARGEST else None


@dataclass(frozen=True, slots=True)
class Context:
    """What the message itself doesn't say. ``now`` and ``received_at`` must know their time zone.

    ``contacts`` counts earlier contacts about this matter, ``complaints`` earlier complaints of this customer;
    ``at_stake`` is what the customer paid or lost, and ``stake_unread`` that the caller said it in a way that can't be
    read. ``region`` is a subdivision for regional holidays (``SP`` or ``BR-SP``); one that isn't known leaves the
    policy's own. ``timezone`` overrules that of the country's calendar.
    """

    now: datetime
    received_at: datetime | None = None
    double_deviation: bool = False
    tier: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    channel: str | None = None
    contacts: int = 0
    complaints: int = 0
    at_stake: Money | None = None
    stake_unread: bool = False

    @property
    def start(self) -> datetime:
        """When the clocks start, in UTC: at receipt, but never in the future of this machine's clock."""
        received = self.received_at or self.now
        if self.now.tzinfo is None or received.tzinfo is None:
            raise ValueError("now and received_at need a time zone")
        return min(received, self.now).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A classified message with its context, as a policy is tried on it."""

    id: str
    classification: Classification
    context: Context


@dataclass(frozen=True, slots=True)
class Traits:
    """A case as rules see it: the labels it has under each name, and its counts."""

    labels: Mapping[str, frozenset[str]]
    counts: Mapping[str, int] = field(default_factory=dict)


def traits_of(classification: Classification, context: Context) -> Traits:
    """Return what rules look at. A task without an answer has no labels, so no condition on it holds."""
    labels: dict[str, frozenset[str]] = {
        "complaint": _flag(classification.complaint.label) or frozenset({"undecided"}),
        "guarantee": _flag(classification.guarantee.label if classification.guarantee else None),
        "language": frozenset({classification.language or "none"}),
        "review": _flag(classification.review.needed),
        "unsure": frozenset(reason.partition(":")[0] for reason in classification.review.reasons),
        "agency": _flag(any(fact.kind == "agency" for fact in classification.facts)),
        "double_deviation": _flag(context.double_deviation),
        "tier": _given(context.tier),
        "country": _given(context.country),
        "channel": _given(context.channel),
    }
    for name in SINGLE_TASKS:
        decision: Any = getattr(classification, name)
        labels[name] = frozenset({decision.label}) if decision else NOTHING
    for name in MULTI_TASKS:
        decision = getattr(classification, name)
        labels[name] = frozenset(decision.labels) if decision else NOTHING
        labels[f"main_{name}"] = frozenset({decision.primary}) if decision else NOTHING
    return Traits(labels, {"contacts": context.contacts, "complaints": context.complaints})


def _flag(answer: bool | None) -> frozenset[str]:  # noqa: FBT001 - a yes-or-no answer is the point
    return NOTHING if answer is None else frozenset({"yes" if answer else "no"})


def _given(value: str | None) -> frozenset[str]:
    return NOTHING if value is None else frozenset({value})
