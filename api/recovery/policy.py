"""The shape of a recovery policy: what is owed to a customer, as one TOML file that its owner edits.

Every label is one of ``classifier.taxonomy``. Lists of priorities, queues, bands and approvers are scales, lowest
first. A rule only ever raises: of all rules that match, the most urgent priority, the highest queue, the earliest
deadline and the largest band hold, and steps, guidance and flags add up. So no rule can take away what another gave,
and the order of rules does not matter. ``api.recovery.reading`` reads and verifies such a file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from api.recovery.calendar import Window
from api.recovery.spans import Span
from classifier.taxonomy import TASK_BY_ID, TASKS

__all__ = ["ANSWERS", "Effects", "Guarantee", "Policy", "Remedy", "Rule", "Stage", "StepDefinition", "Text", "When"]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Stage(StrEnum):
    """Where a step belongs: greet, find the need, meet it, check and check again, leave the door open."""

    GREET = "greet"
    UNDERSTAND = "understand"
    RESOLVE = "resolve"
    CHECK = "check"
    OPEN_DOOR = "open_door"


ANSWERS: Final = frozenset({Stage.GREET, Stage.UNDERSTAND})
"""Stages whose steps speak with the customer; the first answer ends them."""


class Remedy(StrEnum):
    """The four answers of service recovery to a failure."""

    ADAPTABILITY = "adaptability"  # fit this customer's need
    SPONTANEITY = "spontaneity"  # act before being asked
    COMMUNICATION = "communication"  # two-way, from the customer's side
    COMPENSATION = "compensation"  # enough, and no less than others got


class Section(BaseModel):
    """A table of the file that takes no key it doesn't know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        """Name an unknown key together with those that are allowed."""
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []
        if unknown:
            close = difflib.get_close_matches(unknown[0], cls.model_fields, 1)
            hint = f"unknown key{f' (did you mean {close[0]}?)' if close else ''}; allowed: "
            raise PydanticCustomError(
                "unknown_key",
                "{hint}{allowed}",
                {"key": unknown[0], "hint": hint, "allowed": ", ".join(cls.model_fields)},
            )
        return data


class Text(Section):
    """A phrase in the three languages of the interface."""

    es: str = Field(min_length=1)
    pt: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __getitem__(self, language: str) -> str:
        """Return the phrase in ``es``, ``pt`` or ``en``."""
        phrase: str = getattr(self, language)
        return phrase


