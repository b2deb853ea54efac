"""How much a caller may ask: each key its share, and who sends wrong keys less and less.

Both are counted in memory, by each process for itself: a restart forgets, and several processes together let more
pass. What callers are told follows the draft of RateLimit header fields (draft-ietf-httpapi-ratelimit-headers-10).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from api.access.attempts import network_of

__all__ = ["WINDOW_SECONDS", "Failures", "Rates", "Share"]

WINDOW_SECONDS: Final = 60
_MOST_ADDRESSES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Share:
    """What a key has left of ``quota`` requests, for ``reset`` more seconds; ``allowed``: this one was within."""

    quota: int
    remaining: int
    reset: int
    allowed: bool

    @property
    def headers(self) -> dict[str, str]:
        """What the caller is told."""
        told = {
            "RateLimit-Policy": f'"key";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"key";r={self.remaining};t={self.reset}',
        }
        return told if self.allowed else {**told, "Retry-After": str(self.reset)}


class Rates:
    """Counts the requests of each key in windows of a minute, which begin with the first of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, key_id: str, quota: int) -> Share:
        """Count a request; one over ``quota`` is not allowed, and not counted."""
        now = self._clock()
        began, count = self._windows.get(key_id, (now, 0))
        if now - began >= WINDOW_SECONDS:
            began, count = now, 0
        allowed = count < quota
        count += allowed
        self._windows[key_id] = (began, count)
        return Share(quota, max(quota - count, 0), max(ceil(began + WINDOW_SECONDS - now), 1), allowed)


class Failures:
    """Counts wrong keys by address: after ``burst`` of them one more a second.

    Only wrong keys are ever held up. A right one passes whatever came from the same address before, so nobody can shut
    others out; and 256 random bits are not guessed, however many tries there are. This spares the database and the log.
    """

    def __init__(self, burst: int = 20, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> int:
        """Count a wrong key; return how many seconds are to be waited, 0 if none."""
        network, now = network_of(address), self._clock()
        debt = max(self._full_at.pop(network, now) - now, 0.0)
        wait = debt + 1 - self._burst
        self._full_at[network] = now + (debt if wait > 0 else debt + 1)
        while len(self._full_at) > _MOST_ADDRESSES:
            self._full_at.popitem(last=False)
        return max(ceil(wait), 0)
