"""The daily sweep: old deliveries and old messages go, by the settings, and the store still adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from api.privacy.retention import Retention, sweep
from api.privacy.settings import PrivacySettings
from api.store import destinations
from api.store.deliveries import fan_out
from api.store.tables import deliveries, outbox
from tests.api.delivery.test_breaker import NOW as THEN
from tests.api.delivery.test_breaker import destination
from tests.api.privacy.conftest import TEXT, Office

pytestmark = pytest.mark.anyio

SETTINGS = PrivacySettings(keep_messages_days=730, keep_deliveries_days=90)


async def told(office: Office, at: datetime) -> None:
    """Deliver all that waits to one destination, long ago."""
    async with office.store.write() as connection:
        await fan_out(connection, lambda *_: True, at, limit=100)
        done = {"status": "delivered", "finished_at": at, "next_at": None}
        await connection.execute(deliveries.update().values(done))


async def test_old_deliveries_are_emptied_and_messages_stay_as_long_as_theirs(office: Office) -> None:
    async with office.store.write() as connection:
        await destinations.add(connection, destination())
    now = datetime.now(UTC)
    recent = await office.take("nota-1")
    await told(office, now - timedelta(days=91))
    erased, emptied = await sweep(office.store, office.url, SETTINGS, now)
    assert (erased, emptied) == (0, 3)
    assert (await office.message(recent.id)).text == TEXT
    async with office.store.read() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(deliveries))).scalar_one() == 0
        query = sa.select(outbox.c.data).where(outbox.c.message_id == recent.id, outbox.c.kind == "event")
        assert {str(sorted(data)) for data in (await connection.execute(query)).scalars()} == {
            "['case_id', 'channel', 'expired', 'message_id']"
        }
    assert await office.audit() == []
    assert await sweep(office.store, office.url, SETTINGS, now) == (0, 0)


async def test_a_service_without_a_term_keeps_everything(office: Office) -> None:
    await office.take("nota-1", "Todo bien.", received_at=THEN)
    assert await sweep(office.store, office.url, PrivacySettings(), datetime.now(UTC)) == (0, 0)
    retention = Retention(office.store, office.url, PrivacySettings())
    retention.start()
    await retention.stop()


async def test_an_old_message_goes(office: Office) -> None:
    old = datetime.now(UTC) - timedelta(days=731)
    message = await office.take("nota-1", "Todo bien.", received_at=old)
    assert await sweep(office.store, office.url, SETTINGS, datetime.now(UTC)) == (1, 0)
    assert (await office.message(message.id)).text == ""


@pytest.mark.parametrize("days", [0, -1, 1e6])
def test_a_term_is_a_number_of_days(days: float) -> None:
    with pytest.raises(ValueError, match="keep_messages_days"):
        PrivacySettings.model_validate({"keep_messages_days": days})


def test_destinations_can_be_listed_in_one_string() -> None:
    assert PrivacySettings.model_validate({"clear_destinations": "our crm, archive"}).clear_destinations == (
        "our crm",
        "archive",
    )
    assert PrivacySettings.model_validate({"clear_destinations": '["a"]'}).clear_destinations == ("a",)
