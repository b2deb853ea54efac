"""Numbers and moments as people of a language write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.core import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

__all__ = ["Formats", "Left", "span"]

_HOUR = 3600
_DAY = 24 * _HOUR
_SOON = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Left:
    """How long until something is due, or since it was: ``state`` is ``overdue``, ``soon`` or ``later``."""

    state: str
    span: str


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes for one locale and time zone."""

    locale: Locale
    zone: tzinfo
    now: datetime

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number with at most so many digits after the point."""
        return _decimal(round(value, digits), self.locale)

    def percent(self, value: float | None, digits: int = 0) -> str:
        """Write a share as a percentage; a dash for none."""
        if value is None:
            return "–"
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        sign = "\u00a0%" if self.locale.language == "es" else "%"
        return format_percent(value, format=f"{pattern}{sign}", locale=self.locale)

    def amounts(self, least: Mapping[str, Any], most: Mapping[str, Any]) -> str:
        """Write from how much to how much money, in the currency of the second; a plain number without one."""
        low, high = (Decimal(str(each["amount"])) for each in (least, most))
        if not most.get("currency"):
            return f"{format_decimal(low, locale=self.locale)}–{format_decimal(high, locale=self.locale)}"
        first, last = (format_currency(each, most["currency"], locale=self.locale) for each in (low, high))
        return last if low == high else f"{first} – {last}"

    def signed(self, value: float, digits: int = 0) -> str:
        """Write a difference with its sign."""
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return sign + self.number(abs(value), digits)

    def signed_percent(self, value: float) -> str:
        """Write how much more or less, as a percentage of what was before, with its sign."""
        sign = "+" if value > 0 else "−" if value < 0 else "±"
        return sign + self.percent(abs(value))

    def day(self, value: date) -> str:
        """Write a day."""
        return _date(value, "medium", self.locale)

    def moment(self, value: datetime | str) -> str:
        """Write a moment on the reader's clock, the year where it is another."""
        local = _read(value).astimezone(self.zone)
        same = local.year == self.now.astimezone(self.zone).year
        day = format_date(local, "d MMM" if same else "medium", locale=self.locale)
        return f"{day}, {format_time(local, 'HH:mm', locale=self.locale)}"

    def ago(self, value: datetime | str) -> str:
        """Say how long ago something was."""
        return format_timedelta(_read(value) - self.now, add_direction=True, locale=self.locale)

    def left(self, due: datetime | str) -> Left:
        """Return how long is left."""
        left = _read(due) - self.now
        state = "overdue" if left < timedelta() else "soon" if left < _SOON else "later"
        return Left(state, span(left))


def span(length: timedelta) -> str:
    """Write a length of time in the symbols that all languages share: ``3 d 4 h``, ``2 h 10 min``, ``5 min``."""
    seconds = abs(int(length.total_seconds()))
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // 60
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"  # noqa: PLR2004, RUF100
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


# A table of a year asks for the same numbers and days again and again, and each takes as long as a row of the database.
@lru_cache(16_384)
def _decimal(value: float, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(4096)
def _date(value: date, pattern: str, locale: Locale) -> str:
    return format_date(value, pattern, locale=locale)


def _read(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
