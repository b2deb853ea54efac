"""``POST /v1/classify``: messages in, classifications out, nothing stored."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Request
from fastapi.openapi.models import Example
from fastapi.responses import Response
from pydantic_core import to_json

from api.batching import Request as BatchRequest
from api.errors import problems, require_json
from api.schemas import ClassifyRequest, ClassifyResponse

_EXAMPLES: Final[dict[str, Example]] = {
    "español": {
        "summary": "Una queja en español",
        "value": {"messages": [{"id": "1", "text": "Me cobraron dos veces y nadie me devuelve el dinero."}]},
    },
    "português": {
        "summary": "Uma reclamação em português, sem as evidências",
        "value": {
            "messages": [{"id": "2", "text": "Comprei há um mês e até agora não recebi nada.", "language": "pt"}],
            "evidence": False,
        },
    },
}
_PROBLEMS: Final = {
    400: "The body is no JSON",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    422: "A field is wrong; `errors` says which and why",
    503: "The model is loading, or too many messages wait: try again after `Retry-After` seconds",
}

router = APIRouter(prefix="/v1", tags=["classification"])


@router.post(
    "/classify",
    summary="Classify messages; nothing is stored",
    response_model=ClassifyResponse,
    dependencies=[Depends(require_json)],
    responses=problems(_PROBLEMS),
)
async def classify(call: Annotated[ClassifyRequest, Body(openapi_examples=_EXAMPLES)], request: Request) -> Response:
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
    return Response(to_json({"results": [result.to_dict() for result in results]}), media_type="application/json")
