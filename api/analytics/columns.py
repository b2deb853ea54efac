"""Cells of some days as columns of small numbers, each made once a figure looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from api.analytics.cells import MOST_RULES, STATE_SHIFTS, TYPES
from api.analytics.layout import FIELDS, MODEL_SHIFT, MOST_MODELS, Field, Terms
from api.store.analytics import Kind, Segment

__all__ = ["FIRST_DAY", "Column", "Columns", "Words", "decode", "join"]

Column = npt.NDArray[Any]
FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_STATE_BITS: Final = {"status": 3, "double_deviation": 1, "first_answer": 3, "resolution": 3, "rules": MOST_RULES}
_MOST: Final = {
    "channel": FIELDS["channel"].most,
    "country": FIELDS["country"].most,
    "model": MOST_MODELS,
    "rules": MOST_RULES,
}


class Columns:
    """Cells in the order of their hours, one value a cell.

    ``hour`` counts from 1970 (UTC), ``count`` says how many a cell stands for. ``of`` has each field of the layout,
    numbered by ``terms`` where it is a channel or a country; ``judged`` and ``model`` for messages; ``status``,
    ``double_deviation``, ``first_answer``, ``resolution``, ``rules`` and the seconds ``answer_due`` and
    ``resolution_due`` for cases.
    """

    def __init__(
        self, hour: Column, count: Column, packed: Sequence[Column], terms: Mapping[str, Sequence[str]]
    ) -> None:
        """``packed`` are the stored numbers: the key, the second one, and for cases both deadlines."""
        self.hour = hour
        self.count = count
        self.terms = terms
        self._packed = packed
        self._made: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.hour)

    def of(self, name: str) -> Column:
        """Return a column."""
        column = self._made.get(name)
        if column is None:
            column = self._made[name] = _unpacked(name, self._packed)
        return column

    def replaced(self, start: int, end: int, part: Columns, words: Words) -> Columns:
        """Return the same with ``part`` in place of the cells ``start`` to before ``end``; it knows what these knew."""

        def put(old: Column, new: Column) -> Column:
            return np.concatenate([old[:start], new.astype(old.dtype, copy=False), old[end:]])

        packed = [put(old, new) for old, new in zip(self._packed, part._packed, strict=True)]
        whole = Columns(put(self.hour, part.hour), put(self.count, part.count), packed, words.all())
        whole._made = {name: put(column, part.of(name)) for name, column in list(self._made.items())}
        return whole


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
    """Return the cells of a day, its words numbered as in ``words``."""
    kind = Kind(segment.kind)
    key, second, *more, count = _read(kind, segment.cells)
    for name in ("channel", "country"):
        key = _renumbered(key, FIELDS[name].shift, FIELDS[name].most, words.numbers(name, segment.terms[name]))
    name, shift = ("model", MODEL_SHIFT) if kind is Kind.MESSAGE else ("rules", STATE_SHIFTS["rules"])
    second = _renumbered(second, shift, _MOST[name], words.numbers(name, segment.terms[name]))
    hour = (key & key.dtype.type(FIELDS["hour"].most)).astype(np.int32)
    columns = [key, second, *more, count, hour + np.int32((segment.day.toordinal() - FIRST_DAY) * 24)]
    if (hour[1:] < hour[:-1]).any():  # stored by a version that sorted otherwise
        order = np.argsort(hour, kind="stable")
        columns = [column[order] for column in columns]
    *packed, count, hour = columns
    return Columns(hour, count, packed, {})


def join(parts: Sequence[Columns], words: Words) -> Columns:
    """Return the cells of several days, given in their order."""
    if not parts:
        return Columns(np.zeros(0, np.int32), np.zeros(0), [np.zeros(0, np.uint64)] * 4, words.all())
    packed = [np.concatenate(columns) for columns in zip(*(part._packed for part in parts), strict=True)]
    hour, count = (np.concatenate([getattr(part, name) for part in parts]) for name in ("hour", "count"))
    return Columns(hour, count.astype(np.float64), packed, words.all())  # numpy sums floats quickest


def _read(kind: Kind, cells: bytes) -> list[Column]:
    """Return the columns of a segment as they are stored."""
    size = sum(np.dtype(dtype).itemsize for dtype in TYPES[kind])
    count, place, found = len(cells) // size, 0, []
    for dtype in TYPES[kind]:
        found.append(np.frombuffer(cells, dtype, count, place))
        place += count * np.dtype(dtype).itemsize
    return found


def _renumbered(column: Column, shift: int, most: int, numbers: Column) -> Column:
    """Put other numbers in some bits of a column."""
    if (numbers == np.arange(len(numbers), dtype=numbers.dtype)).all():
        return column
    whole = column.dtype.type
    bits = whole(most << shift & ((1 << 8 * column.dtype.itemsize) - 1))
    old = ((column & bits) >> whole(shift)).astype(np.intp)
    return (column & ~bits) | (numbers.astype(column.dtype) << whole(shift))[old]


def _unpacked(name: str, packed: Sequence[Column]) -> Column:
    """Return a column from the numbers that hold it."""
    key, second, *dues = packed
    if name in FIELDS:
        field: Field = FIELDS[name]
        return _bits(key, field.shift, field.most)
    if name == "judged":
        return second & second.dtype.type((1 << MODEL_SHIFT) - 1)
    if name == "model":
        return _bits(second, MODEL_SHIFT, MOST_MODELS)
    if name in STATE_SHIFTS:
        return _bits(second, STATE_SHIFTS[name], _STATE_BITS[name])
    return dues[("answer_due", "resolution_due").index(name)]


def _bits(column: Column, shift: int, most: int) -> Column:
    small = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32
    return (column >> column.dtype.type(shift)).astype(small) & small(most)
