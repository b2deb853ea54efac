"""Looks for rises at every interval, raises each once, and closes it when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from api.background import Background
from api.early_warning.examples import example
from api.early_warning.rises import GUARD_DAYS, Counts, Judged, Slice, began, judge
from api.early_warning.settings import AlertSettings
from api.early_warning.wording import LANGUAGES, sentence
from api.store import alerts, outbox
from api.store.alerts import ALL, AlertRecord, AlertStatus
from api.store.database import Connection, Store, lock_together
from api.store.identifiers import new_id
from api.store.records import EventType

__all__ = ["Look", "Watch", "look"]

_OVER: Final = 0.05
_FEWEST: Final = 10
_MOST_VALUES: Final = 2000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. ``days`` of complaints are known; while too few for a baseline ``enough`` is false."""

    at: datetime
    days: int
    enough: bool
    raised: Sequence[AlertRecord] = ()
    closed: Sequence[AlertRecord] = ()


async def look(store: Store, settings: AlertSettings, now: datetime) -> Look:
    """Look at the complaints up to the last full interval before ``now``; store and tell what follows.

    Processes that look at the same time see the same complaints, and raise an alert once.
    """
    at = _slot(now, settings)
    async with store.read() as connection:
        counts = await _count(connection, settings, at)
    days = counts.daily.shape[1]
    if days < settings.min_days or counts.total[GUARD_DAYS:].sum() < _FEWEST:
        return Look(at, days, enough=False)
    judged = await asyncio.to_thread(judge, counts, min_count=settings.min_count)
    async with store.read() as connection:
        closed = await alerts.closed_since(connection, at - timedelta(days=GUARD_DAYS))
        known = {_slice(alert) for alert in await alerts.open_now(connection)}
        rises = [rise for rise in _rises(judged, settings, at, closed) if rise.slice not in known]
        found = [await _alert(connection, rise, settings, at) for rise in rises]
    async with store.write() as connection:
        await lock_together(connection, "early warning")
        return await _store(connection, found, judged, Look(at, days, enough=True))


