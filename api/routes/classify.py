"""``POST /v1/classify``: messages in, classifications out, nothing stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.batching import Request as BatchRequest
from classifier.formats.jsonlines import encode_json
from classifier.inference import MAX_CHARACTERS

MAX_MESSAGES = 256

router = APIRouter(prefix="/v1", tags=["classification"])


class Message(BaseModel):
    """One message. Without ``language`` it is told from the text."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(max_length=512, examples=["42"])]
    text: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    language: Literal["es", "pt"] | None = None


class ClassifyRequest(BaseModel):
    """Messages to classify. ``evidence`` costs one more pass of the model a sentence."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"messages": [{"id": "1", "text": "Me cobraron dos veces y nadie me devuelve el dinero."}]},
                {
                    "messages": [{"id": "2", "text": "Comprei há um mês e até agora não recebi nada."}],
                    "evidence": False,
                },
            ]
        }
    )

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
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


@router.post(
    "/classify",
    summary="Classify messages; nothing is stored",
    response_model=ClassifyResponse,
    responses={
        400: {"description": "The body is no JSON"},
        413: {"description": "The body is too large"},
        422: {"description": "A field is wrong"},
        503: {"description": "The model is loading, or too many messages wait"},
    },
)
async def classify(call: ClassifyRequest, request: Request) -> Response:
    """Classify up to 256 messages of up to 20,000 characters each."""
    service = request.app.state.service
    if service is None:
        raise HTTPException(503, "the model is being loaded", headers={"Retry-After": "1"})
    results = await service.batcher.classify(
        BatchRequest(
            texts=[message.text for message in call.messages],
            ids=[message.id for message in call.messages],
            languages=[message.language for message in call.messages],
            evidence=call.evidence,
        )
    )
    # Written directly: the results are ours and need no second validation.
    return Response(encode_json({"results": [result.to_dict() for result in results]}), media_type="application/json")