def _labels(allowed: tuple[str, ...]) -> Any:
    """Return the type of a condition on closed labels: one, several, or ``true``/``false`` for yes and no."""

    def listed(value: object) -> object:
        if isinstance(value, bool):
            value = "yes" if value else "no"
        return (value,) if isinstance(value, str) else value

    def known(values: tuple[str, ...]) -> tuple[str, ...]:
        if not values:
            raise PydanticCustomError("empty", "an empty list matches nothing: leave the key out or name labels")
        for value in values:
            if allowed and value not in allowed:
                close = difflib.get_close_matches(value, allowed, 1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                raise PydanticCustomError(
                    "label",
                    "'{value}' is not a label{hint}; allowed: {allowed}",
                    {"value": value, "hint": hint, "allowed": ", ".join(allowed)},
                )
        return values

    return Annotated[
        tuple[str, ...] | None, BeforeValidator(listed), AfterValidator(lambda v: None if v is None else known(v))
    ]


def _span(value: object) -> object:
    """Read a span of time; TOML gives text, a stored policy too."""
    return Span.parse(value) if isinstance(value, str) else value


SpanField = Annotated[Span, BeforeValidator(_span), PlainSerializer(str)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
YES_NO: Final = ("yes", "no")
SINGLE_TASKS: Final = ("severity", "quality", "touchpoint", "tone", "conduct")
MULTI_TASKS: Final = ("motive", "justice")


def _task(name: str) -> Any:
    return _labels(TASK_BY_ID[name].label_ids)


class When(Section):
    """Conditions of a rule: all must hold; of each list one is enough, and a key that is left out always holds.

    ``motive`` and ``justice`` look at every label given, ``main_motive`` and ``main_justice`` at the first alone.
    ``unsure`` names tasks whose confidence was too low to decide without a person, ``agency`` says that the message
    names a regulator or consumer agency, ``double_deviation`` that an earlier recovery has already failed.
    """

    complaint: _labels((*YES_NO, "undecided")) = None  # type: ignore[valid-type]
    motive: _task("motive") = None  # type: ignore[valid-type]
    main_motive: _task("motive") = None  # type: ignore[valid-type]
    severity: _task("severity") = None  # type: ignore[valid-type]
    justice: _task("justice") = None  # type: ignore[valid-type]
    main_justice: _task("justice") = None  # type: ignore[valid-type]
    quality: _task("quality") = None  # type: ignore[valid-type]
    touchpoint: _task("touchpoint") = None  # type: ignore[valid-type]
    tone: _task("tone") = None  # type: ignore[valid-type]
    guarantee: _labels(YES_NO) = None  # type: ignore[valid-type]
    conduct: _task("conduct") = None  # type: ignore[valid-type]
    double_deviation: _labels(YES_NO) = None  # type: ignore[valid-type]
    agency: _labels(YES_NO) = None  # type: ignore[valid-type]
    review: _labels(YES_NO) = None  # type: ignore[valid-type]
    unsure: _labels(tuple(task.id for task in TASKS)) = None  # type: ignore[valid-type]
    language: _labels(("es", "pt", "other", "none")) = None  # type: ignore[valid-type]
    tier: _labels(()) = None  # type: ignore[valid-type]
    country: _labels(()) = None  # type: ignore[valid-type]
    channel: _labels(()) = None  # type: ignore[valid-type]
    contacts_at_least: int | None = Field(default=None, ge=1)
    complaints_at_least: int | None = Field(default=None, ge=1)

    @cached_property
    def labels(self) -> dict[str, frozenset[str]]:
        """The conditions on labels, without the counts."""
        given = self.model_dump(exclude_none=True)
        return {key: frozenset(value) for key, value in given.items() if isinstance(value, tuple)}

    @cached_property
    def counts(self) -> dict[str, int]:
        """The least counts asked for, by what is counted."""
        given = self.model_dump(exclude_none=True)
        return {key.removesuffix("_at_least"): value for key, value in given.items() if isinstance(value, int)}


class Effects(Section):
    """What a rule asks for. ``resolution`` counts from receipt; ``follow_up`` from the resolution."""

    priority: str | None = None
    queue: str | None = None
    band: str | None = None
    first_answer: SpanField | None = None
    resolution: SpanField | None = None
    follow_up: SpanField | None = None
    steps: tuple[str, ...] = ()
    guidance: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Rule(Section):
    """If ``when``, then ``then``, because ``why``; ``finding`` names the research or the practice behind it."""

    id: Identifier
    when: When = When()
    then: Effects
    why: Text
    finding: str


class Finding(Section):
    """Something known about service recovery, and who found it."""

    id: Identifier
    says: Text
    source: str


class Priority(Section):
    """One level of urgency and its deadlines, both counted from receipt."""

    id: Identifier
    first_answer: SpanField
    resolution: SpanField


Share = Annotated[float, Field(ge=0, le=10)]
Amount = Annotated[float, Field(ge=0, le=1e9)]


class Band(Section):
    """How much compensation, beyond making whole: ``share`` of the amount at stake, least and most.

    ``flat`` is for cases without an amount, by currency (ISO 4217): least and most.
    """

    id: Identifier
    share: tuple[Share, Share]
    flat: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], tuple[Amount, Amount]] = Field(default_factory=dict)
    approver: str


class StepDefinition(Section):
    """A step that rules may ask for. Steps of a stage keep the order of the file.

    ``owner`` is ``owner`` (who has the case), a queue or an approver; an ``automatic`` one needs nobody. ``title`` is
    only needed for steps that the wording files don't know.
    """

    id: Identifier
    stage: Stage
    remedy: Remedy | None = None
    owner: str = "owner"
    automatic: bool = False
    title: Text | None = None


class Phrase(Section):
    """Guidance or a flag of one's own."""

    id: Identifier
    text: Text


class Payout(Section):
    """What a guarantee pays. ``share`` is of the price paid, for ``refund`` and ``credit``."""

    kind: Literal["refund", "credit", "amount", "replacement", "redo", "as_promised"]
    share: float | None = Field(default=None, gt=0, le=10)
    amount: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Annotated[float, Field(gt=0, le=1e9)]] = Field(
        default_factory=dict
    )
    within: SpanField
    automatic: bool = True


class Invocation(Section):
    """What a customer has to do to get it. ``window_days`` is how long after the failure it may be done."""

    channels: tuple[str, ...] = ("any",)
    proof: tuple[str, ...] = ()
    steps: int = Field(default=1, ge=0)
    window_days: int | None = Field(default=None, ge=1)


