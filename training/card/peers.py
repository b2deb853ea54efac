"""What the quality benchmark found, as a model keeps it: ``python -m benchmarks --only quality --results FOLDER``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from classifier.errors import InputError

OWN: Final = "recupera"
LEAD: Final = "ahead of the best peer"
BEST: Final = "best peer"

_TITLE: Final = re.compile(r"(?P<file>\S+) \((?P<kind>real|written)\), (?P<count>[\d,]+) messages")


def read_peers(path: Path) -> list[dict[str, Any]]:
    """Read the tables of peers out of a benchmark's JSON; raise ``InputError`` if there are none.

    A table has ``messages`` (the file's name), ``kind`` (``real`` or ``written``), ``count`` and ``rows``: each with
    ``figure``, by contestant ``value``, ``low`` and ``high``, and how far the model is ahead of which peer.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        tables = content["sections"]["quality"]["tables"]
        found = [_table(table) for table in tables]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is no report of the quality benchmark: it has no tables of peers") from None
    if not found:
        raise InputError(f"{path} has no tables of peers: run the quality benchmark")
    return found


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Join two tables over the same messages; the lead is over the better of the two best peers."""
    rows = []
    others = {row["figure"]: row for row in other["rows"]}
    for row in one["rows"]:
        more = others.get(row["figure"], {})
        nearer = more if more.get(LEAD) and more[LEAD]["value"] < row[LEAD]["value"] else row
        further = {name: cell for name, cell in more.items() if name not in row}
        rows.append(dict(row) | further | {LEAD: nearer[LEAD], BEST: nearer[BEST]})
    return {**one, "rows": rows}


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Take one table of the benchmark; raise ``ValueError`` if it is another."""
    if (title := _TITLE.match(table["title"])) is None:
        raise ValueError("another table")
    rows = [{name: cell for name, cell in row.items() if cell is not None} for row in table["rows"]]
    if not all(OWN in row and "figure" in row for row in rows):
        raise ValueError("another table")
    return {
        "messages": title["file"],
        "kind": title["kind"],
        "count": int(title["count"].replace(",", "")),
        "rows": rows,
    }
