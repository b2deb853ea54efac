"""What a million messages cost on machines for hire: ``python -m benchmarks.cost benchmarks/results/DAY-COMMIT.json``.

Cost = price of the machine an hour / (3,600 s × texts/s) × 1,000,000. The speed is the one measured, on one machine of
as many processors; the prices are list prices that change: give your own with ``--price``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks.report import Table

PRICES: Final = {
    "c7i.large, 2 vCPU": 0.0893,
    "c7a.large, 2 vCPU": 0.1026,
}
"""US dollars an hour, on demand in us-east-1."""

_CHOSEN: Final = ("eager fp32", "predict", "fast")


def cost_of_a_million(price_per_hour: float, texts_per_second: float) -> float:
    """Return what a million texts cost, in the currency of the price."""
    return price_per_hour / (3600 * texts_per_second) * 1_000_000


def rates(report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield contestants of a report's speed section that people would run, and their texts a second."""
    for table in report["sections"]["speed"]["tables"]:
        for row in table["rows"]:
            if any(word in row["contestant"] for word in _CHOSEN):
                yield row["contestant"], row["texts/s"]["value"]


def table(report: Mapping[str, Any], prices: Mapping[str, float]) -> Table:
    """Return a row a contestant: hours for a million on the measured machine, and the cost at each price."""
    rows = [
        (name, speed, 1e6 / speed / 3600, *(cost_of_a_million(price, speed) for price in prices.values()))
        for name, speed in rates(report)
    ]
    columns = ("contestant", "texts/s", "hours a million", *(f"{name}: {price}/h" for name, price in prices.items()))
    machine = report["machine"]
    return Table("A million messages", columns, rows, [f"measured on {machine['processors']} × {machine['processor']}"])


def main() -> None:
    """Read a report and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("report", type=Path, help="JSON of a run with the section speed")
    parser.add_argument("--price", action="append", type=_price, metavar="NAME=PRICE", help="a machine and its price/h")
    options = parser.parse_args()
    report = json.loads(options.report.read_text("utf-8"))
    Console().print(table(report, dict(options.price or PRICES)).terminal())


def _price(text: str) -> tuple[str, float]:
    name, _, price = text.rpartition("=")
    if not name or not price.replace(".", "", 1).isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PRICE, such as c7i.large=0.09")
    return name, float(price)


if __name__ == "__main__":
    main()
