"""The shapes of requests and answers, as the reference shows them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from api.feedback import Labels
from api.store.records import CaseStatus, Outcome, ReviewStatus, StepStatus
from classifier.errors import RecordError
from classifier.limits import MAX_CHARACTERS
from classifier.preprocessing import mended
from classifier.records import language_code

MAX_MESSAGES: Final = 256
MAX_OBJECT_BYTES: Final = 32_768
MAX_DEPTH: Final = 16
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE: Final = timedelta(minutes=10)

MessageLanguage = Literal["es", "pt", "other"]
"""Languages that are told apart."""


def _mended(value: object) -> object:
    """Let half a surrogate pair pass as an unknown character: programs that cut texts leave such halves."""
    return mended(value) if isinstance(value, str) else value


def _language(value: object) -> object:
    """Let regions such as ``pt-BR`` go; what is unknown is refused by the type."""
    try:
        return language_code(value)
    except RecordError:
        return value


class Message(BaseModel):
    """One message. Without ``language`` it is told from the text."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, BeforeValidator(_mended), Field(max_length=512, examples=["42"])]
    text: Annotated[str, BeforeValidator(_mended), Field(max_length=MAX_CHARACTERS)]
    language: Annotated[Literal["es", "pt"] | None, BeforeValidator(_language)] = None


class ClassifyRequest(BaseModel):
    """Messages to classify. ``evidence`` costs about as much as the labels."""

    messages: Annotated[list[Message], Field(max_length=MAX_MESSAGES)]
    evidence: bool = True


class Flag(BaseModel):
    """Yes or no; ``null`` where nothing was decided."""

    label: bool | None
    probability: float | None


class Multi(BaseModel):
    """One or more labels, likeliest first."""

    primary: str
    labels: list[str]
    probabilities: dict[str, float]


class Single(BaseModel):
    """Exactly one label."""

    label: str
    probabilities: dict[str, float]


class Ordinal(Single):
    """A level; ``score`` is the expected one, 0 to 3."""

    score: float


class EvidenceSpan(BaseModel):
    """Code points ``start`` to ``end`` (exclusive) of the text as sent."""

    task: str
    label: str
    start: int
    end: int
    text: str


class FactSpan(BaseModel):
    """Something checkable that the text states."""

    kind: str
    text: str
    value: dict[str, Any]
    start: int
    end: int


class ReviewState(BaseModel):
    """Whether a person should look, and why."""

    needed: bool
    reasons: list[str]


class ModelVersion(BaseModel):
    """Which model decided."""

    name: str
    version: str
    taxonomy: str


class Result(BaseModel):
    """The classification of one message."""

    id: str
    language: MessageLanguage | None
    language_probability: float
    complaint: Flag
    motive: Multi | None
    severity: Ordinal | None
    justice: Multi | None
    quality: Single | None
    touchpoint: Single | None
    tone: Ordinal | None
    guarantee: Flag | None
    conduct: Single | None
    evidence: list[EvidenceSpan]
    facts: list[FactSpan]
    review: ReviewState
    model: ModelVersion


class ClassifyResponse(BaseModel):
    """One result a message, in their order."""

    results: list[Result]


def storable(value: Any, depth: int = 0) -> Any:
    """Put U+FFFD for what is no character or can't be stored (NUL), one for one, at any depth."""
    if depth > MAX_DEPTH:
        raise PydanticCustomError("too_deep", "is nested deeper than {most} levels", {"most": MAX_DEPTH})
    if isinstance(value, str):
        return mended(value).replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(key, depth): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    return value


def _small(value: Any) -> Any:
    """Refuse an object that is large, or holds a number that JSON has not."""
    try:
        size = len(json.dumps(value, allow_nan=False))
    except ValueError:
        raise PydanticCustomError("not_json", "holds a number that is not finite") from None
    if size > MAX_OBJECT_BYTES:
        raise PydanticCustomError("too_large", "is over {most} bytes as JSON", {"most": MAX_OBJECT_BYTES})
    return value


def _plausible(moment: datetime) -> datetime:
    """Refuse a time that no message can have been received at."""
    if moment < EARLIEST:
        raise PydanticCustomError("too_early", "is before {earliest}", {"earliest": EARLIEST.date().isoformat()})
    if moment > datetime.now(UTC) + CLOCK_TOLERANCE:
        raise PydanticCustomError("in_the_future", "is in the future")
    return moment


Object = Annotated[dict[str, JsonValue], BeforeValidator(storable), AfterValidator(_small)]
Identifier = Annotated[str, BeforeValidator(storable)]
Name = Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=128)]
Note = Annotated[str, BeforeValidator(storable), Field(max_length=4000)]


