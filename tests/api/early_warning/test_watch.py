import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.early_warning.settings import AlertSettings
from api.early_warning.watch import Look, Watch, look
from api.store import alerts, outbox
from api.store.alerts import AlertFilter, AlertRecord, AlertStatus
from api.store.database import Store
from api.store.records import OutboxKind, OutboxRecord
from classifier.types import Evidence
from tests.api.early_warning.history import TEXT, complaint, praise, steady, tell

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = AlertSettings()


async def everything(store: Store) -> list[AlertRecord]:
    async with store.read() as connection:
        return await alerts.page(connection, AlertFilter(), before=None, limit=100)


async def told(store: Store) -> list[OutboxRecord]:
    async with store.write() as connection:
        return await outbox.pending(connection, OutboxKind.EVENT)


async def quiet(store: Store, **more: Any) -> None:
    await tell(store, steady(NOW, 60, 4), **more)


def names(found: Look) -> set[tuple[str, str]]:
    return {(alert.dimension, alert.value) for alert in found.raised}


async def test_a_rise_is_raised_with_its_figures_and_its_event(store: Store) -> None:
    await quiet(store)
    await tell(store, steady(NOW, 1, 24, phase=0.1), complaint("payment"))
    found = await look(store, SETTINGS, NOW)
    assert names(found) == {
        ("all", "all"),
        ("touchpoint", "payment"),
        ("justice", "outcome"),
        ("quality", "reliability"),
    }
    alert = next(alert for alert in await everything(store) if alert.dimension == "touchpoint")
    assert (alert.status, alert.count, alert.days, alert.raised_at) == ("open", 24, 1, NOW)
    assert alert.expected < 1
    assert alert.upper < 24
    assert NOW - 1.1 * DAY < alert.since < NOW - 0.8 * DAY
    (event,) = [event for event in await told(store) if event.data["value"] == "payment"]
    assert (event.type, event.message_id, event.case_id) == ("alert.raised", None, None)
    data = json.loads(json.dumps(event.data))
    assert data["alert_id"] == alert.id
    assert (data["count"], data["upper"], data["days"]) == (24, alert.upper, 1)
    assert datetime.fromisoformat(data["since"]) == alert.since
    assert "24" in data["summary"]["pt"]
    assert len(data["examples"]) == 5


async def test_quiet_days_raise_nothing(store: Store) -> None:
    await quiet(store, metadata={"product": "lamp"})
    found = await look(store, SETTINGS, NOW)
    assert (found.enough, found.raised) == (True, [])


@pytest.mark.parametrize(("days", "enough"), [(0, False), (27, False), (28, True)])
async def test_the_first_weeks_are_for_learning(store: Store, days: int, *, enough: bool) -> None:
    await tell(store, steady(NOW, days, 4))
    await tell(store, steady(NOW, 1, 40) if days else [])
    found = await look(store, SETTINGS, NOW)
    assert (found.days, found.enough, bool(found.raised)) == (days, enough, enough)


async def test_one_old_message_is_no_history(store: Store) -> None:
    await tell(store, [NOW - 50 * DAY])
    await tell(store, steady(NOW, 3, 10))
    assert not (await look(store, SETTINGS, NOW)).enough


async def test_a_rise_that_lasts_is_raised_once_and_closed_when_over(store: Store) -> None:
    await quiet(store)
    await tell(store, steady(NOW, 1, 24), complaint("payment"))
    first = await look(store, SETTINGS, NOW)
    assert (await look(store, SETTINGS, NOW)).raised == []
    await tell(store, steady(NOW + DAY, 1, 30, phase=0.2), complaint("payment"))
    again = await look(store, SETTINGS, NOW + DAY)
    assert ("touchpoint", "payment") not in names(again)
    (alert,) = [alert for alert in await everything(store) if alert.value == "payment"]
    assert (alert.status, alert.count, alert.raised_at, alert.updated_at) == ("open", 30, NOW, NOW + DAY)
    await tell(store, steady(NOW + 2 * DAY, 2, 4))
    over = await look(store, SETTINGS, NOW + 2 * DAY + timedelta(hours=1))
    assert {alert.value for alert in over.closed} >= {"payment"}
    after = [alert for alert in await everything(store) if alert.value == "payment"]
    assert [(alert.status, alert.closed_at) for alert in after] == [("closed", NOW + 2 * DAY + timedelta(hours=1))]
    assert after[0].count == 30
    assert len(await told(store)) == len(first.raised)
    assert (await look(store, SETTINGS, NOW + 3 * DAY)).raised == []  # its week still holds the rise that was told


