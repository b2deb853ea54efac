"""A day's rows become cells, and cells the columns that figures are counted from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from api.analytics.layout import FIELDS, MODEL_SHIFT, MOST_MODELS, Field, Terms, agreement, effective, pack
from api.store.analytics import Kind, Segment
from api.store.records import CaseStatus

__all__ = [
    "FIRST_DAY",
    "SETTLED",
    "STATUSES",
    "Column",
    "Columns",
    "Words",
    "case_segment",
    "decode",
    "join",
    "message_segment",
    "seconds",
]

Column = npt.NDArray[Any]
FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.MESSAGE: ("<u8", "<u4", "<u4"),
    Kind.CASE: ("<u8", "<u4", "<u4", "<u4", "<u4"),
}
"""The columns of a cell: key and what was judged, or key, state and both deadlines that run; the count is the last."""

SETTLED: Final = {"none": 0, "met": 1, "missed": 2, "running": 3}
"""How a deadline went; while it runs, a cell has the second when it ends."""
STATUSES: Final = tuple(CaseStatus)
STATE_SHIFTS: Final = {"status": 0, "double_deviation": 2, "first_answer": 3, "resolution": 5, "rules": 7}
_MOST_RULES: Final = (1 << (32 - STATE_SHIFTS["rules"])) - 1
_MOST: Final = {
    "channel": FIELDS["channel"].most,
    "country": FIELDS["country"].most,
    "model": MOST_MODELS,
    "rules": _MOST_RULES,
}
RULE_SEPARATOR: Final = "\x1f"
"""Between the policy's version and the rules that fired, in the words of ``rules``."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells as columns of small numbers, one value a cell.

    ``hour`` counts from 1970 (UTC). ``count`` is how many a cell stands for, in floats, which numpy sums quickest.
    ``values`` has each field of the layout, numbered by ``terms`` where it is a channel or a country; ``judged`` and
    ``model`` for messages; ``status``, ``double_deviation``, ``first_answer``, ``resolution``, ``rules`` and the
    seconds ``answer_due`` and ``resolution_due`` for cases.
    """

    hour: Column
    count: Column
    values: Mapping[str, Column]
    terms: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.hour)


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
    channels, countries, rules = Terms(FIELDS["channel"].most), Terms(FIELDS["country"].most), Terms(_MOST_RULES)
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


class Words:
    """The channels, countries, models and sets of rules of all days, numbered in the order in which they are seen."""

    def __init__(self) -> None:
        self._terms = {name: Terms(most) for name, most in _MOST.items()}

    def numbers(self, name: str, words: Sequence[str]) -> Column:
        """Return for each number of a day's list, from 0, the one here."""
        return np.array([0, *map(self._terms[name].number, words)], dtype=np.uint64)

    def all(self) -> dict[str, Sequence[str]]:
        """Return the words of each kind, in the order of their numbers."""
        return {name: terms.words for name, terms in self._terms.items()}


def decode(segment: Segment, words: Words) -> Columns:
    """Return the cells of a day as columns, its words numbered as in ``words``."""
    kind = Kind(segment.kind)
    key, second, *more = _read(kind, segment.cells)
    for name in ("channel", "country"):
        key = _renumbered(key, FIELDS[name], words.numbers(name, segment.terms[name]))
    values = {field.name: _field(key, field.shift, field.most) for field in FIELDS.values()}
    hour = values.pop("hour") + np.int32((segment.day.toordinal() - FIRST_DAY) * 24)
    if kind is Kind.MESSAGE:
        models = words.numbers("model", segment.terms["model"]).astype(np.uint16)
        values |= {"judged": second & ((1 << MODEL_SHIFT) - 1), "model": models[second >> MODEL_SHIFT]}
    else:
        values |= {**_state(second), "answer_due": more[0], "resolution_due": more[1]}
        values["rules"] = words.numbers("rules", segment.terms["rules"]).astype(np.uint32)[values["rules"]]
    return Columns(hour, more[-1].astype(np.float64), values, {})


def join(parts: Sequence[Columns], words: Words) -> Columns:
    """Return the cells of several days, in their order."""
    if not parts:
        return join([_NOTHING], words)
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    hour, count = (np.concatenate([getattr(part, name) for part in parts]) for name in ("hour", "count"))
    return Columns(hour, count, values, words.all())


def _read(kind: Kind, cells: bytes) -> list[Column]:
    """Return the columns of a segment as they are stored."""
    size = sum(np.dtype(dtype).itemsize for dtype in _TYPES[kind])
    count, place, found = len(cells) // size, 0, []
    for dtype in _TYPES[kind]:
        found.append(np.frombuffer(cells, dtype, count, place))
        place += count * np.dtype(dtype).itemsize
    return found


def _renumbered(key: Column, field: Field, numbers: Column) -> Column:
    """Put other numbers in a field of keys."""
    shift = np.uint64(field.shift)
    old = (key >> shift) & np.uint64(field.most)
    rest = key & np.uint64(~(field.most << field.shift) & (1 << 64) - 1)
    return rest | numbers[old.astype(np.intp)] << shift


def _field(key: Column, shift: int, most: int) -> Column:
    dtype = np.uint8 if most < 1 << 8 else np.uint16
    return ((key >> np.uint64(shift)) & np.uint64(most)).astype(dtype)


def _state(number: Column) -> dict[str, Column]:
    bits = {"status": 3, "double_deviation": 1, "first_answer": 3, "resolution": 3, "rules": _MOST_RULES}
    found = {name: (number >> np.uint32(STATE_SHIFTS[name])) & np.uint32(most) for name, most in bits.items()}
    return {name: column if name == "rules" else column.astype(np.uint8) for name, column in found.items()}


def _segment(kind: Kind, day: date, cells: Counter[tuple[int, ...]], terms: Mapping[str, Any]) -> Segment:
    rows = sorted((*cell, count) for cell, count in cells.items())
    written = [
        np.array([row[place] for row in rows], dtype=dtype).tobytes() for place, dtype in enumerate(_TYPES[kind])
    ]
    return Segment(kind, day, None, terms, b"".join(written))


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


_NOTHING: Final = Columns(
    np.zeros(0, np.int32),
    np.zeros(0, np.float64),
    dict.fromkeys((*FIELDS, "judged", "model", *STATE_SHIFTS, "answer_due", "resolution_due"), np.zeros(0, np.uint8)),
    {},
)
