"""How the work of a function grows with its text, whatever the machine and whatever else runs on it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

__all__ = ["assert_linear"]

_SHORT: Final = 5_000
_TIMES: Final = 4
_ROUNDS: Final = 30
_FLOOR: Final = 0.02  # seconds: a quadratic share that stays below this harms nobody


def assert_linear(work: Callable[[str], object], unit: str, *, short: int = _SHORT) -> None:
    """Hold that of ``unit`` again and again, four times the characters take no more than eight times the work.

    Work is the processor time of this thread, the least of the rounds so far; quadratic work would take sixteen times
    in each of them. A round that something else on the machine made longer is followed by another.
    """
    few, many = (unit * short)[:short], (unit * short * _TIMES)[: short * _TIMES]
    work(few)  # what is read once is read now
    least_few = least_many = math.inf
    for _ in range(_ROUNDS):
        least_few, least_many = min(least_few, _seconds(work, few)), min(least_many, _seconds(work, many))
        if least_many < 2 * _TIMES * least_few + _FLOOR:
            return
    raise AssertionError(f"{len(many):,} characters took {least_many:.2f} s, {len(few):,} took {least_few:.3f} s")


def _seconds(work: Callable[[str], object], text: str) -> float:
    """Return the processor seconds of one reading."""
    start = time.thread_time()
    work(text)
    return time.thread_time() - start
