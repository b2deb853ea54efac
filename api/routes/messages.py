"""``/v1/messages``: take a message in, read messages back."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from fastapi.openapi.models import Example

from api.access.trail import concerns
from api.errors import NotFoundError, problems, require_distinct_keys, require_json
from api.filters import MessageQuery, next_cursor
from api.intake import Incoming
from api.routes.feedback import correction_json
from api.schemas import AcceptedMessage, Identifier, IncomingMessage, MessagePage, StoredMessage
from api.service import Loaded
from api.store import cases, feedback, messages
from api.store.records import CaseRecord, MessageRecord
from api.store.rows import values

__all__ = ["router"]

_EXAMPLES: Final[dict[str, Example]] = {
    "español": {
        "summary": "Una queja por correo",
        "value": {
            "channel": "email",
            "external_id": "<1042@ejemplo.com>",
            "text": "Me cobraron dos veces y nadie me devuelve el dinero. Quiero los 350 euros ya.",
            "customer": {"id": "c-77", "value_tier": "valued", "country": "ES"},
            "thread_id": "t-9",
        },
    },
    "português": {
        "summary": "Uma reclamação pelo chat",
        "value": {"channel": "chat", "external_id": "88", "text": "Comprei há um mês e até agora não recebi nada."},
    },
}
_PROBLEMS: Final = {
    400: "The body is no JSON, or has a key twice",
    409: "The same channel and external_id, or Idempotency-Key, came before with other content",
    410: "It came before, and was erased",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    422: "A field is wrong; `errors` says which and why",
    503: "The model is loading, or too many messages wait: try again after `Retry-After` seconds; nothing was stored",
}
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]

router = APIRouter(prefix="/v1/messages", tags=["messages"])


@router.post(
    "",
    summary="Take a message in, once",
    status_code=201,
    response_model=AcceptedMessage,
    dependencies=[Depends(require_json), Depends(require_distinct_keys)],
    responses={200: {"model": AcceptedMessage, "description": "The same message came before"}, **problems(_PROBLEMS)},
)
async def take_in(
    message: Annotated[IncomingMessage, Body(openapi_examples=_EXAMPLES)],
    service: Loaded,
    request: Request,
    response: Response,
    key: Key = None,
) -> dict[str, Any]:
    """Classify and store a message; a complaint opens a recovery case, or joins the open one of its conversation.

    Whatever else is written in a conversation with an open case is an answer, and noted on it.
    """
    accepted = await service.intake.accept(_incoming(message), key)
    response.status_code = 201 if accepted.new else 200
    concerns(request, message_id=accepted.message.id)
    return _accepted(accepted.message, accepted.case)


@router.get(
    "",
    summary="List messages, newest first",
    response_model=MessagePage,
    responses=problems({422: "A filter is wrong", 503: "The service is loading"}),
)
async def list_messages(query: Annotated[MessageQuery, Query()], service: Loaded) -> dict[str, Any]:
    """Narrow the list by label, time, channel, review state; follow ``next_cursor`` to its end."""
    async with service.store.read() as connection:
        found = await messages.page(connection, query.to_filter(), before=query.cursor, limit=query.limit + 1)
    ids = [message.id for message in found]
    shown = [{**values(message), "message_id": message.id} for message in found[: query.limit]]
    return {"messages": shown, "next_cursor": next_cursor(ids, query.limit)}


@router.get(
    "/{message_id}",
    summary="Read a message",
    response_model=StoredMessage,
    responses=problems({404: "There is no such message", 503: "The service is loading"}),
)
async def read_message(message_id: Identifier, service: Loaded) -> dict[str, Any]:
    """Return a message with its classification, its case's present plan, and people's corrections, the latest last."""
    async with service.store.read() as connection:
        message = await messages.get(connection, message_id)
        if message is None:
            raise NotFoundError("there is no such message")
        case = await cases.get(connection, message.case_id) if message.case_id else None
        corrections = await feedback.of_message(connection, message.id)
    return {**values(message), **_accepted(message, case), "feedback": [correction_json(item) for item in corrections]}


def _incoming(message: IncomingMessage) -> Incoming:
    """Return a message without the keys that were not sent."""
    return Incoming(
        channel=message.channel,
        external_id=message.external_id,
        text=message.text,
        received_at=message.received_at,
        customer=message.customer.model_dump(exclude_unset=True) if message.customer else None,
        thread_id=message.thread_id,
        metadata=message.metadata,
    )


def _accepted(message: MessageRecord, case: CaseRecord | None) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "case_id": message.case_id,
        "classification": message.classification,
        "plan": case.plan if case else None,
    }
