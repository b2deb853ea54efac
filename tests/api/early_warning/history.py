"""Complaints of past days, written straight into the tables: what a service would have stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from api.store import messages
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.records import MessageRecord
from classifier.types import Classification, FlagDecision, MultiDecision, SingleDecision
from tests.classifier.test_card import classification

TEXT = "La caja llegó rota y el repartidor se rió. Mi correo es ana.perez@example.com."


def complaint(touchpoint: str = "fulfilment", justice: Sequence[str] = ("outcome",)) -> Classification:
    result = replace(classification(), touchpoint=SingleDecision(touchpoint, {touchpoint: 1.0}), evidence=())
    return replace(result, justice=MultiDecision(justice[0], tuple(justice), dict.fromkeys(justice, 1.0)))


def record(received_at: datetime, result: Classification, **more: Any) -> MessageRecord:
    name = new_id()
    values: dict[str, Any] = {
        "id": name, "channel": "email", "external_id": name, "idempotency_key": None, "content_hash": "0" * 64,
        "text": TEXT, "metadata": {}, "customer": None, "customer_id": None, "thread_id": None,
        "received_at": received_at, "accepted_at": received_at, "case_id": None, "classification": result.to_dict(),
        "personal": [], "model": "m 1", "review": "none",
    }  # fmt: skip
    return MessageRecord(**{**values, **more})


async def tell(store: Store, moments: Sequence[datetime], result: Classification | None = None, **more: Any) -> None:
    """Store a complaint at each of some moments."""
    result = result or complaint()
    async with store.write() as connection:
        for moment in moments:
            await messages.add(connection, record(moment, result, **more), result)


async def praise(store: Store, moments: Sequence[datetime]) -> None:
    nothing = dict.fromkeys(("motive", "severity", "justice", "quality", "guarantee", "conduct"))
    await tell(store, moments, replace(complaint(), complaint=FlagDecision(label=False, probability=0.1), **nothing))


def steady(until: datetime, days: int, a_day: int, *, phase: float = 0.5) -> list[datetime]:
    """Return as many moments each day, spread over it, the last one shortly before ``until``."""
    step = timedelta(days=1) / a_day
    return [until - step * (index + phase) for index in range(days * a_day)]
