"""Which message opened a case, and which case a message belongs to; on both databases."""

from collections.abc import Mapping
from typing import Any

import pytest

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
