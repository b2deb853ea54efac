"""Run it as the options say; print a table, and end with status 1 if anything is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.acceptance.cluster.trial import Options, failures, run
from tests.acceptance.crashes.judging import judged
from tests.acceptance.postgres import Server


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.cluster", description=__doc__)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--services", type=int, default=3)
    parser.add_argument("--workers", type=int, default=3, help="two at least: one is killed and does not come back")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for logs")
    given = parser.parse_args()
    options = Options(given.messages, given.services, given.workers, given.seed)
    with tempfile.TemporaryDirectory() as name:
        server = Server()
        try:
            outcome = run(options, server, given.keep or Path(name) / "run")
            report = judged(outcome.evidence)
        finally:
            server.cleanup()
    figures = "\n".join(f"{what}: {figure}" for what, figure in outcome.figures().items())
    sys.stdout.write(
        f"{options.services} services, {options.workers} workers, a stand-in model\n{report.table()}\n{figures}\n"
    )
    wrong = failures(outcome, report)
    sys.stdout.write("".join(f"FAULT {each}\n" for each in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
