"""``/v1/analytics``: the figures of the console as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic_core import to_json

from api.analytics.figures import Choices, Drift, Moments, Overview, Precision, Rules
from api.analytics.policy import PolicyFigures, policy_figures, policy_of, try_policy
from api.analytics.query import SelectionQuery
from api.analytics.reader import Analytics
from api.analytics.reviewed import Agreements, ModelFigures
from api.analytics.selection import Selection
from api.errors import problems
from api.recovery.reading import parse_policy
from api.service import Loaded
from classifier.errors import InputError

__all__ = ["Reader", "reader", "router"]

T = TypeVar("T")
_LARGEST_POLICY: Final = 1_000_000
_PROBLEMS: Final = problems({422: "A filter is wrong", 503: "The service is loading"})

_TRIED: Final = problems({413: "Too large for a policy", 422: "It is no policy", 503: "The service is loading"})

router = APIRouter(prefix="/v1/analytics", tags=["analytics"], default_response_class=Response)


@dataclass(frozen=True, slots=True)
class Period:
    """The days that were counted, and since when those before; ``until`` is not counted any more."""

    since: date
    until: date
    before_since: date
    timezone: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """Figures, and what they are of."""

    period: Period
    figures: T


async def reader(request: Request) -> Analytics:
    """Return the read models; ask to come back while the service is loading."""
    found: Analytics | None = request.app.state.analytics
    if found is None:
        raise HTTPException(503, "the service is loading", headers={"Retry-After": "1"})
    return found


Reader = Annotated[Analytics, Depends(reader)]
Asked = Annotated[SelectionQuery, Query()]


def _described(model: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}, **_PROBLEMS}


@router.get(
    "/overview", summary="Volume, motives, severity, justice, tone, deadlines", responses=_described(Answer[Overview])
)
async def overview(query: Asked, analytics: Reader) -> Response:
    """Return the figures of the first screen, each with the one of as many days before."""
    selection = query.to_selection()
    return _answer(selection, await analytics.overview(selection))


@router.get("/moments", summary="Moments of truth", responses=_described(Answer[Moments]))
async def moments(query: Asked, analytics: Reader) -> Response:
    """Return volume, critical share, satisfaction index and the worst phrases of each touchpoint."""
    selection = query.to_selection()
    return _answer(selection, await analytics.moments(selection))


@router.get("/precision", summary="The model on what people reviewed", responses=_described(Answer[Precision]))
async def precision(query: Asked, analytics: Reader) -> Response:
    """Return how often people left each answer as it was, also day by day."""
    selection = query.to_selection()
    return _answer(selection, await analytics.precision(selection))


@router.get("/rules", summary="Which rules of the policy fired", responses=_described(Answer[Rules]))
async def rules(query: Asked, analytics: Reader) -> Response:
    """Return in how many cases each rule fired; the period is when they were opened."""
    selection = query.to_selection()
    return _answer(selection, await analytics.rules(selection))


@router.get("/drift", summary="How far the labels moved", responses=_described(Answer[list[Drift]]))
async def drift(query: Asked, analytics: Reader) -> Response:
    """Return the population stability index of each task, against as many days before."""
    selection = query.to_selection()
    return _answer(selection, await analytics.drift(selection))


@router.get(
    "/model",
    summary="Calibration, coverage and drift of the present model, and whether training again is worth it",
    responses=_described(Answer[ModelFigures]),
)
async def model(query: Asked, analytics: Reader, service: Loaded) -> Response:
    """Return how sure the present model was and how often right, on what people reviewed; and the verdict, because."""
    selection = query.to_selection()
    return _answer(selection, await analytics.model(selection, service.classifier.model))


@router.get("/agreement", summary="How far reviewers agree", responses=_described(Answer[Agreements]))
async def agreement(query: Asked, analytics: Reader) -> Response:
    """Return for each task how often two readings of one message agree, and Krippendorff's alpha."""
    selection = query.to_selection()
    return _answer(selection, await analytics.agreement(selection))


@router.get(
    "/policy",
    summary="The policy as tables, and how often each rule fired",
    responses=_described(Answer[PolicyFigures]),
)
async def policy(query: Asked, analytics: Reader, service: Loaded) -> Response:
    """Return the rules of the policy of new cases; the period is when the cases were opened in which they fired."""
    selection = query.to_selection()
    found = policy_figures(policy_of(service.intake.planner), await analytics.rules(selection))
    return _answer(selection, found)


@router.post(
    "/policy/backtest",
    summary="What another policy would have changed",
    responses={200: {"content": {"application/json": {}}}, **_TRIED},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The policy, as in its file",
            "content": {"application/toml": {"schema": {"type": "string"}}},
        }
    },
)
async def backtest(request: Request, service: Loaded) -> Response:
    """Plan the newest 2,000 cases again by a policy, beside what was planned; nothing is stored."""
    content = await request.body()
    if len(content) > _LARGEST_POLICY:
        raise HTTPException(413, "the body is too large for a policy")
    try:
        tried = parse_policy(content.decode(), "the body")
    except UnicodeDecodeError:
        raise HTTPException(422, "the body is not text in UTF-8") from None
    except InputError as error:
        raise HTTPException(422, str(error)) from None
    trial = await try_policy(service.store, tried)
    return Response(to_json(trial.to_dict()), media_type="application/json")


@router.get("/choices", summary="What filters can be set to", responses=_described(Choices))
async def choices(analytics: Reader) -> Response:
    """Return the channels, countries and languages that there are, and the first and the last day."""
    return Response(to_json(await analytics.choices()), media_type="application/json")


def _answer(selection: Selection, figures: object) -> Response:
    period = Period(selection.since, selection.until, selection.before.since, selection.timezone)
    return Response(to_json(Answer(period, figures)), media_type="application/json")
