"""``POST /v1/messages/{id}/feedback``: a person's corrected labels."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends
from fastapi.openapi.models import Example

from api.access.principal import Asking
from api.corrections import keep
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.schemas import Correction, Identifier, RecordedCorrection
from api.service import Loaded
from api.store import messages
from api.store.records import FeedbackRecord
from api.store.rows import values

__all__ = ["correction_json", "router"]

_EXAMPLES: Final[dict[str, Example]] = {
    "corrección": {
        "summary": "It was graver than the model said",
        "value": {"labels": {"complaint": True, "severity": "critical"}, "reviewer": "ana"},
    },
    "sin queja": {"summary": "It was no complaint", "value": {"labels": {"complaint": False, "tone": "calm"}}},
}
_PROBLEMS: Final = {
    404: "There is no such message",
    415: "The body is not declared as JSON",
    422: "A label is not of the taxonomy; `errors` says which",
    503: "The service is loading",
}

router = APIRouter(prefix="/v1/messages", tags=["messages"])


@router.post(
    "/{message_id}/feedback",
    summary="Correct the labels of a message",
    status_code=201,
    response_model=RecordedCorrection,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses=problems(_PROBLEMS),
)
async def correct(
    message_id: Identifier,
    correction: Annotated[Correction, Body(openapi_examples=_EXAMPLES)],
    service: Loaded,
    asking: Asking,
) -> dict[str, Any]:
    """Keep a person's labels; the message has been reviewed, and its latest correction goes to training.

    What a person says is a complaint gets a case if it has none, and one that was graver a plan that owes more.
    """
    async with service.store.write() as connection:
        message = await messages.get(connection, message_id)
        if message is None:
            raise NotFoundError("there is no such message")
        kept = await keep(
            connection,
            message,
            correction.labels.model_dump(exclude_none=True),
            reviewer=asking.signs(correction.reviewer),
            comment=correction.comment,
            language=correction.language,
        )
    return correction_json(kept)


def correction_json(correction: FeedbackRecord) -> dict[str, Any]:
    """Return a correction as it is answered."""
    return {**values(correction), "feedback_id": correction.id}
