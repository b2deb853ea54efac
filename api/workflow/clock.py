"""What time it is for the workflows; tests let days pass in moments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Tells the time, and how long to wait for a moment."""

    def now(self) -> datetime:
        """Return the time, with its zone."""

    def seconds_until(self, moment: datetime) -> float:
        """Return for how many seconds to wait; 0 for what is past."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def seconds_until(self, moment: datetime) -> float:
        """Return for how many seconds to wait; 0 for what is past."""
        return max(0.0, (moment - self.now()).total_seconds())
