from datetime import UTC, datetime
from typing import Any

import pytest

from api.store import feedback, reviewing, tables
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.records import FeedbackRecord

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 29, tzinfo=UTC)


async def stored(store: Store, review: str = "needed") -> str:
    name = new_id()
    message: dict[str, Any] = {
        "id": name, "channel": "email", "external_id": name, "content_hash": name, "text": "Hola", "metadata": {},
        "received_at": NOW, "accepted_at": NOW, "classification": {"severity": {"label": "low"}}, "personal": [],
        "model": "m 1", "review": review,
    }  # fmt: skip
    async with store.write() as connection:
        await connection.execute(tables.messages.insert().values(message))
    return name


async def judged(store: Store, message_id: str, reviewer: str | None, **labels: object) -> None:
    async with store.write() as connection:
        await feedback.add(connection, FeedbackRecord(new_id(), message_id, NOW, reviewer, None, None, labels, "m 1"))


async def test_the_oldest_unsure_message_is_next(store: Store) -> None:
    await stored(store, "none")
    first, second = await stored(store), await stored(store)
    async with store.read() as connection:
        names = [await reviewing.next_unsure(connection, after=after) for after in (None, first, second)]
        assert await reviewing.waiting(connection) == 2
    assert [message and message.id for message in names] == [first, second, None]


async def test_a_second_reading_is_of_what_one_other_person_read(store: Store) -> None:
    mine, theirs, both, nameless = [await stored(store, "done") for _ in range(4)]
    for message_id, readers in ((mine, ["ana"]), (theirs, ["bea"]), (both, ["ana", "bea"]), (nameless, [None])):
        for reader in readers:
            await judged(store, message_id, reader, complaint=True)
    async with store.read() as connection:
        first = await reviewing.next_second(connection, "ana", after=None)
        then = await reviewing.next_second(connection, "ana", after=theirs)
        last = await reviewing.next_second(connection, "ana", after=nameless)
    assert [message and message.id for message in (first, then, last)] == [theirs, nameless, None]


async def test_of_each_reader_the_last_labels_count(store: Store) -> None:
    message_id = await stored(store, "done")
    await judged(store, await stored(store, "done"), "ana", severity="low")
    await judged(store, message_id, "ana", severity="low")
    await judged(store, message_id, "ana", severity="high")
    await judged(store, message_id, "bea", severity="critical")
    async with store.read() as connection:
        found = await reviewing.readings(connection, limit=10)
        latest = await reviewing.judged(connection, limit=1)
    assert [(reading.reviewer, reading.labels) for reading in found] == [
        ("ana", {"severity": "high"}),
        ("bea", {"severity": "critical"}),
    ]
    assert [(item.labels, item.model) for item in latest] == [({"severity": "critical"}, "m 1")]
