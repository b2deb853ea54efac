"""The views for other programs say what the service says, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.corrections import keep
from api.store import cases, messages, samples
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.records import CaseRecord
from api.store.tables import SAMPLES
from tests.api.early_warning.history import complaint, record

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def rows(store: Store, query: str) -> list[dict[str, Any]]:
    async with store.read() as connection:
        return [dict(row) for row in (await connection.execute(sa.text(query))).mappings()]


async def stored(store: Store, labels: dict[str, Any] | None = None, **more: Any) -> str:
    """Store a complaint, corrected to ``labels`` if there are any, and return its id."""
    result = complaint(justice=("outcome", "procedural"))
    message = record(NOW, result, **more)
    async with store.write() as connection:
        await messages.add(connection, message, result)
        if labels:
            await keep(connection, message, labels, language="pt")
    return message.id


async def test_messages_as_the_model_labelled_them(store: Store) -> None:
    name = await stored(store, customer={"id": "c", "country": "BR"}, customer_id="c")
    (row,) = await rows(store, "SELECT * FROM recupera_messages")
    assert (row["message_id"], row["country"], row["touchpoint"]) == (name, "BR", "fulfilment")
    assert (bool(row["complaint"]), bool(row["corrected"])) == (True, False)
    assert "text" not in row
    assert not {"customer_id", "external_id", "thread_id"} & set(row)


async def test_labels_of_a_corrected_message_are_the_persons(store: Store) -> None:
    await stored(store, {"complaint": True, "severity": "low", "justice": ["interactional"], "guarantee": True})
    (row,) = await rows(store, "SELECT * FROM recupera_messages")
    assert (row["severity"], row["justice"], row["language"]) == ("low", "interactional", "pt")
    assert (bool(row["guarantee"]), bool(row["corrected"]), row["review"]) == (True, True, "done")
    assert row["touchpoint"] == "fulfilment"
    labels = await rows(store, "SELECT task, label FROM recupera_labels WHERE task = 'justice'")
    assert labels == [{"task": "justice", "label": "interactional"}]
    assert len(await rows(store, "SELECT 1 AS one FROM recupera_labels WHERE task = 'motive'")) > 0


async def test_what_is_no_complaint_has_no_grievance(store: Store) -> None:
    await stored(store, {"complaint": False, "tone": "calm"})
    (row,) = await rows(store, "SELECT * FROM recupera_messages")
    assert [row[task] for task in ("motive", "severity", "justice", "quality", "guarantee", "conduct")] == [None] * 6
    assert (bool(row["complaint"]), row["tone"]) == (False, "calm")
    assert await rows(store, "SELECT * FROM recupera_labels") == []


async def test_what_people_judged(store: Store) -> None:
    await stored(store, {"complaint": True, "touchpoint": "billing", "tone": None})
    found = await rows(store, "SELECT task, model_label, label, agrees FROM recupera_reviews ORDER BY task")
    assert [(row["task"], row["model_label"], row["label"], bool(row["agrees"])) for row in found] == [
        ("complaint", "yes", "yes", True),
        ("touchpoint", "fulfilment", "billing", False),
    ]


def case(**more: Any) -> CaseRecord:
    values: dict[str, Any] = {
        "id": new_id(), "status": "open", "opened_at": NOW, "updated_at": NOW, "closed_at": None, "channel": "email",
        "thread_id": None, "customer_id": "c", "customer": {"id": "c", "country": "PT"}, "priority": "normal",
        "owner": "desk", "first_answer_due": None, "resolution_due": NOW + timedelta(hours=1), "policy_version": None,
        "double_deviation": False, "complaints": 1, "revision": 1, "plan": None, "outcome": None,
    }  # fmt: skip
    return CaseRecord(**{**values, **more})


@pytest.mark.parametrize(
    ("more", "first_answer", "resolution"),
    [
        ({"closed_at": NOW + timedelta(hours=2), "status": "closed"}, None, "missed"),
        ({"closed_at": NOW, "status": "closed", "first_answer_due": NOW}, "met", "met"),
        ({"closed_at": NOW, "status": "cancelled", "first_answer_due": NOW}, None, None),
        ({"first_answer_due": NOW}, "missed", "missed"),
        ({"resolution_due": datetime.now(UTC) + timedelta(days=1)}, None, "open"),
    ],
)
async def test_how_the_deadlines_of_a_case_went(
    store: Store, more: dict[str, Any], first_answer: str | None, resolution: str | None
) -> None:
    async with store.write() as connection:
        await cases.add(connection, case(**more))
    (row,) = await rows(store, "SELECT * FROM recupera_cases")
    assert (row["first_answer"], row["resolution"], row["country"]) == (first_answer, resolution, "PT")
    assert "customer_id" not in row


async def test_every_view_says_what_is_a_sample(store: Store) -> None:
    name = f"{samples.PREFIX}1"
    for external_id, customer_id in ((name, name), (name, "c"), ("1", name), ("2", None)):
        opened = case()
        async with store.write() as connection:
            await cases.add(connection, opened)
        names = {"external_id": external_id, "customer_id": customer_id, "channel": f"{customer_id}'s"}
        await stored(store, {"complaint": True, "severity": "low"}, case_id=opened.id, **names)
    for view in ("recupera_messages", "recupera_cases", "recupera_labels", "recupera_reviews"):
        found = await rows(store, f"SELECT DISTINCT sample, count(*) AS n FROM {view} GROUP BY sample ORDER BY sample")
        assert [bool(row["sample"]) for row in found] == [False, True], view
        assert found[0]["n"] == 3 * found[1]["n"], view


async def test_samples_are_counted_from_their_index(store: Store) -> None:
    await stored(store, external_id=f"{samples.PREFIX}1", customer_id=f"{samples.PREFIX}1")
    await stored(store, external_id=f"{samples.PREFIX}2", customer_id="c")
    async with store.read() as connection:
        assert await samples.count(connection) == 1
    if store.is_sqlite:
        (step,) = await rows(store, f"EXPLAIN QUERY PLAN SELECT count(*) FROM messages WHERE {SAMPLES}")
        assert "ix_messages_samples" in step["detail"]
