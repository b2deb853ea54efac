"""A day's rows become cells, counted by what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from api.analytics.layout import FIELDS, MODEL_SHIFT, MOST_MODELS, Terms, agreement, effective, pack
from api.store.analytics import Kind, Segment
from api.store.records import CaseStatus

__all__ = ["MOST_RULES", "SETTLED", "STATE_SHIFTS", "STATUSES", "TYPES", "case_segment", "message_segment", "seconds"]

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
RULE_SEPARATOR: Final = "\x1f"
"""Between the policy's version and the rules that fired, in the words of ``rules``."""


def seconds(moment: datetime) -> int:
    """Return the whole seconds since 1970."""
    return int(moment.timestamp())


def message_segment(day: date, rows: Sequence[Mapping[str, Any]]) -> Segment:
    """Count the messages of a day."""
    channels, countries, models = Terms(FIELDS["channel"].most), Terms(FIELDS["country"].most), Terms(MOST_MODELS)
    cells: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        corrected = row["corrected"]
        judged = 0
        if corrected is not None:
            judged = agreement(row["labels"], corrected) | models.number(row["model"]) << MODEL_SHIFT
        key = pack({**row, **effective(row["labels"], corrected)}, channels, countries)
        cells[key, judged] += 1
    terms = {"channel": channels.words, "country": countries.words, "model": models.words}
    return _segment(Kind.MESSAGE, day, cells, terms)


def case_segment(day: date, rows: Sequence[Mapping[str, Any]]) -> Segment:
    """Count the cases that were opened on a day."""
    channels, countries, rules = Terms(FIELDS["channel"].most), Terms(FIELDS["country"].most), Terms(MOST_RULES)
    cells: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        key = pack({**row, **effective(row["labels"], row["corrected"])}, channels, countries)
        answer, answer_due = _settled(row["first_answer_due"], _answered_at(row))
        resolution, resolution_due = _settled(row["resolution_due"], row["closed_at"])
        fired = sorted({reason["rule"] for reason in row["fired"] or ()})
        state = {
            "status": STATUSES.index(CaseStatus(row["status"])),
            "double_deviation": int(row["double_deviation"]),
            "first_answer": SETTLED[answer],
            "resolution": SETTLED[resolution],
            "rules": rules.number(RULE_SEPARATOR.join([row["policy_version"] or "", *fired])),
        }
        number = sum(value << STATE_SHIFTS[name] for name, value in state.items())
        cells[key, number, answer_due, resolution_due] += 1
    terms = {"channel": channels.words, "country": countries.words, "rules": rules.words}
    return _segment(Kind.CASE, day, cells, terms)


def _segment(kind: Kind, day: date, cells: Counter[tuple[int, ...]], terms: Mapping[str, Any]) -> Segment:
    """Return the cells of a day, sorted by hour."""
    rows = [(*cell, count) for cell, count in cells.items()]
    columns = [np.array([row[place] for row in rows], dtype=dtype) for place, dtype in enumerate(TYPES[kind])]
    order = np.argsort(columns[0] & np.uint64(FIELDS["hour"].most), kind="stable")
    return Segment(kind, day, None, terms, b"".join(column[order].tobytes() for column in columns))


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
