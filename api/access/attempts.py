"""Wrong passwords, counted by who was tried from where: whoever guesses waits longer each time, and nobody else does.

In memory, and of this process: a restart forgets, and each process counts for itself.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

__all__ = ["Attempts", "network_of"]

_FREE: Final = 4
_FREE_OF_ADDRESS: Final = 40
_GUESSING_PART: Final = 2
_LONGEST_WAIT: Final = 900.0
_FORGOTTEN_AFTER: Final = 3600.0
_MOST_KEPT: Final = 20_000
_IPV6_NETWORK: Final = 64


@dataclass(slots=True)
class _Count:
    """How often somebody was wrong, when last, and until when they have to wait."""

    wrong: int = 0
    last: float = 0.0
    until: float = 0.0


class Attempts:
    """Counts by account and address, and, more patiently, by address alone: who tries many accounts waits too.

    No count is of an account alone, so no stranger can lock a person out. ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, ...], _Count] = OrderedDict()

    def wait(self, username: str, address: str) -> int:
        """Return how many seconds are to be waited before the next try; 0 if none."""
        now, rest = self._clock(), 0.0
        for key, _ in _keys(username, address):
            count = self._counts.get(key)
            rest = max(rest, count.until - now) if count else rest
        return ceil(rest)

    def begin(self, username: str, address: str) -> bool:
        """Count a try as wrong until ``right`` says otherwise, so that many at once are counted too.

        Return whether this caller seems to guess: half of the wrong tries that cost nothing are used.
        """
        now, guessing = self._clock(), False
        for key, free in _keys(username, address):
            count = self._counts.pop(key, None)
            if count is None or now - count.last > _FORGOTTEN_AFTER:
                count = _Count()
            guessing = guessing or count.wrong * _GUESSING_PART >= free
            count.wrong, count.last = count.wrong + 1, now
            if count.wrong > free:
                count.until = now + min(2.0 ** min(count.wrong - free, 20), _LONGEST_WAIT)
            self._counts[key] = count
        while len(self._counts) > _MOST_KEPT:
            self._counts.popitem(last=False)
        return guessing

    def right(self, username: str, address: str) -> None:
        """Forget the wrong tries of this account from there, and take the last one back from the address."""
        (own, _), (shared, _) = _keys(username, address)
        self._counts.pop(own, None)
        if count := self._counts.get(shared):
            count.wrong = max(0, count.wrong - 1)


def network_of(address: str) -> str:
    """Return what one caller is told by: an IPv4 address, or the /64 that one subscriber has of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed)


def _keys(username: str, address: str) -> tuple[tuple[tuple[str, ...], int], tuple[tuple[str, ...], int]]:
    """Return the keys that a try counts under, each with how many wrong ones cost nothing."""
    network = network_of(address)
    return ((username, network), _FREE), ((network,), _FREE_OF_ADDRESS)
