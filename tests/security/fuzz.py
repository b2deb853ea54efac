"""Tries new inputs on everything that reads the words of strangers, for as long as it is told to.

``python -m tests.security.fuzz --minutes 10`` prints how many inputs each target had and what failed. The suite tries
the same few inputs each time (``test_fuzz.py``, ``test_schemathesis.py``); this looks for others, and so a fault that
it finds should become a test.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import hypothesis
import hypothesis.errors
from hypothesis import Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode

from classifier.facts import extract_facts
from tests.security.described import Described
from tests.security.queries import hold_queries
from tests.security.targets import TARGETS

SETTINGS: Final = hypothesis.settings(
    derandomize=False,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
SLOW_SECONDS: Final = 1.0
"""Of CPU: no input of a target is so large that it may take longer."""

_ROUND: Final = 30
_CALLS: Final = 5
_MOST_FAULTS: Final = 3


@dataclass
class Tried:
    """What came of a target."""

    name: str
    inputs: st.SearchStrategy[Any]
    hold: Callable[[Any], None]
    count: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)
    last: Any = None

    def once(self, given: Any) -> None:
        """Try one input, and take its CPU time."""
        self.last = given
        took = self._taken(given)
        self.count += 1
        if took >= SLOW_SECONDS:  # or was the machine, for a moment?
            took = min(took, *(self._taken(given) for _ in range(2)))
        self.slowest = max(self.slowest, took)
        assert took < SLOW_SECONDS, f"took {took:.1f} s of CPU"

    def _taken(self, given: Any) -> float:
        """Return the seconds of CPU that an input takes."""
        began = time.thread_time()
        self.hold(given)
        return time.thread_time() - began

    def round(self, size: int) -> None:
        """Try some inputs; keep what failed, once for each place in the code."""
        began = time.monotonic()
        try:
            hypothesis.settings(SETTINGS, max_examples=size)(hypothesis.given(self.inputs)(self.once))()
        except hypothesis.errors.Unsatisfiable:
            pass  # a call without parameters can't be made wrongly
        except Exception as error:
            fault = f"{told(error)}\n  {self.last!r:.600}"  # Hypothesis ends with the smallest input that fails
            if fault.partition("\n")[0] not in {known.partition("\n")[0] for known in self.faults}:
                self.faults.append(fault)
                print(f"{self.name}: {fault}", file=sys.stderr, flush=True)  # noqa: T201
        self.seconds += time.monotonic() - began


def told(error: BaseException) -> str:
    """Return what an error says, and where it came from."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {str(error)[:600]} ({Path(frame.filename).name}:{frame.lineno})"


def targets(described: Described) -> Iterator[Tried]:
    """Yield everything that is tried."""
    for target in TARGETS:
        yield Tried(target.name, target.inputs, target.hold)
    yield Tried("queries and headers", st.data(), lambda data: hold_queries(described, data))
    for operation in described.operations():
        for mode, name in ((GenerationMode.POSITIVE, "fitting"), (GenerationMode.NEGATIVE, "unfitting")):
            yield Tried(f"{operation.label}, {name}", described.cases(operation, mode), described.check)


def main() -> int:
    """Run the targets in turn until the time is over, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", default="", help="a part of the names of the targets to try")
    given = parser.parse_args()
    extract_facts("Llegó roto.", "es"), extract_facts("Chegou quebrado.", "pt")  # what is loaded once takes its time
    gc.freeze()  # what is loaded is not looked through again and again in the time of an input
    with tempfile.TemporaryDirectory() as folder, chdir(folder), Described.running() as described:
        tried = [one for one in targets(described) if given.only in one.name]
        end = time.monotonic() + 60 * given.minutes
        while time.monotonic() < end:
            for one in tried:
                if len(one.faults) < _MOST_FAULTS and time.monotonic() < end:
                    one.round(_CALLS if " /" in one.name else _ROUND)
        lines = [f"{one.count:8,}  {one.slowest:6.3f} s at most  {one.name}, {len(one.faults)} faults" for one in tried]
        faults = sum(len(one.faults) for one in tried)
        requests = sum(described.answers.values())
        lines.append(f"{sum(one.count for one in tried):,} inputs, {requests:,} requests, {faults} faults")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
