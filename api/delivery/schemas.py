"""The shapes of destinations and deliveries, as the reference shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from api.delivery.signing import check_secret
from api.filters import PageQuery, Term
from api.schemas import MessageLanguage, Name, storable
from api.store.deliveries import DeliveryFilter, DeliveryStatus
from api.store.destinations import DestinationKind
from api.store.records import EventType
from classifier.taxonomy import TASKS, Task, TaskKind

__all__ = [
    "Delivery",
    "DeliveryPage",
    "DeliveryQuery",
    "Destination",
    "DestinationChange",
    "DestinationPage",
    "DestinationWithSecret",
    "EventFilter",
    "NewDestination",
    "NewSecret",
    "Replayed",
]


def _listed(value: object) -> object:
    """Let one value stand for a list of it."""
    return [value] if isinstance(value, str | bool) else value


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _wanted(label: Any, description: str) -> Any:
    """Return the type and default of a key of a filter."""
    several = Annotated[
        list[label], BeforeValidator(_listed), AfterValidator(_distinct), Field(min_length=1, max_length=64)
    ]
    return (Annotated[several | None, Field(description=description)], None)


def _label_type(task: Task) -> Any:
    return bool if task.kind is TaskKind.FLAG else Literal[task.label_ids]


if TYPE_CHECKING:
    EventFilter = BaseModel
else:
    EventFilter = create_model(
        "EventFilter",
        __config__=ConfigDict(extra="forbid"),
        __doc__="What an event's message must be, if it is about one: every key, by any of its values.",
        language=_wanted(MessageLanguage, "Language of the message"),
        channel=_wanted(Annotated[str, BeforeValidator(storable), Field(max_length=64)], "Channel of the message"),
        **{task.id: _wanted(_label_type(task), task.definition.en) for task in TASKS},
    )


def _signing_secret(secret: str) -> str:
    """Refuse what Standard Webhooks can't sign with, without quoting it."""
    try:
        return check_secret(secret)
    except ValueError as error:
        raise PydanticCustomError("secret", "{reason}", {"reason": str(error)}) from None


Url = Annotated[
    str, BeforeValidator(storable), Field(min_length=1, max_length=2048, examples=["https://crm.example.com/recupera"])
]
Events = Annotated[
    list[EventType], AfterValidator(_distinct), Field(min_length=1, examples=[["case.opened", "case.closed"]])
]
Subject = Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", examples=["recupera"])]
Secret = Annotated[str, Field(min_length=1, max_length=512)]
Rate = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False, description="Deliveries a second")]
Concurrency = Annotated[int, Field(ge=1, le=100, description="Deliveries at a time")]


class NewDestination(BaseModel):
    """Who is to be told of which events. ``subject`` is for ``nats``, whose ``secret`` is the server's token."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name
    kind: Literal[DestinationKind.WEBHOOK, DestinationKind.NATS] = DestinationKind.WEBHOOK
    url: Url
    subject: Subject | None = None
    events: Events
    filter: EventFilter | None = None
    secret: Secret | None = None
    enabled: bool = True
    rate: Rate = 200.0
    concurrency: Concurrency = 8

    @model_validator(mode="after")
    def _fits_kind(self) -> NewDestination:
        """Hold that what is given is what the kind needs."""
        is_nats = self.kind is DestinationKind.NATS
        if is_nats and self.subject is None:
            raise PydanticCustomError("subject", "a destination of kind nats needs a subject")
        if not is_nats and self.subject is not None:
            raise PydanticCustomError("subject", "a subject is only for kind nats")
        if not is_nats and self.secret is not None:
            _signing_secret(self.secret)
        return self


class DestinationChange(BaseModel):
    """What is to change; what is left out stays. ``enabled`` true also ends a pause.

    With another ``secret`` both are signed with for a day.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name | None = None
    url: Url | None = None
    subject: Subject | None = None
    events: Events | None = None
    filter: EventFilter | None = None
    secret: Secret | None = None
    enabled: bool | None = None
    rate: Rate | None = None
    concurrency: Concurrency | None = None

    @model_validator(mode="after")
    def _says_something(self) -> DestinationChange:
        """Refuse ``null`` where it means nothing: only a filter can be taken away."""
        nothing = [name for name in self.model_fields_set - {"filter"} if getattr(self, name) is None]
        if nothing:
            raise PydanticCustomError("null", "only filter may be null")
        return self


class NewSecret(BaseModel):
    """The secret to change to; without one it is made, and shown once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: Secret | None = None


class Destination(BaseModel):
    """A destination; ``paused_until`` while it fails. Secrets are never shown again."""

    destination_id: str
    name: str
    kind: DestinationKind
    url: str
    subject: str | None
    events: list[EventType]
    filter: dict[str, Any]
    enabled: bool
    disabled_reason: str | None
    rate: float
    concurrency: int
    created_at: datetime
    updated_at: datetime
    failures: int
    paused_until: datetime | None
    secrets_valid: int


class DestinationWithSecret(Destination):
    """A destination just made or changed, with the secret if it was made here."""

    secret: str | None = None


class DestinationPage(BaseModel):
    """Destinations, newest first; ``next_cursor`` is ``null`` on the last page."""

    destinations: list[Destination]
    next_cursor: str | None


class Attempt(BaseModel):
    """One attempt: the status answered, or what went wrong."""

    attempt: int
    at: datetime
    ms: int
    status: int | None
    error: str | None


class Delivery(BaseModel):
    """The delivery of an event to a destination; its id is the ``webhook-id``. ``log`` holds the last attempts."""

    delivery_id: str
    destination_id: str
    event_id: str
    type: str
    message_id: str | None
    case_id: str | None
    status: DeliveryStatus
    attempts: int
    next_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    response_status: int | None
    error: str | None
    log: list[Attempt]


class DeliveryPage(BaseModel):
    """Deliveries, newest first; ``next_cursor`` is ``null`` on the last page."""

    deliveries: list[Delivery]
    next_cursor: str | None


class Replayed(BaseModel):
    """How many deliveries begin again."""

    replayed: int


class DeliveryQuery(PageQuery):
    """Filters of deliveries; ``status=dead`` are the dead letters."""

    destination_id: Term | None = None
    status: DeliveryStatus | None = None
    type: EventType | None = None
    message_id: Term | None = None
    case_id: Term | None = None
    event_id: Term | None = None

    def to_filter(self) -> DeliveryFilter:
        """Return the filter of the store."""
        return DeliveryFilter(**self.model_dump(exclude_none=True, exclude={"limit", "cursor"}))
