"""The shapes of requests and answers, as the reference shows them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from classifier.errors import RecordError
from classifier.inference import MAX_CHARACTERS
from classifier.preprocessing import mended
from classifier.records import language_code

MAX_MESSAGES: Final = 256


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
    """Messages to classify. ``evidence`` costs one more pass of the model a sentence."""

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
    language: Literal["es", "pt", "other"] | None
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