class Customer(BaseModel):
    """Who writes; whatever else is known may be added and is kept."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    id: Annotated[str, Field(min_length=1, max_length=256)]
    value_tier: Annotated[str | None, Field(max_length=64, examples=["valued"])] = None
    country: Annotated[str | None, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1", examples=["BR"])] = None


class IncomingMessage(BaseModel):
    """A message of a channel. The same ``channel`` and ``external_id`` are taken once."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=64, examples=["email"])]
    external_id: Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=512, examples=["a-1"])]
    text: Annotated[str, BeforeValidator(storable), Field(max_length=MAX_CHARACTERS)]
    received_at: Annotated[AwareDatetime, AfterValidator(_plausible)] | None = None
    customer: Annotated[Customer, BeforeValidator(_small), BeforeValidator(storable)] | None = None
    thread_id: Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=512)] | None = None
    metadata: Annotated[
        Object,
        Field(
            description="Kept as it is sent. `amount` and `currency` (ISO 4217) say what the customer paid or lost: "
            "compensation and guarantees are priced by it.",
            examples=[{"amount": "350.00", "currency": "BRL"}],
        ),
    ] = {}


class AcceptedMessage(BaseModel):
    """What became of a message; ``case_id`` and ``plan`` are ``null`` for what is no complaint."""

    message_id: str
    case_id: str | None
    classification: Result
    plan: dict[str, Any] | None


class Correction(BaseModel):
    """A person's labels. A task that is left out was not judged; ``language`` only if the model's was wrong.

    ``reviewer`` is for programs: who signed in corrects in their own name.
    """

    model_config = ConfigDict(extra="forbid")

    labels: Labels
    language: Annotated[Literal["es", "pt"] | None, BeforeValidator(_language)] = None
    reviewer: Name | None = None
    comment: Note | None = None


class RecordedCorrection(BaseModel):
    """A correction as it is stored."""

    feedback_id: str
    message_id: str
    created_at: datetime
    labels: dict[str, Any]
    language: str | None
    reviewer: str | None
    comment: str | None
    model: str


class PersonalSpan(BaseModel):
    """Code points ``start`` to ``end`` (exclusive) of the text that identify somebody."""

    kind: str
    start: int
    end: int


class StoredMessage(AcceptedMessage):
    """A message with all that is known of it."""

    channel: str
    external_id: str
    text: str
    received_at: datetime
    accepted_at: datetime
    customer: dict[str, Any] | None
    thread_id: str | None
    metadata: dict[str, Any]
    personal: list[PersonalSpan]
    review: ReviewStatus
    feedback: list[RecordedCorrection]


class ListedMessage(BaseModel):
    """A message in a list."""

    message_id: str
    case_id: str | None
    channel: str
    external_id: str
    text: str
    received_at: datetime
    accepted_at: datetime
    customer: dict[str, Any] | None
    thread_id: str | None
    review: ReviewStatus
    classification: Result


class MessagePage(BaseModel):
    """Messages, newest first; ``next_cursor`` is ``null`` on the last page."""

    messages: list[ListedMessage]
    next_cursor: str | None


class CaseStep(BaseModel):
    """A step of a plan; ``revision`` says of which, ``content`` what it asks."""

    id: str
    revision: int
    status: StepStatus
    due_at: datetime | None
    content: dict[str, Any]
    completed_at: datetime | None
    completed_by: str | None
    note: str | None


class Happening(BaseModel):
    """Something that happened to a case."""

    at: datetime
    event: str
    actor: str | None
    message_id: str | None
    detail: dict[str, Any]


class ListedCase(BaseModel):
    """A case in a list; ``thread_id`` and the customer's ``id`` are not shown to people who need not see them."""

    case_id: str
    status: CaseStatus
    outcome: Outcome | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    channel: str
    thread_id: str | None
    customer: dict[str, Any] | None
    priority: str | None
    owner: str | None
    first_answer_due: datetime | None
    resolution_due: datetime | None
    policy_version: str | None
    double_deviation: bool
    complaints: int


class Case(ListedCase):
    """A case with its present plan, the steps of all its plans, its messages and its history.

    ``openings``: once more than it was reopened. The case finishes under ``workflow_version``, with which it began.
    """

    plan: dict[str, Any] | None
    openings: int
    workflow_version: str | None
    steps: list[CaseStep]
    messages: list[str]
    history: list[Happening]


class CasePage(BaseModel):
    """Cases, newest first; ``next_cursor`` is ``null`` on the last page."""

    cases: list[ListedCase]
    next_cursor: str | None


class Completion(BaseModel):
    """Who did a step, and what there is to say. ``by`` is for programs: who signed in does things in their own name."""

    model_config = ConfigDict(extra="forbid")

    by: Name | None = None
    note: Note | None = None


class Closing(Completion):
    """How a case ended."""

    outcome: Outcome


class Assignment(Completion):
    """Who has a case from now on: a queue of the policy, or a person."""

    owner: Annotated[str, BeforeValidator(storable), Field(min_length=1, max_length=256, examples=["senior_care"])]
