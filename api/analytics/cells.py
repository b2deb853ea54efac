"""A day's rows become cells, counted by what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from api.analytics.layout import FIELDS, MODEL_SHIFT, MOST_MODELS, Terms, agreement, effective, pack
from api.store.analytics import Kind, Segment
from api.store.records import CaseStatus

__all__ = [
    "MOST_RULES",
    "SETTLED",
    "STATE_SHIFTS",
    "STATUSES",
    "TYPES",
    "Column",
    "day_segment",
    "mended_segment",
    "read_cells",
    "seconds",
]

Column = npt.NDArray[Any]

TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.MESSAGE: ("<u8", "<u4", "<u4"),
    Kind.CASE: ("<u8", "<u4", "<u4", "<u4", "<u4"),
}
"""The columns of a cell: key and what was judged, or key, state and both deadlines that run; the count is the last."""

SETTLED: Final = {"none": 0, "met": 1, "missed": 2, "running": 3}
"""How a deadline went; while it runs, a cell has the second when it ends."""
STATUSES: Final = tuple(CaseStatus)
STATE_SHIFTS: Final = {"status": 0, "double_deviation": 2, "first_answer": 3, "resolution": 5, "rules": 7}
MOST_RULES: Final = (1 << (32 - STATE_SHIFTS["rules"])) - 1
_NUMBERED: Final = {Kind.MESSAGE: ("channel", "country", "model"), Kind.CASE: ("channel", "country", "rules")}
_PLACES: Final = {
    "channel": (0, FIELDS["channel"].shift, FIELDS["channel"].most),
    "country": (0, FIELDS["country"].shift, FIELDS["country"].most),
    "model": (1, MODEL_SHIFT, MOST_MODELS),
    "rules": (1, STATE_SHIFTS["rules"], MOST_RULES),
}
"""Where the numbers of words are: in which column, from which bit, and the greatest one."""
RULE_SEPARATOR: Final = "\x1f"
"""Between the policy's version and the rules that fired, in the words of ``rules``."""


def seconds(moment: datetime) -> int:
    """Return the whole seconds since 1970."""
    return int(moment.timestamp())


def day_segment(kind: Kind, day: date, rows: Sequence[Mapping[str, Any]]) -> Segment:
    """Count all messages, or all cases, of a day."""
    terms = _terms(kind, {})
    return _segment(kind, day, None, _columns(kind, _CELLS[kind](rows, terms)), terms)


def mended_segment(old: Segment, hours: Collection[int], rows: Sequence[Mapping[str, Any]]) -> Segment | None:
    """Return a day's cells with some of its hours counted again, from the rows of these.

    Return ``None`` if there are words left that no cell has: then the whole day must be counted.
    """
    kind = Kind(old.kind)
    terms, columns = _terms(kind, old.terms), read_cells(kind, old.cells)
    kept = ~np.isin(_hours(columns[0]), list(hours))
    fresh = _columns(kind, _CELLS[kind](rows, terms))
    columns = [np.concatenate([before[kept], now]) for before, now in zip(columns, fresh, strict=True)]
    for name, numbers in terms.items():
        column, shift, most = _PLACES[name]
        used = np.unique(columns[column] >> columns[column].dtype.type(shift) & columns[column].dtype.type(most))
        if np.count_nonzero(used) < len(numbers.words):
            return None
    return _segment(kind, old.day, old.revision, columns, terms)


def read_cells(kind: Kind, cells: bytes) -> list[Column]:
    """Return the columns of a segment as they are stored."""
    size = sum(np.dtype(dtype).itemsize for dtype in TYPES[kind])
    count, place, found = len(cells) // size, 0, []
    for dtype in TYPES[kind]:
        found.append(np.frombuffer(cells, dtype, count, place))
        place += count * np.dtype(dtype).itemsize
    return found


def _message_cells(rows: Sequence[Mapping[str, Any]], terms: Mapping[str, Terms]) -> Counter[tuple[int, ...]]:
    cells: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        corrected = row["corrected"]
        judged = 0
        if corrected is not None:
            judged = agreement(row["labels"], corrected) | terms["model"].number(row["model"]) << MODEL_SHIFT
        key = pack({**row, **effective(row["labels"], corrected)}, terms["channel"], terms["country"])
        cells[key, judged] += 1
    return cells


def _case_cells(rows: Sequence[Mapping[str, Any]], terms: Mapping[str, Terms]) -> Counter[tuple[int, ...]]:
    cells: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        key = pack({**row, **effective(row["labels"], row["corrected"])}, terms["channel"], terms["country"])
        answer, answer_due = _settled(row["first_answer_due"], _answered_at(row))
        resolution, resolution_due = _settled(row["resolution_due"], row["closed_at"])
        fired = sorted({reason["rule"] for reason in row["fired"] or ()})
        state = {
            "status": STATUSES.index(CaseStatus(row["status"])),
            "double_deviation": int(row["double_deviation"]),
            "first_answer": SETTLED[answer],
            "resolution": SETTLED[resolution],
            "rules": terms["rules"].number(RULE_SEPARATOR.join([row["policy_version"] or "", *fired])),
        }
        number = sum(value << STATE_SHIFTS[name] for name, value in state.items())
        cells[key, number, answer_due, resolution_due] += 1
    return cells


_CELLS: Final = {Kind.MESSAGE: _message_cells, Kind.CASE: _case_cells}


def _terms(kind: Kind, words: Mapping[str, Sequence[str]]) -> dict[str, Terms]:
    """Return the numbers of a day's words, those that have one already first."""
    return {name: Terms(_PLACES[name][2], words.get(name, ())) for name in _NUMBERED[kind]}


def _columns(kind: Kind, cells: Counter[tuple[int, ...]]) -> list[Column]:
    rows = [(*cell, count) for cell, count in cells.items()]
    return [np.array([row[place] for row in rows], dtype=dtype) for place, dtype in enumerate(TYPES[kind])]


def _segment(
    kind: Kind, day: date, revision: str | None, columns: Sequence[Column], terms: Mapping[str, Terms]
) -> Segment:
    """Return the cells of a day, sorted by hour."""
    order = np.argsort(_hours(columns[0]), kind="stable")
    words = {name: numbers.words for name, numbers in terms.items()}
    return Segment(kind, day, revision, words, b"".join(column[order].tobytes() for column in columns))


def _hours(keys: Column) -> Column:
    hours: Column = keys & np.uint64(FIELDS["hour"].most)
    return hours


def _answered_at(row: Mapping[str, Any]) -> datetime | None:
    """Return when the customer was answered: by a step, or at the latest when the case was closed."""
    moments = [moment for moment in (row["answered_at"], row["closed_at"]) if moment is not None]
    return min(moments, default=None)


def _settled(due: datetime | None, done: datetime | None) -> tuple[str, int]:
    """Return how a deadline went, and the second when it ends if it still runs."""
    if due is None:
        return "none", 0
    if done is None:
        return "running", seconds(due)
    return ("met" if done <= due else "missed"), 0