async def test_what_rises_again_is_raised_again(store: Store) -> None:
    await quiet(store)
    for start in (NOW, NOW + 4 * DAY):
        await tell(store, steady(start, 1, 24), complaint("payment"))
        assert ("touchpoint", "payment") in names(await look(store, SETTINGS, start))
        await look(store, SETTINGS, start + 2 * DAY)
    states = [alert.status for alert in await everything(store) if alert.value == "payment"]
    assert states == ["closed", "closed"]


async def test_a_slow_rise_shows_over_a_week(store: Store) -> None:
    await tell(store, steady(NOW, 60, 6))
    await tell(store, [NOW - 7 * DAY * index for index in range(1, 9)], complaint("payment"))
    await tell(store, steady(NOW, 7, 3), complaint("payment"))
    found = await look(store, SETTINGS, NOW)
    (alert,) = [alert for alert in found.raised if alert.value == "payment"]
    assert alert.days == 7
    assert NOW - 7.5 * DAY < alert.since < NOW - 5 * DAY


async def test_products_and_places_come_from_the_metadata(store: Store) -> None:
    await quiet(store, metadata={"product": "lamp", "store": 7, "place": None})
    more = {"product": "lamp", "place": "Porto", "aisle": "9"}
    await tell(store, steady(NOW, 1, 20, phase=0.3), complaint(justice=("procedural", "interactional")), metadata=more)
    found = await look(store, AlertSettings(metadata={"place": ("place", "store"), "aisle": ("aisle",)}), NOW)
    assert names(found) >= {("place", "Porto"), ("aisle", "9"), ("justice", "procedural"), ("justice", "interactional")}
    assert not {alert.dimension for alert in found.raised} & {"product"}
    (alert,) = [alert for alert in found.raised if alert.value == "Porto"]
    assert alert.count == 20
    assert len(alert.examples) == 5


async def test_a_customer_who_writes_often_and_praise_are_no_rise(store: Store) -> None:
    await quiet(store)
    await praise(store, steady(NOW, 1, 40, phase=0.2))
    async with store.write() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO cases (id, status, opened_at, updated_at, channel, double_deviation, complaints, revision)"
            " VALUES ('c', 'open', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'email', FALSE, 1, 1)"
        )
    await tell(store, steady(NOW, 1, 40, phase=0.7), case_id="c")
    assert (await look(store, SETTINGS, NOW)).raised == []


async def test_examples_are_the_gravest_and_their_phrases_tell_nobody(store: Store) -> None:
    span = Evidence("touchpoint", "payment", 0, len(TEXT), TEXT)
    await quiet(store)
    await tell(store, steady(NOW, 1, 24), replace(complaint("payment"), evidence=(span,)))
    await look(store, SETTINGS, NOW)
    (alert,) = [alert for alert in await everything(store) if alert.value == "payment"]
    assert alert.examples[0]["phrase"] == "La caja llegó rota y el repartidor se rió. Mi correo es <EMAIL>."
    assert "ana.perez" not in json.dumps([event.data for event in await told(store)])


async def test_phrases_can_be_left_out(store: Store) -> None:
    await quiet(store)
    span = Evidence("touchpoint", "payment", 0, 10, TEXT[:10])
    await tell(store, steady(NOW, 1, 24), replace(complaint("payment"), evidence=(span,)))
    found = await look(store, AlertSettings(phrases=False, examples=2), NOW)
    assert [example["phrase"] for example in found.raised[0].examples] == [None, None]


async def test_processes_that_look_together_raise_an_alert_once(store: Store) -> None:
    await quiet(store)
    await tell(store, steady(NOW, 1, 24), complaint("payment"))
    looks = await asyncio.gather(*(look(store, SETTINGS, NOW + timedelta(seconds=at)) for at in (0, 5, 60)))
    assert sorted(len(found.raised) for found in looks)[:2] == [0, 0]
    assert len(await told(store)) == len(await everything(store)) == 4


async def test_a_watch_looks_at_once_and_survives_a_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await quiet(store)
    await tell(store, steady(NOW, 1, 24), complaint("payment"))
    failures = iter([ValueError("ana.perez")])
    count = alerts.daily_counts

    async def failing(*args: Any) -> Any:
        if error := next(failures, None):
            raise error
        return await count(*args)

    monkeypatch.setattr("api.early_warning.watch.alerts.daily_counts", failing)
    monkeypatch.setattr(Watch, "failed_seconds", 0.01)
    watch = Watch(store, SETTINGS, clock=lambda: NOW)
    watch.start()
    async with asyncio.timeout(30):
        while not await everything(store):
            await asyncio.sleep(0.02)
    await watch.stop()
    assert {alert.status for alert in await everything(store)} == {AlertStatus.OPEN}
