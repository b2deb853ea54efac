"""Business time: opening hours in a time zone, public holidays, and clocks that jump twice a year.

Every opening window is an interval of UTC instants made from wall-clock times, so an hour that daylight saving takes
away is not counted, and one that it repeats is counted twice, as the people at work live it. Holidays come from the
``holidays`` package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from api.recovery.spans import Span, Unit
from classifier.accents import without_accents

__all__ = ["BusinessCalendar", "Window", "holiday_problem", "known_region", "public_holidays"]

_HORIZON: Final = timedelta(days=3660)
_LAST_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Opening hours of a day as minutes after its midnight, ``end`` exclusive and at most 1,440."""

    start: int
    end: int

    def __str__(self) -> str:
        return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (self.start, self.end))


@lru_cache(maxsize=256)
def public_holidays(country: str, region: str | None, categories: tuple[str, ...]) -> holidays.HolidayBase:
    """Return the holidays of a country, with those of a region where the package knows it."""
    return holidays.country_holidays(country, subdiv=known_region(country, region), categories=categories)


def known_region(country: str, region: str | None) -> str | None:
    """Return a region's code, ``CT`` for ``ES-CT``, ``Cataluña`` and ``catalunya``; ``None`` if it is unknown."""
    return _regions(country).get(_plain(region)) if region else None


def holiday_problem(country: str, region: str | None, categories: tuple[str, ...]) -> str | None:
    """Say what the ``holidays`` package does not know of a calendar, ``None`` if it knows all."""
    if country not in holidays.list_supported_countries(include_aliases=True):
        return f"the holidays package has no country {country!r}"
    if region is not None and known_region(country, region) is None:
        regions = sorted(set(_regions(country).values()))
        return f"{country} has no region {region!r}; it has {', '.join(regions) or 'none'}"
    supported = holidays.country_holidays(country).supported_categories
    unknown = [name for name in categories if name not in supported]
    return f"{country} has no holidays of category {unknown[0]!r}; it has {', '.join(supported)}" if unknown else None


@lru_cache(maxsize=64)
def _regions(country: str) -> Mapping[str, str]:
    """Return the regions of a country by how callers may write them: by code, as in ISO 3166-2, or by name."""
    known = holidays.country_holidays(country)
    named = {name: code for code, names in known.get_subdivision_aliases().items() for name in names}
    coded = {written: code for code in known.subdivisions for written in (code, f"{known.country}-{code}")}
    return {_plain(written): code for written, code in (named | coded).items()}


def _plain(region: str) -> str:
    """Return a region without case and accents, to compare by."""
    return " ".join(without_accents(region.casefold()).split())


@dataclass(frozen=True, eq=False)
class BusinessCalendar:
    """When work is done. ``windows`` are by weekday, Monday 0; ``closed`` and ``worked`` overrule all else."""

    zone: tzinfo
    windows: Mapping[int, tuple[Window, ...]]
    holidays: Mapping[date, str]
    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    _opened: dict[date, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict, repr=False)

    @property
    def timezone(self) -> str:
        """Name of the time zone."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else str(self.zone)

    def is_open(self, day: date) -> bool:
        """Say whether anybody works on ``day``."""
        return bool(self.opened(day))

    def opened(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the intervals, in UTC, in which work is done on ``day``."""
        if day not in self._opened:
            self._opened[day] = self._open(day)
        return self._opened[day]

    def _open(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        if day in self.closed or (day not in self.worked and day in self.holidays):
            return ()
        windows = self.windows.get(day.weekday(), ())
        if not windows and day in self.worked:
            windows = next(iter(self.windows.values()))
        intervals = ((self._instant(day, w.start), self._instant(day, w.end, fold=1)) for w in windows)
        return tuple((start, end) for start, end in intervals if start < end)

    def _instant(self, day: date, minutes: int, fold: int = 0) -> datetime:
        """Turn a wall-clock time into UTC. ``fold`` chooses of two equal times the first (0) or the second (1)."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)

    def add(self, start: datetime, span: Span) -> datetime:
        """Return the instant, in UTC, at which ``span`` after ``start`` is over."""
        if span.unit is Unit.HOUR:
            if not span.business:
                return start.astimezone(UTC) + timedelta(hours=span.amount)
            return self.add_open_time(start, timedelta(hours=span.amount))
        day = start.astimezone(self.zone).date()
        if span.unit is Unit.MONTH:
            return self.end_of(_months_later(day, span.amount))
        if not span.business:
            return self.end_of(day + timedelta(days=span.amount))
        return self.opened(self._business_day(day, span.amount))[-1][1]

    def add_legal(self, start: datetime, span: Span) -> datetime:
        """Return the last second of the last day of a legal term of days or months that begins the day after."""
        day = start.astimezone(self.zone).date()
        if span.unit is Unit.DAY and span.business:
            return self.end_of(self._business_day(day, span.amount))
        return self.add(start, span)

    def add_open_time(self, start: datetime, wanted: timedelta) -> datetime:
        """Return the instant at which the calendar has been open for ``wanted`` since ``start``."""
        left = wanted
        for opens, closes in self._intervals_from(start):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise ValueError("the calendar is closed for ten years")

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """Return for how long the calendar is open from ``start`` to ``end``."""
        total = timedelta()
        for opens, closes in self._intervals_from(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def last_open(self, start: datetime, end: datetime) -> datetime | None:
        """Return the last open instant from ``start`` to ``end``; ``None`` if it stays closed."""
        day, first = end.astimezone(self.zone).date(), start.astimezone(self.zone).date()
        while day >= first:
            for opens, closes in reversed(self.opened(day)):
                if opens < end and closes > start:
                    return min(closes, end)
            day -= timedelta(days=1)
        return None

    def end_of(self, day: date) -> datetime:
        """Return the last second of ``day``, in UTC."""
        return self._instant(day + timedelta(days=1), 0) - _LAST_SECOND

    def _business_day(self, day: date, count: int) -> date:
        """Return the ``count``-th open day after ``day``."""
        last = day + _HORIZON
        while day < last:
            day += timedelta(days=1)
            count -= self.is_open(day)
            if count == 0:
                return day
        raise ValueError("the calendar is closed for ten years")

    def _intervals_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield what is left of the open intervals after ``start``."""
        start = start.astimezone(UTC)
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = day + _HORIZON
        while day < last:
            for opens, closes in self.opened(day):
                if closes > start:
                    yield max(opens, start), closes
            day += timedelta(days=1)


def _months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or its last day where it is shorter."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)