class Watch(Background):
    """Looks at every interval, as long as the service runs."""

    what = "early warning waits"

    def __init__(
        self, store: Store, settings: AlertSettings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def start(self) -> None:
        """Begin, in the background, unless it is turned off."""
        if self._settings.enabled:
            super().start()

    async def _turn(self) -> float:
        """Look, and again when the next interval is over."""
        await look(self._store, self._settings, self._clock())
        following = _slot(self._clock(), self._settings) + timedelta(minutes=self._settings.interval_minutes)
        return max((following - self._clock()).total_seconds(), 0.0) + 1.0


def _slot(now: datetime, settings: AlertSettings) -> datetime:
    """Return the end of the last full interval."""
    length = settings.interval_minutes * 60
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


async def _count(connection: Connection, settings: AlertSettings, at: datetime) -> Counts:
    """Return the counts since the first day with a complaint, as far back as the baseline goes."""
    most = settings.baseline_days + GUARD_DAYS
    slices: list[Slice] = []
    table: list[Mapping[int, int]] = []
    for cut in settings.cuts:
        found = await alerts.daily_counts(connection, cut, at, most)
        largest = sorted(found, key=lambda value: (-sum(found[value].values()), value))[:_MOST_VALUES]
        slices += [Slice(cut.dimension, value) for value in largest]
        table += [found[value] for value in largest]
    days = 1 + max((max(by_day) for by_day in table), default=-1)
    daily = np.zeros((len(table), days))
    for row, by_day in enumerate(table):
        daily[row, list(by_day)] = list(by_day.values())
    total = daily[slices.index(Slice(ALL, ALL))] if slices else np.zeros(days)
    return Counts(slices, daily, total)


def _rises(
    judged: Mapping[Slice, Sequence[Judged]], settings: AlertSettings, at: datetime, closed: Sequence[AlertRecord]
) -> list[Judged]:
    """Return what is unusual, by the shortest window that shows it.

    A window that reaches back before the end of the slice's last alert would tell of the same rise again.
    """
    ended = {_slice(alert): alert.closed_at for alert in closed}
    rises = []
    for each, windows in judged.items():
        last = ended.get(each)
        new = (one for one in windows if last is None or at - timedelta(days=one.days) >= last)
        rise = next((one for one in new if one.adjusted <= settings.level_each_time), None)
        if rise is not None:
            rises.append(rise)
    return rises


async def _alert(connection: Connection, rise: Judged, settings: AlertSettings, at: datetime) -> AlertRecord:
    """Return the alert of a rise, with since when and examples."""
    cut = next(cut for cut in settings.cuts if cut.dimension == rise.slice.dimension)
    dimension, value = rise.slice.dimension, rise.slice.value
    times = await alerts.received(connection, cut, value, since=at - timedelta(days=GUARD_DAYS), until=at)
    ages = [(at - moment) / timedelta(days=1) for moment in times]
    age = began(ages, rise.daily, min_count=settings.min_count)
    since = at - timedelta(days=rise.days if age is None else age)
    shown = await alerts.examples(connection, cut, value, since=since, until=at, limit=settings.examples)
    return AlertRecord(
        id=new_id(),
        dimension=dimension,
        value=value,
        status=AlertStatus.OPEN,
        raised_at=at,
        updated_at=at,
        closed_at=None,
        since=since,
        days=rise.days,
        count=rise.count,
        expected=round(rise.expected, 2),
        upper=rise.upper,
        probability=rise.probability,
        examples=[example(message, dimension, value, phrase=settings.phrases) for message in shown],
    )


async def _store(
    connection: Connection, found: Sequence[AlertRecord], judged: Mapping[Slice, Sequence[Judged]], look: Look
) -> Look:
    """Raise what is new, follow what lasts, close what is over."""
    before = {_slice(alert): alert for alert in await alerts.open_now(connection)}
    closed = []
    for each, alert in before.items():
        after = _followed(alert, judged.get(each, ()), look.at)
        if after.status == AlertStatus.CLOSED:
            closed.append(after)
        await alerts.save(connection, after)
    raised = [alert for alert in found if _slice(alert) not in before]
    for alert in raised:
        await alerts.add(connection, alert)
        await outbox.add(connection, outbox.event(EventType.ALERT_RAISED, _told(alert), look.at))
    if raised or closed:
        log.info("early warning: %d alerts raised, %d closed", len(raised), len(closed))
    return replace(look, raised=raised, closed=closed)


def _followed(alert: AlertRecord, windows: Sequence[Judged], at: datetime) -> AlertRecord:
    """Return an open alert as it is now: closed once its window is no more than one in twenty would be."""
    now = next((one for one in windows if one.days == alert.days), None)
    if now is None or now.probability > _OVER:
        return replace(alert, status=AlertStatus.CLOSED, updated_at=at, closed_at=at)
    return replace(
        alert,
        updated_at=at,
        count=now.count,
        expected=round(now.expected, 2),
        upper=now.upper,
        probability=now.probability,
    )


def _told(alert: AlertRecord) -> dict[str, Any]:
    """Return the ``data`` of the event."""
    return {
        "message_id": None,
        "external_id": None,
        "channel": None,
        "case_id": None,
        "alert_id": alert.id,
        "dimension": alert.dimension,
        "value": alert.value,
        "days": alert.days,
        "since": alert.since.isoformat().replace("+00:00", "Z"),
        "count": alert.count,
        "expected": alert.expected,
        "upper": alert.upper,
        "probability": alert.probability,
        "summary": {language: sentence(alert, language) for language in LANGUAGES},
        "examples": list(alert.examples),
    }


def _slice(alert: AlertRecord) -> Slice:
    return Slice(alert.dimension, alert.value)
