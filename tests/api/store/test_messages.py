"""Which message opened a case, and which case a message belongs to; on both databases."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from api.store import messages
from api.store.database import Store
from tests.api.labelled import MILD, Counter

pytestmark = pytest.mark.anyio

ANA = {"id": "ana", "country": "ES"}
BRUNO = {"id": "bruno", "country": "ES"}


@pytest.fixture
async def counter(store: Store) -> Counter:
    return await Counter.opened(store)


async def test_the_first_message_of_a_case_opened_it(counter: Counter) -> None:
    first = await counter.write(MILD)
    case = await counter.complain(MILD)
    other = await counter.write(MILD, customer=BRUNO)
    assert other.case
    async with counter.store.read() as connection:
        assert (await messages.first_of(connection, case.id)).id == first.message.id
        assert (await messages.first_of(connection, other.case.id)).id == other.message.id
        with pytest.raises(LookupError, match="no message"):
            await messages.first_of(connection, "unknown")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"customer": ANA}, {"customer": ANA}, True),
        ({"customer": ANA}, {"customer": BRUNO}, False),
        ({"customer": ANA, "thread_id": "t"}, {"customer": ANA, "thread_id": "t"}, True),
        ({"customer": ANA, "thread_id": "t"}, {"customer": ANA, "thread_id": "other"}, False),
        ({"customer": ANA, "thread_id": "t"}, {"customer": ANA}, False),
        ({"customer": ANA, "thread_id": "t"}, {"customer": BRUNO, "thread_id": "t"}, True),
        ({"customer": None, "thread_id": "t"}, {"customer": None, "thread_id": "t"}, True),
        ({"customer": None, "thread_id": "t"}, {"customer": ANA, "thread_id": "t"}, True),
        ({"customer": None, "thread_id": "t"}, {"customer": None, "thread_id": "other"}, False),
        ({"customer": None}, {"customer": None}, False),
    ],
)
async def test_a_case_is_of_a_customer_s_thread_or_of_a_channel_s(
    counter: Counter, first: Mapping[str, Any], second: Mapping[str, Any], same: bool
) -> None:
    opened = await counter.complain(MILD, **first)
    assert ((await counter.complain(MILD, **second)).id == opened.id) is same


async def test_the_longest_names_of_customer_and_thread_are_taken(counter: Counter) -> None:
    characters = random.Random(1)
    customer, thread = ("".join(chr(characters.randrange(0x20000, 0x2A6D6)) for _ in range(n)) for n in (256, 512))
    conversation: dict[str, Any] = {"customer": {**ANA, "id": customer}, "thread_id": thread}
    opened = await counter.complain(MILD, **conversation)
    assert (opened.customer_id, opened.thread_id) == (customer, thread)
    assert (await counter.complain(MILD, **conversation)).id == opened.id


@pytest.mark.parametrize("thread", ["= :thread", "IS NULL"])
async def test_a_conversation_is_found_within_its_indexes(counter: Counter, thread: str) -> None:
    if not counter.store.is_sqlite:
        pytest.skip("SQLite tells its plan in words")
    theirs = f"customer_id = :customer AND thread_id {thread} OR thread_id = :thread AND channel = :channel"
    query = sa.text(f"EXPLAIN QUERY PLAN SELECT case_id FROM messages WHERE {theirs}")
    async with counter.store.read() as connection:
        found = await connection.execute(query, {"customer": "c", "thread": "t", "channel": "email"})
        plan = [line.detail for line in found if "messages" in line.detail]
    names = ("ix_messages_customer_id ", "ix_messages_thread_id_channel ")
    assert [name in line for name, line in zip(names, plan, strict=True)] == [True, True], plan
