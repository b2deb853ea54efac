"""Answers screens: the stored cells, and for days that changed since the rows themselves, so that nothing is late."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from api.analytics import charts
from api.analytics.cells import day_segment, mended_segment
from api.analytics.charts import Pair
from api.analytics.columns import Column, Columns, Words, decode, join
from api.analytics.figures import Choices, Drift, Moments, Overview, Precision, Rules
from api.analytics.layout import FIELDS
from api.analytics.phrases import phrases_of
from api.analytics.reviewed import Agreements, Judgements, ModelFigures, agreement_of, model_figures
from api.analytics.selection import Selection
from api.analytics.wording import FORMULA
from api.store import analytics
from api.store.analytics import Change, Kind, Segment
from api.store.database import Connection, Store
from classifier.errors import InputError
from classifier.types import ModelInfo

__all__ = ["Analytics", "count_change"]

T = TypeVar("T")
_KEPT_RANGES: Final = 4
_REPLACED: Final = 8
"""Changed days up to which a range is mended, rather than made again."""
_WARM_DAYS: Final = 730
_LATELY_DAYS: Final = 90
"""Whether another model is worth training is told from the messages of so many days, beside those before."""
_WARM_TOGETHER: Final = 32
_ROWS: Final = {Kind.MESSAGE: analytics.message_rows, Kind.CASE: analytics.case_rows}


async def count_change(store: Store, change: Change) -> Segment:
    """Count a day that changed: of one that was counted before only the hours that changed since.

    Rows are read away from the event loop where the database is a file.
    """
    kind, day = Kind(change.kind), change.day
    async with store.read() as connection:
        stored = await analytics.load(connection, kind, [day])
    revision = stored[0].revision if stored else None
    if stored and change.hours is not None:
        rows = await store.look(partial(_ROWS[kind], day=day, hours=change.hours))
        mended = await asyncio.to_thread(mended_segment, stored[0], change.hours, rows)
        if mended is not None:
            return mended
    rows = await store.look(partial(_ROWS[kind], day=day))
    return replace(await asyncio.to_thread(day_segment, kind, day, rows), revision=revision)


@dataclass(frozen=True, slots=True)
class _Day:
    """A day's cells in memory, and the state of the store that they are of."""

    state: tuple[Any, ...]
    columns: Columns
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Range:
    """The cells of several days: the state of each, and where it begins."""

    states: Sequence[tuple[Any, ...]]
    edges: Column
    columns: Columns


