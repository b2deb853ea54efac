from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.demo.filling import DAYS, fill, samples_of
from api.demo.samples import FILLINGS, PATTERNS
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store import messages, samples, tables
from api.store.database import Store
from api.store.identifiers import new_id
from api.store.messages import MessageFilter
from tests.api.conftest import Marked

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)


async def counted(store: Store, table: sa.Table) -> int:
    async with store.read() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


async def filled(store: Store, count: int = 24) -> None:
    await fill(store, Marked(), PolicyPlanner(default_policy()), samples_of(count, NOW), now=NOW)  # type: ignore[arg-type]


def test_samples_are_the_same_each_time_spread_and_in_both_languages() -> None:
    made = samples_of(200, NOW)
    assert made == samples_of(200, NOW)
    assert made == sorted(made, key=lambda sample: sample.at)
    assert all(NOW - timedelta(days=DAYS + 1) < sample.at < NOW for sample in made)
    assert set(Counter(sample.language for sample in made)) == {"es", "pt"}
    assert any(sample.customer != sample.number for sample in made)
    assert not any("{" in sample.text for sample in made)


@pytest.mark.parametrize("language", ["es", "pt"])
def test_every_pattern_can_be_filled(language: str) -> None:
    for pattern in PATTERNS[language]:
        for place in range(5):
            assert pattern.format(**{name: words[place] for name, words in FILLINGS[language].items()})


async def test_samples_are_marked_and_nobody_is_told_of_them(store: Store) -> None:
    await filled(store)
    async with store.read() as connection:
        found = await messages.page(connection, MessageFilter(), before=None, limit=200)
    assert len(found) == 24
    assert all(message.external_id.startswith(samples.PREFIX) for message in found)
    assert all("nobody sent this" in message.metadata["sample"] for message in found)
    assert await counted(store, tables.outbox) == 0
    assert 0 < await counted(store, tables.cases) <= 24


async def test_samples_are_taken_out_and_real_messages_stay(store: Store) -> None:
    await filled(store)
    async with store.write() as connection:
        name = new_id()
        real: dict[str, Any] = {
            "id": name, "channel": "email", "external_id": "sampled by hand", "content_hash": "x", "text": "Hola",
            "metadata": {}, "received_at": NOW, "accepted_at": NOW, "classification": {}, "personal": [],
            "model": "m 1",
            "review": "none",
        }  # fmt: skip
        await connection.execute(tables.messages.insert().values(real))
    async with store.write() as connection:
        assert await samples.remove(connection) == 24
        assert await samples.count(connection) == 0
    left = [tables.messages, tables.cases, tables.steps, tables.history, tables.feedback, tables.message_labels]
    assert [await counted(store, table) for table in left] == [1, 0, 0, 0, 0, 0]
