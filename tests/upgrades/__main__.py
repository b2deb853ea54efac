"""Make the database of this version that later versions must open."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.upgrades.making import make


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrades", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(given.database, given.file, Path(folder))


if __name__ == "__main__":
    main()
