"""When a delivery that failed is tried again.

The delays follow Standard Webhooks, "Retries": each begins when the attempt before failed; ten attempts in about
three days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["DELAYS", "LONGEST_WAIT", "next_attempt", "retry_after"]

DELAYS: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
LONGEST_WAIT: Final = timedelta(hours=24)
"""What a receiver may ask for with Retry-After; past it the schedule goes on."""

_JITTER: Final = 0.1
"""Each delay is up to a tenth shorter or longer, so that what failed together does not come back together."""


def next_attempt(
    attempts: int, now: datetime, *, asked: timedelta | None, chance: Callable[[], float]
) -> datetime | None:
    """Return when to try again after ``attempts`` that failed, or ``None`` if that was the last.

    ``asked`` is what the receiver's Retry-After says: never sooner. ``chance`` returns a number from 0 to 1.
    """
    if attempts >= len(DELAYS):
        return None
    delay = DELAYS[attempts] * (1 + _JITTER * (2 * chance() - 1))
    return now + max(delay, asked or timedelta(0))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After (RFC 9110, section 10.2.3): seconds or a date, no longer than ``LONGEST_WAIT``."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta(0)), LONGEST_WAIT)
