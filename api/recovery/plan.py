"""A recovery plan: frozen records that become JSON and back.

``Plan.to_dict`` and ``Plan.from_dict`` are inverse to each other. Instants are in UTC; ``local`` repeats one in the
customer's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from api.recovery.case import Money
from api.recovery.policy import Remedy, Stage

__all__ = [
    "Compensation",
    "Deadline",
    "DeadlineKind",
    "GuaranteeClaim",
    "LegalTerm",
    "Note",
    "Plan",
    "PolicyVersion",
    "Reason",
    "Stake",
    "Step",
    "json_values",
]


class DeadlineKind(StrEnum):
    """What must have happened."""

    FIRST_ANSWER = "first_answer"
    RESOLUTION = "resolution"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """Which policy made the plan; ``digest`` is the SHA-256 of its content."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """``due`` and ``warn_at`` in UTC. ``basis`` says what set it: a priority, a rule or a legal clock.

    ``span`` is as the policy writes it; a follow-up is counted from the resolution, so it moves with the real one.
    """

    kind: DeadlineKind
    due: datetime
    warn_at: datetime
    timezone: str
    span: str
    basis: str

    @property
    def local(self) -> datetime:
        """The deadline on the customer's clock."""
        return self.due.astimezone(UTC if self.timezone == "UTC" else ZoneInfo(self.timezone))


@dataclass(frozen=True, slots=True)
class LegalTerm:
    """A legal term that binds the case; ``binding`` if it is what sets the resolution deadline."""

    id: str
    due: datetime
    within: str
    source: str
    url: str
    verified_on: date | None
    binding: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, by ``owner`` (a queue or an approver) or by the machine if ``automatic``.

    Without an owner of its own it is for whoever has the case when it is due.
    """

    id: str
    stage: Stage
    title: str
    remedy: Remedy | None
    owner: str | None
    automatic: bool
    due: datetime
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stake:
    """What the customer paid or lost, and who says so: the ``caller``, or the ``message``."""

    money: Money
    basis: str


@dataclass(frozen=True, slots=True)
class Compensation:
    """How much beyond making whole, and who may approve it.

    ``least`` and ``most`` are amounts where the amount at stake is known (``basis`` ``caller`` or ``message``), or
    where the band has flat amounts (``flat``).
    """

    band: str
    share: tuple[float, float]
    approver: str
    basis: str | None
    least: Money | None
    most: Money | None


@dataclass(frozen=True, slots=True)
class GuaranteeClaim:
    """A guarantee that applies. Its step pays it, ``within`` a span from receipt; no proof is asked for.

    ``share`` is of what is at stake, ``amount`` a fixed sum, one a currency. ``least`` and ``most`` are what is due
    where that can be said in money; ``basis`` is what says so: ``caller``, ``message``, or the guarantee itself
    (``flat``). Plans made before these were written have no ``within``.
    """

    id: str
    promise: str
    payout: str
    share: float | None
    step: str
    amount: tuple[Money, ...] = ()
    within: str | None = None
    basis: str | None = None
    least: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Guidance for the answer, or a flag for the people who handle it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that fired, why it exists, and the finding behind it."""

    rule: str
    why: str
    finding: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is owed to a customer, by whom, until when, and why."""

    policy: PolicyVersion
    language: str
    complaint: bool | None
    priority: str
    queue: str
    escalate_to: str
    deadlines: tuple[Deadline, ...]
    steps: tuple[Step, ...]
    compensation: Compensation
    guarantees: tuple[GuaranteeClaim, ...]
    guidance: tuple[Note, ...]
    flags: tuple[Note, ...]
    legal: tuple[LegalTerm, ...]
    reasons: tuple[Reason, ...]
    at_stake: Stake | None = None

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The kinds of remedy that the steps hold."""
        held = {step.remedy for step in self.steps}
        return tuple(remedy for remedy in Remedy if remedy in held)

    def deadline(self, kind: DeadlineKind) -> Deadline:
        """Return the deadline of ``kind``."""
        return next(deadline for deadline in self.deadlines if deadline.kind is kind)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values; ``remedies`` and local times are there to be read."""
        whole: dict[str, Any] = {name: json_values(getattr(self, name)) for name in self.__slots__}
        for deadline, written in zip(self.deadlines, whole["deadlines"], strict=True):
            written["local"] = deadline.local.isoformat()
        return {**whole, "remedies": [str(remedy) for remedy in self.remedies]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a plan from ``to_dict``'s result, or from the JSON that it became."""
        values = {name: data[name] for name in cls.__slots__ if name != "at_stake"}
        values["at_stake"] = _stake(data.get("at_stake"))
        values["policy"] = PolicyVersion(**values["policy"])
        values["compensation"] = _compensation(values["compensation"])
        for name, build in _LISTS.items():
            values[name] = tuple(build(item) for item in values[name])
        return cls(**values)


_PLAIN: Final = frozenset({str, bool, int, float, NoneType})


def json_values(value: Any) -> Any:
    """Turn a record, or what one holds, into JSON values: instants in UTC as text, money with its amount as text."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | Decimal | StrEnum):
        return str(value)
    if isinstance(value, tuple):
        return [json_values(item) for item in value]
    if hasattr(value, "__slots__"):
        return {name: json_values(getattr(value, name)) for name in value.__slots__}
    return value


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _money(data: Mapping[str, Any] | None) -> Money | None:
    return Money(data["currency"], Decimal(data["amount"])) if data else None


def _stake(data: Mapping[str, Any] | None) -> Stake | None:
    money = _money(data["money"]) if data else None
    return Stake(money, str(data["basis"])) if data and money else None


def _compensation(data: Mapping[str, Any]) -> Compensation:
    least, most = _money(data["least"]), _money(data["most"])
    return Compensation(**{**data, "share": tuple(data["share"]), "least": least, "most": most})


def _claim(data: Mapping[str, Any]) -> GuaranteeClaim:
    amount = tuple(money for each in data.get("amount", ()) if (money := _money(each)))
    least, most = _money(data.get("least")), _money(data.get("most"))
    return GuaranteeClaim(**{**data, "amount": amount, "least": least, "most": most})


def _deadline(data: Mapping[str, Any]) -> Deadline:
    values = {name: data[name] for name in Deadline.__slots__}
    kind, due, warn_at = DeadlineKind(data["kind"]), _instant(data["due"]), _instant(data["warn_at"])
    return Deadline(**{**values, "kind": kind, "due": due, "warn_at": warn_at})


def _step(data: Mapping[str, Any]) -> Step:
    remedy = Remedy(data["remedy"]) if data["remedy"] else None
    read = {
        "stage": Stage(data["stage"]),
        "remedy": remedy,
        "due": _instant(data["due"]),
        "rules": tuple(data["rules"]),
    }
    return Step(**{**data, **read})


def _legal(data: Mapping[str, Any]) -> LegalTerm:
    verified = date.fromisoformat(data["verified_on"]) if data["verified_on"] else None
    return LegalTerm(**{**data, "due": _instant(data["due"]), "verified_on": verified})


_LISTS: Mapping[str, Any] = {
    "deadlines": _deadline,
    "steps": _step,
    "legal": _legal,
    "guarantees": _claim,
    "guidance": lambda data: Note(**data),
    "flags": lambda data: Note(**data),
    "reasons": lambda data: Reason(**data),
}
