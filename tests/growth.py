"""How the work of a function grows with its text, whatever the machine and whatever else runs on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

__all__ = ["assert_linear"]

_SHORT: Final = 5_000
_TIMES: Final = 4
_ROUNDS: Final = 3
_FLOOR: Final = 0.02  # seconds: a quadratic share that stays below this harms nobody


def assert_linear(work: Callable[[str], object], unit: str, *, short: int = _SHORT) -> None:
    """Hold that of ``unit`` again and again, four times the characters take no more than eight times the work.

    Work is the processor time of this thread, the least of three rounds; quadratic work would take sixteen times.
    """
    few, many = (unit * short)[:short], (unit * short * _TIMES)[: short * _TIMES]
    work(few)  # what is read once is read now
    seconds = _least(work, many)
    assert seconds < 2 * _TIMES * _least(work, few) + _FLOOR, f"{len(many):,} characters took {seconds:.2f} s"


def _least(work: Callable[[str], object], text: str) -> float:
    """Return the processor seconds of the quickest of a few rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        start = time.thread_time()
        work(text)
        rounds.append(time.thread_time() - start)
    return min(rounds)
