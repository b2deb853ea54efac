from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.store import feedback, messages, reviewing, tables
from api.store.database import Store
from api.store.exports import ExportFilter
from api.store.identifiers import new_id
from api.store.records import FeedbackRecord, ReviewStatus
from classifier.taxonomy import TASKS, TaskKind
from tests.classifier.test_card import classification

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 29, tzinfo=UTC)
EVER = ExportFilter(NOW, NOW + timedelta(days=1))


async def stored(store: Store, review: str = "needed", sureness: float = 1.0) -> str:
    name = new_id()
    message: dict[str, Any] = {
        "id": name, "channel": "email", "external_id": name, "content_hash": name, "text": "Hola", "metadata": {},
        "received_at": NOW, "accepted_at": NOW, "classification": {"severity": {"label": "low"}}, "personal": [],
        "model": "m 1", "review": review, "sureness": sureness,
    }  # fmt: skip
    async with store.write() as connection:
        await connection.execute(tables.messages.insert().values(message))
    return name


async def judged(store: Store, message_id: str, reviewer: str | None, **labels: object) -> None:
    async with store.write() as connection:
        await feedback.add(connection, FeedbackRecord(new_id(), message_id, NOW, reviewer, None, None, labels, "m 1"))


async def test_the_least_sure_message_is_next_and_the_oldest_of_equally_sure_ones(store: Store) -> None:
    await stored(store, "none", sureness=0.0)
    sure, first, second, least = [await stored(store, sureness=sureness) for sureness in (0.9, 0.4, 0.4, 0.1)]
    async with store.read() as connection:
        names = [await reviewing.next_unsure(connection, after=after) for after in (None, least, first, second)]
        assert await reviewing.waiting(connection) == 4
    assert [message and message.id for message in names] == [least, first, second, sure]


async def test_the_pass_goes_on_where_it_is_while_others_judge_and_messages_come_in(store: Store) -> None:
    here, following = await stored(store, sureness=0.3), await stored(store, sureness=0.5)
    await judged(store, here, "ana", complaint=True)
    async with store.write() as connection:
        await messages.set_review(connection, here, ReviewStatus.DONE)
    urgent = await stored(store, sureness=0.01)
    async with store.read() as connection:
        names = [await reviewing.next_unsure(connection, after=after) for after in (here, following, urgent)]
    assert [message and message.id for message in names] == [following, urgent, following]


async def test_what_was_skipped_comes_again_but_not_at_once(store: Store) -> None:
    skipped = await stored(store, sureness=0.2)
    async with store.read() as connection:
        assert await reviewing.next_unsure(connection, after=skipped) is None
    last = await stored(store, sureness=0.7)
    async with store.read() as connection:
        again = await reviewing.next_unsure(connection, after=last)
    assert again is not None
    assert again.id == skipped


async def test_how_sure_the_model_was_is_stored_with_a_message(store: Store) -> None:
    found = classification()
    expected = 1.0
    for task in TASKS:
        decision = getattr(found, task.id)
        if task.kind is TaskKind.FLAG:
            expected *= max(decision.probability, 1 - decision.probability)
        else:
            expected *= decision.probabilities[decision.primary if task.kind is TaskKind.MULTI else decision.label]
    assert 0 < expected < 1
    assert messages.sureness(found) == pytest.approx(expected)
    assert messages.sureness(replace(found, severity=None)) > messages.sureness(found)


async def test_a_second_reading_is_of_what_one_other_person_read(store: Store) -> None:
    mine, theirs, both, nameless = [await stored(store, "done") for _ in range(4)]
    for message_id, readers in ((mine, ["ana"]), (theirs, ["bea"]), (both, ["ana", "bea"]), (nameless, [None])):
        for reader in readers:
            await judged(store, message_id, reader, complaint=True)
    async with store.read() as connection:
        first = await reviewing.next_second(connection, "ana", after=None)
        then = await reviewing.next_second(connection, "ana", after=theirs)
        again = await reviewing.next_second(connection, "ana", after=nameless)
    assert [message and message.id for message in (first, then, again)] == [theirs, nameless, theirs]


async def test_of_each_reader_the_last_labels_count(store: Store) -> None:
    message_id = await stored(store, "done")
    await judged(store, await stored(store, "done"), "ana", severity="low")
    await judged(store, message_id, "ana", severity="low")
    await judged(store, message_id, "ana", severity="high")
    await judged(store, message_id, "bea", severity="critical")
    async with store.read() as connection:
        found = await reviewing.readings(connection, limit=10)
        newest, other = await reviewing.reviewed(connection, EVER, limit=10)
        assert await reviewing.reviewed(connection, EVER, several=True, limit=10) == [newest]
        latest = await reviewing.judged(connection, [newest.correction])
    assert [(reading.reviewer, reading.labels) for reading in found] == [
        ("ana", {"severity": "high"}),
        ("bea", {"severity": "critical"}),
    ]
    assert (newest.message_id, other.message_id != message_id) == (message_id, True)
    assert [(item.labels, item.model) for item in latest.values()] == [({"severity": "critical"}, "m 1")]


async def test_reviewed_messages_are_looked_for_among_the_latest_corrections(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing, "LOOKED_THROUGH", 2)
    ids = [await stored(store, "done") for _ in range(3)]
    for message_id in ids:
        await judged(store, message_id, "ana", severity="low")
    async with store.read() as connection:
        found = await reviewing.reviewed(connection, EVER, limit=10)
    assert [each.message_id for each in found] == [ids[2], ids[1]]
