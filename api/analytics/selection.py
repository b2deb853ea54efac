"""What a screen is about: which days, and which messages of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.store.exports import ExportFilter
from classifier.errors import InputError

__all__ = ["FIRST_YEAR", "LAST_YEAR", "LONGEST_DAYS", "Selection", "zone_of"]

LONGEST_DAYS: Final = 3660
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9000
"""Years from which days can be counted in any time zone, and as many before."""
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages received on the days ``since`` to before ``until`` of a time zone.

    ``channels``, ``countries`` and ``languages`` are alternatives; empty means all. ``labels`` are by task, any of its
    labels; of tasks with several labels any counts. Labels are those of a person where one corrected the message.
    """

    since: date
    until: date
    timezone: str = "UTC"
    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: Mapping[str, Sequence[str | bool]] = field(default_factory=dict)
    review: str | None = None

    def __post_init__(self) -> None:
        """Raise ``InputError`` for days in the wrong order, too many of them, or a zone that hours can't be cut by."""
        if not FIRST_YEAR <= self.since.year <= self.until.year <= LAST_YEAR + 1:
            raise InputError(f"since: a day from {FIRST_YEAR} to {LAST_YEAR}")
        if not 0 < self.days <= LONGEST_DAYS:
            raise InputError(f"until: from 1 to {LONGEST_DAYS} days after since")
        zone = zone_of(self.timezone)
        edges = (datetime.combine(day, time(), zone) for day in (self.since, self.until))
        if any(edge.timestamp() % _HOUR for edge in edges):
            raise InputError("timezone: its days must begin at a full hour of UTC")

    @classmethod
    def last_days(cls, days: int, today: date, *, timezone: str = "UTC") -> Self:
        """Return the ``days`` days up to and with ``today``."""
        until = today + timedelta(days=1)
        return cls(until - timedelta(days=days), until, timezone)

    @property
    def days(self) -> int:
        """How many days."""
        return (self.until - self.since).days

    @property
    def before(self) -> Selection:
        """The same for as many days right before, which need not be days that can be asked for."""
        same = {each.name: getattr(self, each.name) for each in fields(self)}
        return _Before(**same | {"since": self.since - timedelta(days=self.days), "until": self.since})

    @property
    def filter(self) -> ExportFilter:
        """The same for the store, which does not look at the labels of what people corrected."""
        since, until = self.moments
        return ExportFilter(since, until, self.channels, self.countries, self.languages, self.review, self.labels)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """From when to before when, in UTC."""
        first, last = (datetime.combine(day, time(), self.zone) for day in (self.since, self.until))
        return first.astimezone(UTC), last.astimezone(UTC)


class _Before(Selection):
    """Days that follow from those asked for: the hour of UTC within which the first one begins counts as a whole."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Take them as they are."""


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone; raise ``InputError`` if none has this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError("timezone: no time zone of this name, such as America/Sao_Paulo") from None
