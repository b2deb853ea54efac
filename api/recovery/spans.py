"""Spans of time as a policy writes them: ``2 business days``, ``4 business hours``, ``1 hour``, ``1 month``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Span", "Unit"]

_WRITTEN: Final = re.compile(r"(\d{1,4}) (business )?(hour|day|month)s?")
_HOURS_OF_A_BUSINESS_DAY: Final = 8.0
_LONGEST_HOURS: Final = 5 * 366 * 24


class Unit(StrEnum):
    """What a span counts."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of time; ``business`` counts only the time or the days that a calendar is open.

    A span of days or months ends with the day that it reaches, so the day of the start is never counted.
    """

    amount: int
    unit: Unit
    business: bool = False

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read a span; raise ``ValueError`` that shows how one is written."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None or int(match[1]) == 0 or (match[2] and match[3] == Unit.MONTH):
            raise ValueError(
                f"{text!r} is not a span of time: write '4 business hours', '2 business days', '1 hour', '3 days' "
                "or '1 month'"
            )
        span = cls(int(match[1]), Unit(match[3]), business=bool(match[2]))
        if span.hours > _LONGEST_HOURS:
            raise ValueError(f"{text!r} is longer than five years: nobody waits for that")
        return span

    def __str__(self) -> str:
        """Return the span as ``parse`` reads it."""
        plural = "" if self.amount == 1 else "s"
        return f"{self.amount} {'business ' if self.business else ''}{self.unit}{plural}"

    @property
    def hours(self) -> float:
        """Length in hours of the clock, roughly: to compare spans, never to compute a deadline."""
        if self.unit is Unit.HOUR:
            return self.amount * (24 / _HOURS_OF_A_BUSINESS_DAY * 7 / 5 if self.business else 1)
        days = self.amount * (30 if self.unit is Unit.MONTH else 1)
        return days * 24 * (7 / 5 if self.business else 1)
