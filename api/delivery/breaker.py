"""What a destination may be burdened with: its rate, and a pause while it fails (a circuit breaker).

All of it is in the destination's row, so that every worker keeps to it. After Nygard, *Release It!* (2007), ch. 5.2:
closed, open for a while, then one delivery alone tries it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from api.delivery.sender import Answer
from api.store.destinations import DestinationRecord

__all__ = ["LONGEST_PAUSE", "OPENS_AFTER", "after", "allowance", "reset", "spend"]

OPENS_AFTER: Final = 5
"""Failures in a row."""

_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(minutes=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""How long a Retry-After with 429 or 503 may hold everything back."""

_BUSY: Final = (429, 503)


def after(destination: DestinationRecord, answer: Answer, now: datetime) -> DestinationRecord:
    """Return the destination after an answer; one that says it is gone is disabled."""
    if answer.ok or answer.final:
        return replace(destination, failures=0, paused_until=None)
    if answer.gone:
        return replace(destination, enabled=False, disabled_reason="gone: the destination answered 410")
    if answer.status in _BUSY and answer.retry_after:
        return _paused(destination, now + min(answer.retry_after, LONGEST_PAUSE))
    if destination.paused_until is not None and destination.paused_until > now:
        return destination  # it was under way when the pause began
    destination = replace(destination, failures=destination.failures + 1)
    if destination.failures < OPENS_AFTER:
        return destination
    doubled = _FIRST_PAUSE * 2 ** min(destination.failures - OPENS_AFTER, 10)
    return _paused(destination, now + min(doubled, _LONGEST_PAUSE))


def allowance(destination: DestinationRecord, in_flight: int, now: datetime) -> int:
    """Return how many deliveries may be sent now; one, if the last ones failed."""
    most = 1 if destination.failures >= OPENS_AFTER else destination.concurrency
    return max(0, min(most - in_flight, int(_tokens(destination, now))))


def spend(destination: DestinationRecord, sent: int, now: datetime) -> DestinationRecord:
    """Return the destination after ``sent`` deliveries began."""
    return replace(destination, tokens=_tokens(destination, now) - sent, tokens_at=now)


def reset(destination: DestinationRecord) -> DestinationRecord:
    """Return the destination as if it never had failed."""
    return replace(destination, enabled=True, disabled_reason=None, failures=0, paused_until=None)


def _paused(destination: DestinationRecord, until: datetime) -> DestinationRecord:
    return replace(destination, paused_until=max(until, destination.paused_until or until))


def _tokens(destination: DestinationRecord, now: datetime) -> float:
    """Return what the bucket holds: it fills by ``rate`` a second, to what one second gives, one at least."""
    seconds = max(0.0, (now - destination.tokens_at).total_seconds())
    return min(max(destination.rate, 1.0), destination.tokens + seconds * destination.rate)