class Economics(Section):
    """What the firm knows about itself, to tell whether a guarantee should be offered at all.

    ``failure_rate`` is the share of sales that would be paid out, ``margin`` the share of the price that is left,
    ``in_control`` the share of failures whose cause the firm controls, ``risk_seen`` how much customers fear to lose.
    """

    failure_rate: float | None = Field(default=None, ge=0, le=1)
    margin: float | None = Field(default=None, ge=0, le=1)
    in_control: float | None = Field(default=None, ge=0, le=1)
    reputation: Literal["poor", "ordinary", "outstanding"] | None = None
    risk_seen: Literal["low", "ordinary", "high"] | None = None


class Guarantee(Section):
    """A promise that pays when it is broken. ``invoked`` asks that the message rests its claim on a promise."""

    id: Identifier
    offered: bool = True
    promise: Text
    conditions: tuple[Text, ...] = ()
    when: When = When()
    invoked: bool = True
    payout: Payout
    invoke: Invocation = Invocation()
    economics: Economics = Economics()

    @property
    def step(self) -> str:
        """Id of the step that pays it."""
        return f"pay_guarantee_{self.id}"


def _windows(values: object) -> object:
    """Read opening hours such as ``09:00-18:00``."""
    if not isinstance(values, list | tuple):
        return values
    return tuple(_window(value) if isinstance(value, str) else value for value in values)


def _window(text: str) -> Window:
    try:
        opens, closes = (_minutes(part.strip()) for part in text.split("-"))
    except ValueError:
        raise ValueError(f"{text!r} is not a pair of times: write '09:00-18:00'") from None
    if opens >= closes:
        raise ValueError(f"{text!r} closes before it opens")
    return Window(opens, closes)


def _minutes(text: str) -> int:
    if text == "24:00":
        return 24 * 60
    at = time.fromisoformat(text)
    if at != time(at.hour, at.minute):
        raise ValueError("neither seconds nor a time zone of its own")
    return at.hour * 60 + at.minute


def _written_windows(windows: tuple[Window, ...]) -> list[str]:
    return [str(window) for window in windows]


class Opening(Section):
    """Days that share opening hours."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1)
    hours: Annotated[tuple[Window, ...], BeforeValidator(_windows), PlainSerializer(_written_windows)] = Field(
        min_length=1
    )


class CalendarSection(Section):
    """When work is done in a country. ``holidays`` is its code in the ``holidays`` package; without it none."""

    timezone: str
    open: tuple[Opening, ...] = Field(min_length=1)
    holidays: str | None = None
    region: str | None = None
    categories: tuple[str, ...] = ("public",)
    closed: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()


class Legal(Section):
    """Which of ``clocks.toml`` bind this firm: ``general`` ones, and those of its sectors and obligations."""

    scopes: tuple[str, ...] = ("general",)


class Header(Section):
    """Name and version of the policy, and the language of plans for texts in neither Spanish nor Portuguese."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    taxonomy: Literal["1"] = "1"
    fallback_language: Literal["es", "pt", "en"] = "en"
    warn_at: float = Field(default=0.75, gt=0, lt=1)
    escalate_to: str


class Policy(Section):
    """A whole policy. Its lists are scales, lowest first, where order has a meaning."""

    policy: Header
    tiers: tuple[str, ...] = ()
    approvers: tuple[str, ...] = Field(min_length=1)
    queues: tuple[str, ...] = Field(min_length=1)
    legal: Legal = Legal()
    calendar: dict[str, CalendarSection]
    finding: tuple[Finding, ...]
    priority: tuple[Priority, ...] = Field(min_length=1)
    band: tuple[Band, ...] = Field(min_length=1)
    step: tuple[StepDefinition, ...]
    guidance: tuple[Phrase, ...] = ()
    flag: tuple[Phrase, ...] = ()
    guarantee: tuple[Guarantee, ...] = ()
    rule: tuple[Rule, ...] = Field(min_length=1)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal: comments and layout of the file don't count, everything else does."""
        content = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def priorities(self) -> dict[str, int]:
        """Rank of each priority, 0 the least urgent."""
        return {priority.id: rank for rank, priority in enumerate(self.priority)}

    @cached_property
    def bands(self) -> dict[str, int]:
        """Rank of each band, 0 the smallest."""
        return {band.id: rank for rank, band in enumerate(self.band)}

    @cached_property
    def queue_ranks(self) -> dict[str, int]:
        """Rank of each queue, 0 the first line."""
        return {queue: rank for rank, queue in enumerate(self.queues)}

    @cached_property
    def steps(self) -> dict[str, StepDefinition]:
        """Steps by id, in the order of stages and, within one, of the file."""
        stages = list(Stage)
        return {step.id: step for step in sorted(self.step, key=lambda step: stages.index(step.stage))}

    @cached_property
    def findings(self) -> dict[str, Finding]:
        """Findings by id."""
        return {finding.id: finding for finding in self.finding}
