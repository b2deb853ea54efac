"""How often a help desk is asked, by all that ask it: writes go first, looks take what is left.

Writes are held to the desk's rate by the delivery engine already; they are only counted here. A look waits for its
turn, and is put off if that is far away. Each process counts for itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

__all__ = ["Pace", "PacedError"]

_BURST_SECONDS: Final = 10.0
_LONGEST_WAIT: Final = 10.0
"""Seconds that a look waits for its turn; what it looks at is leased for longer."""


class PacedError(Exception):
    """The help desk was asked often enough for now; come back after ``wait``."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("the help desk was asked often enough for now")
        self.wait = wait


class Pace:
    """A bucket of ``a_minute`` requests, that refills steadily and may be overdrawn by writes."""

    def __init__(self, a_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = a_minute / 60
        self._most = max(2.0, self._rate * _BURST_SECONDS)
        self._left = self._most
        self._clock = clock
        self._at = clock()

    def count(self, requests: int = 1) -> float:
        """Count requests; return after how many seconds they keep to the rate."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._rate) - requests
        self._at = now
        return max(0.0, -self._left / self._rate)

    async def turn(self) -> None:
        """Wait until one more request keeps to the rate; raise ``PacedError`` if that takes too long."""
        wait = self.count()
        if wait > _LONGEST_WAIT:
            self.count(-1)
            raise PacedError(timedelta(seconds=wait))
        if wait:
            await asyncio.sleep(wait)
