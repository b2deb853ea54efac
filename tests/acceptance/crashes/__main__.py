"""Run it as the options say; print a table, and end with status 1 if anything is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.acceptance.crashes.database import empty_database
from tests.acceptance.crashes.judging import judged
from tests.acceptance.crashes.points import POINTS
from tests.acceptance.crashes.siege import Options, besiege


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.crashes", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10, help="of the service, at random moments")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=0, help="processes apart from the service; PostgreSQL only")
    parser.add_argument("--shipped", action="store_true", help="with the model that comes with Recupera")
    parser.add_argument("--random-only", action="store_true", help="kill at random moments, not at each step")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for logs and the SQLite files")
    given = parser.parse_args()
    if given.workers and given.database == "sqlite":
        parser.error("on SQLite one process sees cases through: leave --workers out")
    points = () if given.random_only else POINTS
    options = Options(given.messages, given.kills, given.workers, given.shipped, given.seed, points)
    with tempfile.TemporaryDirectory() as name, empty_database(given.database, Path(name)) as database:
        folder = given.keep or Path(name) / "run"
        report = judged(besiege(options, database, folder, tell=_tell))
    sys.stdout.write(f"{given.database}, {given.workers} workers\n{report.table()}\n")
    sys.exit(bool(report.failures))


def _tell(said: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{said}\n")


if __name__ == "__main__":
    main()
