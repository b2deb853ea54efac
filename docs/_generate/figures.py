"""The reference of the metrics, from the registry that ``/metrics`` is read from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from api.metrics import Metrics

from .tables import code, one_line, table

__all__ = ["metrics", "metrics_page"]

_INTRODUCTION = """# Metrics

What Prometheus reads at `GET /metrics`. No label ever holds a word of a message or anything that names a customer.
How to draw them: [dashboards](../dashboards/README.md).

"""
_ENDINGS = {"counter": "_total"}


def metrics_page() -> str:
    """Return the page."""
    rows = ((code(name), kind, ", ".join(map(code, labels)), said) for name, kind, labels, said in metrics())
    return _INTRODUCTION + table(("Metric", "Kind", "Labels", "Says"), rows)


def metrics() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Yield name, kind, labels and meaning of each metric."""
    collectors: Any = Metrics()._registry._collector_to_names
    for collector in collectors:
        (described,) = collector.describe()
        name = described.name + _ENDINGS.get(described.type, "")
        yield name, described.type, collector._labelnames, one_line(described.documentation)


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
