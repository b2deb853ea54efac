"""Run the benchmarks: ``make bench``, or ``python -m benchmarks --only speed``.

All sections together are kept in ``benchmarks/results``, as Markdown and JSON named by day and commit; some of them
only where ``--results`` says so.
"""

from __future__ import annotations

import argparse
import logging
import platform
import signal
from pathlib import Path
from types import FrameType
from typing import NoReturn

from benchmarks.peers import NAMES
from benchmarks.report import RESULTS, Report, surroundings
from benchmarks.sections import CONSOLE, SECTIONS, peers_python
from benchmarks.texts import ROOT


def main() -> None:
    """Run the chosen sections, one after the other."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, _end)
    logging.basicConfig(level=logging.WARNING)
    report = Report(surroundings(peers_python(options)))
    machine = report.surroundings["machine"]
    CONSOLE.print(f"{machine['processor']}, {machine['processors']} processors, Python {platform.python_version()}")
    for section in options.only or SECTIONS:
        measure = SECTIONS[section]
        report.run(section, lambda measure=measure: measure(options), lambda table: CONSOLE.print(table.terminal()))
    folder = options.results or (None if options.only else RESULTS)
    if folder is not None:
        for path in report.write(folder):
            CONSOLE.print(f"kept in {path}")
    if faults := report.faults():
        raise SystemExit("\n".join(faults))


def _parser() -> argparse.ArgumentParser:
    """Return the options, each with the section that it is of."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=tuple(SECTIONS), action="append", help="a section to run; all by default")
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT.parent / "shared" / "data",
        help="quality: folder with train.jsonl, dev.jsonl and unlabelled.jsonl.gz",
    )
    parser.add_argument(
        "--peers", nargs="+", choices=NAMES, default=NAMES, help="quality: peers to train; all by default"
    )
    parser.add_argument("--subset", type=_positive, metavar="N", help="quality: a trial on N messages of each kind")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="quality: write the tables there too")
    parser.add_argument("--rows", type=_positive, default=1_000_000, help="files: rows; 1000000 by default")
    parser.add_argument(
        "--peers-python", type=Path, metavar="FILE", help="serving: Python of the peers, made by make bench-peers"
    )
    parser.add_argument("--rate", type=_positive, default=100, help="load: messages a second; 100 by default")
    parser.add_argument("--seconds", type=_positive, default=120, help="load: how long; 120 by default")
    parser.add_argument(
        "--messages", type=_positive, default=1_000_000, help="analytics: messages stored; 1000000 by default"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help=f"keep the report there; all sections: {RESULTS}"
    )
    parser.add_argument(
        "--databases",
        nargs="+",
        choices=("sqlite", "postgres"),
        default=("sqlite", "postgres"),
        help="analytics: which",
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="analytics: keep the databases here, for the next time"
    )
    return parser


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """End as after an error, so that what a section started ends too; 128 more than the signal, as shells say it."""
    raise SystemExit(128 + number)


def _positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


if __name__ == "__main__":
    main()