class Analytics:
    """Read models over a store. What was read is kept in memory, some 50 bytes a message, until it changes."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self._judgements = Judgements(store)
        self._words = Words()
        self._days: dict[tuple[Kind, date], _Day] = {}
        self._ranges: OrderedDict[tuple[Any, ...], _Range] = OrderedDict()
        self._terms: dict[str, Mapping[str, Any]] = {}
        self._reading = asyncio.Lock()

    async def warm(self) -> None:
        """Read what screens of the last year need, some days at a time, so that nobody waits for it."""
        until = self._clock().date() + timedelta(days=2)
        since = until - timedelta(days=_WARM_DAYS)
        async with self._store.read() as connection:
            changed = await analytics.changes(connection, since=since, until=until)
            stored = list((await analytics.revisions(connection, since=since, until=until)).items())
        for start in range(0, len(stored), _WARM_TOGETHER):
            some = dict(stored[start : start + _WARM_TOGETHER])
            async with self._reading, self._store.read() as connection:
                for kind in Kind:
                    await self._load(connection, kind, changed, some)

    async def overview(self, selection: Selection) -> Overview:
        """Return the first screen."""
        messages, cases = await self._pairs(selection, Kind.MESSAGE, Kind.CASE)
        now = int(self._clock().timestamp())
        return await asyncio.to_thread(charts.overview, messages, cases, now)

    async def moments(self, selection: Selection, *, phrases: int = 3) -> Moments:
        """Return the moments of truth, each with up to ``phrases`` of its worst ones."""
        (messages,) = await self._pairs(selection, Kind.MESSAGE)
        found = await asyncio.to_thread(charts.moments, messages)
        if phrases:
            shown = await phrases_of(self._store, messages.now, selection, phrases)
            found = [replace(moment, phrases=shown.get(moment.touchpoint, ())) for moment in found]
        return Moments(tuple(found), dict(FORMULA), dict(charts.WEIGHTS))

    async def precision(self, selection: Selection) -> Precision:
        """Return how the model did on what people reviewed."""
        (messages,) = await self._pairs(selection, Kind.MESSAGE)
        return await asyncio.to_thread(charts.precision, messages)

    async def rules(self, selection: Selection) -> Rules:
        """Return which rules of the policies fired, in the cases opened in the period."""
        (cases,) = await self._pairs(selection, Kind.CASE)
        return await asyncio.to_thread(charts.rules, cases)

    async def drift(self, selection: Selection) -> Sequence[Drift]:
        """Return how far the labels of each task moved away from the period before."""
        (messages,) = await self._pairs(selection, Kind.MESSAGE)
        return await asyncio.to_thread(charts.drift, messages)

    async def model(self, selection: Selection, model: ModelInfo) -> ModelFigures:
        """Return how a model does on what people reviewed, and whether training another one is worth it."""
        lately = _lately(self._clock(), selection.zone)
        found, every = await self._judgements.of((selection, None), f"{model.name} {model.version}")
        drift = await self.drift(selection)
        moved = drift if selection == lately else await self.drift(lately)
        return await asyncio.to_thread(model_figures, model, found, every, drift, moved)

    async def agreement(self, selection: Selection) -> Agreements:
        """Return how far reviewers agree with each other."""
        return await agreement_of(self._store, selection)

    async def choices(self) -> Choices:
        """Return what filters can be set to."""
        async with self._store.read() as connection:
            changed = await analytics.changes(connection)
            stored = await analytics.revisions(connection, since=date.min, until=date.max)
            self._terms |= await analytics.terms_of(connection, set(stored.values()) - self._terms.keys())
            first, last = await analytics.first_and_last(connection)
        changed_days = {(change.kind, change.day) for change in changed}
        self._terms = {revision: self._terms[revision] for revision in stored.values() if revision in self._terms}
        async with self._reading:
            late = [(await self._changed(change, stored)).terms for change in changed if change.kind == Kind.MESSAGE]
        clean = [revision for key, revision in stored.items() if key not in changed_days and revision in self._terms]
        every = [*(self._terms[revision] for revision in clean), *late]
        channels, countries = ({word for each in every for word in each[name]} for name in ("channel", "country"))
        languages = tuple(map(str, FIELDS["language"].values))
        return Choices(sorted(channels), sorted(countries), languages, first and first.date(), last and last.date())

    async def _pairs(self, selection: Selection, *kinds: Kind) -> list[Pair]:
        """Return the cells of the period and of the one before."""
        since, until = selection.before.moments[0].date(), _after(selection.moments[1])
        async with self._reading:
            async with self._store.read() as connection:
                changed = await analytics.changes(connection, since=since, until=until)
                stored = await analytics.revisions(connection, since=since, until=until)
                for kind in kinds:
                    await self._load(connection, kind, changed, stored)
            for change in (change for change in changed if change.kind in kinds):
                await self._changed(change, stored)
            days = sorted({*stored, *((change.kind, change.day) for change in changed)})
            by_kind = {kind: [day for each, day in days if each == kind] for kind in kinds}
            found = await asyncio.to_thread(lambda: [self._joined(*each) for each in by_kind.items()])
        return await asyncio.to_thread(lambda: [Pair.of(columns, selection) for columns in found])

    async def _load(
        self, connection: Connection, kind: Kind, changed: Sequence[Change], stored: Mapping[tuple[str, date], str]
    ) -> None:
        """Read the stored cells of the days that did not change since and are not in memory."""
        dirty = {(change.kind, change.day) for change in changed}
        clean = {day: rev for (each, day), rev in stored.items() if each == kind and (kind, day) not in dirty}
        missing = [day for day, revision in clean.items() if self._state(kind, day) != (revision,)]
        segments = {(each.revision,): each for each in await analytics.load(connection, kind, missing)}
        await asyncio.to_thread(self._hold, segments)

    async def _changed(self, change: Change, stored: Mapping[tuple[str, date], str]) -> _Day:
        """Return the cells of a day that changed since it was stored, counted once for each state of it."""
        kind = Kind(change.kind)
        state = (stored.get((kind, change.day)), change.last, change.count)
        if self._state(kind, change.day) != state:
            self._hold({state: await count_change(self._store, change)})
        return self._days[kind, change.day]

    def _hold(self, segments: Mapping[tuple[Any, ...], Segment]) -> None:
        for state, segment in segments.items():
            columns = decode(segment, self._words)
            self._days[Kind(segment.kind), segment.day] = _Day(state, columns, segment.terms)

    def _state(self, kind: Kind, day: date) -> tuple[Any, ...] | None:
        known = self._days.get((kind, day))
        return None if known is None else known.state

    def _joined(self, kind: Kind, days: Sequence[date]) -> Columns:
        """Return the cells of several days: made once for each range, and mended where a day of it changed."""
        held = {day: each for day in days if (each := self._days.get((kind, day))) is not None}
        states = [each.state for each in held.values()]
        known = self._ranges.get((kind, *held))
        if known is not None:
            changed = [place for place, state in enumerate(states) if state != known.states[place]]
            columns = self._mended(known, list(held.values()), changed)
        else:
            columns = join([each.columns for each in held.values()], self._words)
        edges = np.cumsum([0, *(len(each.columns) for each in held.values())])
        self._ranges[kind, *held] = _Range(states, edges, columns)
        self._ranges.move_to_end((kind, *held))
        while len(self._ranges) > _KEPT_RANGES:
            self._ranges.popitem(last=False)
        return columns

    def _mended(self, known: _Range, held: Sequence[_Day], changed: Sequence[int]) -> Columns:
        if len(changed) > _REPLACED:
            return join([each.columns for each in held], self._words)
        columns = known.columns
        for place in reversed(changed):  # what comes before stays where it is
            start, end = map(int, known.edges[place : place + 2])
            columns = columns.replaced(start, end, held[place].columns, self._words)
        return columns


def _lately(now: datetime, zone: ZoneInfo) -> Selection:
    """Return the last days, of UTC where a zone's can't be counted at present."""
    try:
        return Selection.last_days(_LATELY_DAYS, now.astimezone(zone).date(), timezone=zone.key)
    except InputError:
        return Selection.last_days(_LATELY_DAYS, now.astimezone(UTC).date())


def _after(moment: datetime) -> date:
    """Return the day after the one in which a span ends that goes to before ``moment``."""
    return (moment - timedelta(microseconds=1)).date() + timedelta(days=1)
