"""What a million messages cost on machines for hire: ``python -m benchmarks.cost benchmarks/results/DAY-COMMIT.json``.

Cost = price of the machine an hour / (3,600 s × texts/s) × 1,000,000. The speed is the one measured, on the machine
that the table names; another of as many processors may be quicker or slower. Prices change: give yours by ``--price``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks.report import Table

LOOKED_UP: Final = "2026-11-29"
PRICES: Final = {
    "c6a.large (EPYC Zen 3), 2 vCPU": 0.0765,
    "c7i.large (Xeon with AMX), 2 vCPU": 0.08925,
    "c7a.large (EPYC Zen 4), 2 vCPU": 0.1026,
}
"""US dollars an hour of Amazon EC2, Linux on demand in us-east-1, as public lists of prices had them ``LOOKED_UP``.

Two vCPU are the two threads of one core in the first two, two cores in the third.
"""

_CHOSEN: Final = (
    "transformers eager fp32 (logits)",
    "recupera predict",
    "recupera predict with evidence",
    "recupera predict --fast",
)
"""What people would run, of the contestants of the section speed."""


def cost_of_a_million(price_per_hour: float, texts_per_second: float) -> float:
    """Return what a million texts cost, in the currency of the price."""
    return price_per_hour / (3600 * texts_per_second) * 1_000_000


def rates(report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield what people would run of a report's section speed, and its texts a second."""
    for table in report["sections"]["speed"]["tables"]:
        for row in table["rows"]:
            if row.get("contestant") in _CHOSEN:
                yield row["contestant"], row["texts/s"]["value"]


def table(report: Mapping[str, Any], prices: Mapping[str, float], when: str | None = None) -> Table:
    """Return a row a contestant: hours for a million on the measured machine, and the cost at each price."""
    rows = [
        (name, speed, 1e6 / speed / 3600, *(cost_of_a_million(price, speed) for price in prices.values()))
        for name, speed in rates(report)
    ]
    columns = ("contestant", "texts/s", "hours a million", *(f"{name}: {price}/h" for name, price in prices.items()))
    machine = report["machine"]
    notes = [f"speed measured on {machine['processors']} × {machine['processor']}, {report['when'][:10]}"]
    notes += [f"prices in US dollars, looked up on {when}"] if when else []
    return Table("A million messages", columns, rows, notes)


def main() -> None:
    """Read a report and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("report", type=Path, help="JSON of a run with the section speed")
    parser.add_argument("--price", action="append", type=_price, metavar="NAME=PRICE", help="a machine and its price/h")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    report = json.loads(options.report.read_text("utf-8"))
    found = table(report, dict(options.price or PRICES), None if options.price else LOOKED_UP)
    if options.markdown:
        sys.stdout.write(found.markdown() + "\n")
    else:
        Console().print(found.terminal())


def _price(text: str) -> tuple[str, float]:
    name, _, price = text.rpartition("=")
    if not name or not price.replace(".", "", 1).isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PRICE, such as c7i.large=0.09")
    return name, float(price)


if __name__ == "__main__":
    main()
