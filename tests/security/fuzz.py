"""Tries new inputs on everything that reads the words of strangers, each for as long as it is told to.

``python -m tests.security.fuzz --minutes 10 --report fuzz.json`` gives every target ten minutes of processor time, one
after the other, and writes what came of each. Stopped by Ctrl-C it has written what it has; ``--resume`` goes on from
there. The suite tries the same few inputs each time (``test_fuzz.py``, ``test_schemathesis.py``); this looks for
others, and so a fault that it finds should become a test.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import hypothesis
import hypothesis.errors
from hypothesis import Phase
from hypothesis import strategies as st

from classifier.facts import extract_facts
from tests.security.report import Report, Row
from tests.security.trials import Trial, trials

SETTINGS: Final = hypothesis.settings(
    derandomize=False,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
SLOW_SECONDS: Final = 1.0
"""Of CPU: no input of a target is so large that it may take longer."""

_FEWEST: Final = 20
_MOST: Final = 500
_ROUND_SECONDS: Final = 10.0
"""A round of inputs takes about so long, from how long the last ones took."""
_PROGRESS_SECONDS: Final = 30.0
_MOST_FAULTS: Final = 3


@dataclass
class Tried:
    """Tries the inputs of a target, and counts in a row of the report."""

    row: Row
    inputs: st.SearchStrategy[Any]
    hold: Callable[[Any], None]
    last: Any = field(default=None, repr=False)

    def once(self, given: Any) -> None:
        """Try one input, and take its CPU time."""
        self.last = given
        took = self._taken(given)
        self.row.inputs += 1
        if took >= SLOW_SECONDS:  # or was the machine, for a moment?
            took = min(took, *(self._taken(given) for _ in range(2)))
        self.row.slowest = max(self.row.slowest, took)
        assert took < SLOW_SECONDS, f"took {took:.1f} s of CPU"

    def _taken(self, given: Any) -> float:
        """Return the seconds of CPU that an input takes, in all threads."""
        began = time.process_time()
        self.hold(given)
        return time.process_time() - began

    def round(self) -> None:
        """Try some inputs; keep what failed, once for each place in the code."""
        began, row = time.process_time(), self.row
        size = round(_ROUND_SECONDS * row.inputs / row.seconds) if row.seconds else _FEWEST
        settings = hypothesis.settings(SETTINGS, max_examples=max(_FEWEST, min(_MOST, size)))
        try:
            settings(hypothesis.given(self.inputs)(self.once))()
        except hypothesis.errors.Unsatisfiable:
            pass  # nothing that was drawn is an input
        except Exception as error:
            fault = f"{told(error)}\n  {self.last!r:.600}"  # Hypothesis ends with the smallest input that fails
            if fault.partition("\n")[0] not in {known.partition("\n")[0] for known in row.faults}:
                row.faults.append(fault)
                print(f"{row.name}: {fault}", file=sys.stderr, flush=True)  # noqa: T201
        finally:
            row.seconds += time.process_time() - began


def told(error: BaseException) -> str:
    """Return what an error says, and where it came from."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {str(error)[:600]} ({Path(frame.filename).name}:{frame.lineno})"


def attempt(trial: Trial, row: Row, seconds: float, saved: Callable[[], None]) -> None:
    """Try a target until it had its seconds of CPU or too many faults; ``saved`` is called after each round."""
    shown = time.monotonic()
    with trial.begun() as (inputs, hold, answers):
        tried = Tried(row, inputs, hold)
        while row.seconds < seconds and len(row.faults) < _MOST_FAULTS:
            try:
                tried.round()
            finally:
                row.count(answers)
                answers.clear()
            saved()
            if time.monotonic() - shown > _PROGRESS_SECONDS:
                shown = time.monotonic()
                print(row.told(), file=sys.stderr, flush=True)  # noqa: T201
    print(row.told(), file=sys.stderr, flush=True)  # noqa: T201


def chosen(names: Sequence[str]) -> list[Trial]:
    """Return the targets of these names; of a name that none has, those that have it in theirs; all without any."""
    known = trials()
    exact = {trial.name for trial in known}
    parts = [name for name in names if name not in exact]
    return [trial for trial in known if not names or trial.name in names or any(part in trial.name for part in parts)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the targets one after the other, and write what came of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.security.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python -m tests.security.fuzz --minutes 2 --target mail --target 'calls, key read'",
    )
    parser.add_argument("--minutes", type=float, default=10, help="processor time of each target (10)")
    parser.add_argument("--target", action="append", default=[], help="a name or a part of names, more than once")
    parser.add_argument("--report", type=Path, help="a JSON file for what came of it, and a page beside it (.md)")
    parser.add_argument("--resume", action="store_true", help="go on with the report's targets that had less time")
    parser.add_argument("--list", action="store_true", help="print the names of the targets, and try nothing")
    given = parser.parse_args(arguments)
    wanted = chosen(given.target)
    if given.list or not wanted:
        sys.stdout.write("".join(f"{trial.name}\n" for trial in wanted or trials()))
        return 0 if given.list else 2
    path = given.report.absolute() if given.report else None
    report = Report.read(path) if path and given.resume and path.exists() else Report()
    extract_facts("Llegó roto.", "es"), extract_facts("Chegou quebrado.", "pt")  # what is loaded once takes its time
    gc.freeze()  # what is loaded is not looked through again and again in the time of an input
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        for trial in wanted:
            attempt(trial, report.row(trial.name), 60 * given.minutes, lambda: report.write(path) if path else None)
    if path:
        report.write(path)
    sys.stdout.write(report.page())
    sys.stdout.flush()
    return 1 if any(row.faults for row in report.rows) else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
