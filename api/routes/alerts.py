"""``/v1/alerts``: complaints that rise unusually."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.early_warning.wording import LANGUAGES, sentence
from api.errors import NotFoundError, problems
from api.filters import Moment, PageQuery, Term, next_cursor
from api.schemas import Identifier
from api.service import Loaded
from api.store import alerts
from api.store.alerts import AlertFilter, AlertRecord, AlertStatus
from api.store.rows import values

__all__ = ["router"]

_LOADING: Final = {503: "The service is loading"}

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


class AlertExample(BaseModel):
    """A message of the rise; ``phrase`` is what carries the decision, personal data masked."""

    message_id: str
    case_id: str | None
    channel: str
    received_at: datetime
    language: str | None
    severity: str | None
    phrase: str | None


class Alert(BaseModel):
    """A rise of the complaints with one ``value`` of one ``dimension``, such as ``touchpoint`` or ``product``.

    ``count`` complaints in the last ``days``, where ``expected`` are usual and ``upper`` is exceeded one time in a
    hundred; ``probability`` is that of so many or more. ``since`` is when the rise began. While an alert is open the
    figures are the latest, once closed the last unusual ones.
    """

    alert_id: str
    dimension: str
    value: str
    status: AlertStatus
    raised_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    since: datetime
    days: int
    count: int
    expected: float
    upper: int
    probability: float
    summary: dict[str, str]
    examples: list[AlertExample]


class AlertPage(BaseModel):
    """Alerts, newest first; ``next_cursor`` is ``null`` on the last page."""

    alerts: list[Alert]
    next_cursor: str | None


class AlertQuery(PageQuery):
    """Filters of alerts; ``since`` is about when they were raised."""

    status: AlertStatus | None = None
    dimension: Term | None = None
    value: Term | None = None
    since: Moment | None = None

    def to_filter(self) -> AlertFilter:
        """Return the filter of the store."""
        return AlertFilter(**self.model_dump(exclude_none=True, exclude={"limit", "cursor"}))


@router.get(
    "",
    summary="List alerts, newest first",
    response_model=AlertPage,
    responses=problems({422: "A filter is wrong", **_LOADING}),
)
async def list_alerts(query: Annotated[AlertQuery, Query()], service: Loaded) -> dict[str, Any]:
    """Narrow the list by state, dimension, value, time; ``status=open`` are the rises that last."""
    async with service.store.read() as connection:
        found = await alerts.page(connection, query.to_filter(), before=query.cursor, limit=query.limit + 1)
    shown = [_shown(alert) for alert in found[: query.limit]]
    return {"alerts": shown, "next_cursor": next_cursor([alert.id for alert in found], query.limit)}


@router.get(
    "/{alert_id}",
    summary="Read an alert",
    response_model=Alert,
    responses=problems({404: "There is no such alert", **_LOADING}),
)
async def read(alert_id: Identifier, service: Loaded) -> dict[str, Any]:
    """Return an alert with its examples."""
    async with service.store.read() as connection:
        alert = await alerts.get(connection, alert_id)
    if alert is None:
        raise NotFoundError("there is no such alert")
    return _shown(alert)


def _shown(alert: AlertRecord) -> dict[str, Any]:
    summary = {language: sentence(alert, language) for language in LANGUAGES}
    return {**values(alert), "alert_id": alert.id, "summary": summary}
