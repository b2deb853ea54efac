"""Identifiers that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import threading
import time
from typing import Final
from uuid import UUID

__all__ = ["new_id"]

_COUNTER_BITS: Final = 12
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Return an identifier greater than every earlier one of this process, also within a millisecond.

    The 12 bits after the milliseconds are their fraction (RFC 9562, section 6.2, method 3), counted on when the clock
    stands still or goes back.
    """
    global _last
    with _lock:
        _last = max(_last + 1, (time.time_ns() << _COUNTER_BITS) // 1_000_000)
        moment = _last
    milliseconds, fraction = divmod(moment, 1 << _COUNTER_BITS)
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail))
