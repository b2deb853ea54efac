"""What screens show: frozen records that become JSON as they are.

Each figure comes with the one of the period before, as many days right before the chosen ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

__all__ = [
    "Choices",
    "Count",
    "DayPrecision",
    "DayVolume",
    "Deadline",
    "Drift",
    "HeatCell",
    "Labelled",
    "Moment",
    "Moments",
    "Overview",
    "Phrase",
    "Precision",
    "Ratio",
    "RuleCount",
    "Rules",
    "Share",
    "TaskPrecision",
    "Terms",
]


@dataclass(frozen=True, slots=True)
class Count:
    """How many, and how many before."""

    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """``count`` of ``of``; ``value`` is their quotient, 0 to 1, or ``None`` of nothing."""

    count: int
    of: int
    value: float | None = field(init=False)

    def __post_init__(self) -> None:
        """Divide."""
        object.__setattr__(self, "value", self.count / self.of if self.of else None)


@dataclass(frozen=True, slots=True)
class Share:
    """A share now and before."""

    now: Ratio
    before: Ratio


@dataclass(frozen=True, slots=True)
class Labelled:
    """How many messages have a label."""

    label: str
    count: Count


@dataclass(frozen=True, slots=True)
class DayVolume:
    """A day's messages; ``severities`` counts its complaints by severity."""

    day: date
    messages: int
    complaints: int
    severities: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Complaints about a touchpoint that lack a kind of justice; a complaint may lack several."""

    touchpoint: str
    justice: str
    count: Count


@dataclass(frozen=True, slots=True)
class Deadline:
    """How the deadlines of one kind went, of cases opened in the period and not cancelled.

    ``pending`` are neither kept nor missed yet, and in no share.
    """

    kind: str
    met: Share
    missed: Count
    pending: Count


@dataclass(frozen=True, slots=True)
class Overview:
    """The first screen.

    ``needing_review`` is of all messages. ``double_deviations`` is of the cases opened, cancelled ones left out.
    """

    messages: Count
    complaints: Count
    needing_review: Share
    volume: Sequence[DayVolume]
    severities: Sequence[Labelled]
    motives: Sequence[Labelled]
    justices: Sequence[Labelled]
    tones: Sequence[Labelled]
    touchpoints: Sequence[Labelled]
    qualities: Sequence[Labelled]
    justice_by_touchpoint: Sequence[HeatCell]
    cases: Count
    deadlines: Sequence[Deadline]
    double_deviations: Share


@dataclass(frozen=True, slots=True)
class Phrase:
    """A customer's words about a touchpoint, personal data masked."""

    message_id: str
    case_id: str | None
    received_at: datetime
    channel: str
    language: str | None
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the index is made of: how many messages are no complaint, and the complaints by severity."""

    content: int
    severities: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """A touchpoint: a moment of truth.

    ``critical`` is the share of its messages that complain with high or critical severity. ``satisfaction`` is 0 to
    100 by ``Moments.formula``, ``None`` without messages; ``change`` is the difference to ``satisfaction_before``.
    """

    touchpoint: str
    messages: Count
    complaints: Count
    critical: Share
    satisfaction: float | None
    satisfaction_before: float | None
    change: float | None
    terms: Terms
    phrases: Sequence[Phrase]


@dataclass(frozen=True, slots=True)
class Moments:
    """The service cycle; ``weights`` are how much of a message's satisfaction each severity takes away."""

    moments: Sequence[Moment]
    formula: Mapping[str, str]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TaskPrecision:
    """How often people left the model's answer to a task as it was, of those that they judged."""

    task: str
    right: Share


@dataclass(frozen=True, slots=True)
class DayPrecision:
    """Reviewed messages that were received on a day, and how often the model was right, by task."""

    day: date
    reviewed: int
    right: Mapping[str, Ratio]


@dataclass(frozen=True, slots=True)
class Precision:
    """The model on what people reviewed. Uncertain messages are reviewed first, so it is better on the rest.

    ``models`` counts the reviewed messages by the model that was corrected.
    """

    reviewed: Count
    tasks: Sequence[TaskPrecision]
    over_time: Sequence[DayPrecision]
    models: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """In how many cases' present plans a rule of a policy fired."""

    policy: str
    rule: str
    cases: Count


@dataclass(frozen=True, slots=True)
class Rules:
    """What fired, most often first, in the plans of the cases opened; ``cases`` counts these."""

    cases: Count
    rules: Sequence[RuleCount]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the labels of a task moved away from the period before.

    ``index`` is the population stability index: under 0.1 steady, over 0.25 another population.
    """

    task: str
    index: float
    messages: Count


@dataclass(frozen=True, slots=True)
class Choices:
    """What filters can be set to; ``first`` and ``last`` are the days of the first and the last message (UTC)."""

    channels: Sequence[str]
    countries: Sequence[str]
    languages: Sequence[str]
    first: date | None
    last: date | None
