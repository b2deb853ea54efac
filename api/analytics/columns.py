"""Cells of some days as columns of small numbers, each made once a figure looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from api.analytics.cells import MOST_RULES, STATE_SHIFTS, Column, read_cells
from api.analytics.layout import FIELDS, MODEL_SHIFT, MOST_MODELS, Field, Terms
from api.store.analytics import Kind, Segment

__all__ = ["FIRST_DAY", "Column", "Columns", "Words", "decode", "join"]

FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 24
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
        self._tables: dict[tuple[str, ...], Column] = {}

    def __len__(self) -> int:
        return len(self.hour)

    def of(self, name: str) -> Column:
        """Return a column."""
        column = self._made.get(name)
        if column is None:
            column = self._made[name] = _unpacked(name, self._packed)
        return column

    @property
    def first_hour(self) -> int:
        """The hour, since 1970, at which the first day begins."""
        return int(self.hour[0]) // _DAY * _DAY if len(self) else 0

    @property
    def hours(self) -> int:
        """How many hours the days have, from the first to the last with a cell."""
        return (int(self.hour[-1]) // _DAY + 1) * _DAY - self.first_hour if len(self) else 0

    def table(self, *names: str) -> Column:
        """Return how many there are in each hour, from ``first_hour`` on, with each combination of fields' values.

        Made once; where a day is replaced, only its hours are counted again.
        """
        table = self._tables.get(names)
        if table is None:
            table = self._tables[names] = self._counted(names, self.first_hour, self.hours)
        return table

    def _counted(self, names: Sequence[str], first: int, hours: int) -> Column:
        number, width = (self.hour - first).astype(np.intp), 1
        for name in names:
            values = FIELDS[name].most + 1
            number, width = number * values + self.of(name), width * values
        counts = np.bincount(number, weights=self.count, minlength=hours * width)
        return counts.astype(np.int32).reshape(hours, width)

    def replaced(self, start: int, end: int, part: Columns, words: Words) -> Columns:
        """Return the same with ``part`` in place of the cells ``start`` to before ``end``; it knows what these knew."""

        def put(old: Column, new: Column) -> Column:
            return np.concatenate([old[:start], new.astype(old.dtype, copy=False), old[end:]])

        packed = [put(old, new) for old, new in zip(self._packed, part._packed, strict=True)]
        whole = Columns(put(self.hour, part.hour), put(self.count, part.count), packed, words.all())
        whole._made = {name: put(column, part.of(name)) for name, column in list(self._made.items())}
        if (whole.first_hour, whole.hours) == (self.first_hour, self.hours):
            some = part.hour if len(part) else self.hour[start:end]
            day = int(some[0]) // _DAY * _DAY if len(some) else None
            whole._tables = {
                names: table if day is None else self._with_day(table, names, part, day)
                for names, table in list(self._tables.items())
            }
        return whole

    def _with_day(self, table: Column, names: Sequence[str], part: Columns, day: int) -> Column:
        table, place = table.copy(), day - self.first_hour
        table[place : place + _DAY] = part._counted(names, day, _DAY)
        return table


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
    key, second, *more, count = read_cells(kind, segment.cells)
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


def _renumbered(column: Column, shift: int, most: int, numbers: Column) -> Column:
    """Put other numbers in some bits of a column."""
    if (numbers == np.arange(len(numbers), dtype=numbers.dtype)).all():
        return column
    whole = column.dtype.type
    bits = whole(most << shift & ((1 << 8 * column.dtype.itemsize) - 1))
    old = ((column & bits) >> whole(shift)).astype(np.intp)
    changed: Column = (column & ~bits) | (numbers.astype(column.dtype) << whole(shift))[old]
    return changed


def _unpacked(name: str, packed: Sequence[Column]) -> Column:
    """Return a column from the numbers that hold it."""
    key, second, *dues = packed
    if name in FIELDS:
        field: Field = FIELDS[name]
        return _bits(key, field.shift, field.most)
    if name == "judged":
        judged: Column = second & second.dtype.type((1 << MODEL_SHIFT) - 1)
        return judged
    if name == "model":
        return _bits(second, MODEL_SHIFT, MOST_MODELS)
    if name in STATE_SHIFTS:
        return _bits(second, STATE_SHIFTS[name], _STATE_BITS[name])
    return dues[("answer_due", "resolution_due").index(name)]


def _bits(column: Column, shift: int, most: int) -> Column:
    small = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32
    bits: Column = (column >> column.dtype.type(shift)).astype(small) & small(most)
    return bits
