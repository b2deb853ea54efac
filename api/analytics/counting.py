"""Which cells a selection takes, and how many messages or cases of each kind they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from api.analytics.columns import FIRST_DAY, Column, Columns
from api.analytics.layout import FIELDS
from api.analytics.selection import Selection

__all__ = ["Chosen", "by_label", "chosen", "total"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cells of a selection: ``count`` how many each stands for, ``of`` a column of them.

    ``rows`` is a slice if they are all that there are from the first to before the last of ``hours``.
    """

    columns: Columns
    rows: slice | Column
    count: Column
    hours: tuple[int, int]

    def of(self, name: str) -> Column:
        """Return a column, the chosen cells only."""
        return self.columns.of(name)[self.rows]

    @property
    def hour(self) -> Column:
        """Hours since 1970 (UTC)."""
        return self.columns.hour[self.rows]

    def where(self, kept: Column) -> Chosen:
        """Return those of the chosen cells for which ``kept`` is true."""
        if kept.all():
            return self
        rows = np.flatnonzero(kept) + self.rows.start if isinstance(self.rows, slice) else self.rows[kept]
        return Chosen(self.columns, rows, self.count[kept], self.hours)

    def counts(self, *names: str) -> Column:
        """Return how many there are with each combination of fields' values: an axis a field."""
        sizes = [FIELDS[name].most + 1 for name in names]
        if isinstance(self.rows, slice):
            first, last = (min(max(hour - self.columns.first_hour, 0), self.columns.hours) for hour in self.hours)
            sums: Column = self.columns.table(*names)[first:last].sum(axis=0)
            return sums.reshape(sizes)
        number: Column = np.zeros(len(self.count), np.intp)
        for name, size in zip(names, sizes, strict=True):
            number = number * size + self.of(name)
        return counted(number, self.count, int(np.prod(sizes))).reshape(sizes)

    def by_day(self, name: str, selection: Selection) -> Column:
        """Return how many there are on each day of the selection with each value of a field."""
        size = FIELDS[name].most + 1
        if not isinstance(self.rows, slice):
            days, many = self.days(selection)
            return counted(days * size + self.of(name), self.count, many * size).reshape(many, size)
        (first, last), base = self.hours, self.columns.first_hour
        start, end = (min(max(hour - base, 0), self.columns.hours) for hour in self.hours)
        hours = np.zeros((last - first, size), np.int64)
        hours[start + base - first : end + base - first] = self.columns.table(name)[start:end] if end > start else 0
        begins = np.searchsorted(_day_of_hour(selection, first, last), np.arange(selection.days))
        return np.add.reduceat(hours, begins, axis=0)

    def days(self, selection: Selection) -> tuple[Column, int]:
        """Return the number of each cell's day in the selection, from 0, and how many days there are."""
        first, last = (int(moment.timestamp()) // 3600 for moment in selection.moments)
        return _day_of_hour(selection, first, last)[self.hour - first], selection.days


def chosen(columns: Columns, selection: Selection) -> Chosen:
    """Return the cells of a selection."""
    edges = np.array([int(moment.timestamp()) // 3600 for moment in selection.moments], columns.hour.dtype)
    start, end = map(int, np.searchsorted(columns.hour, edges))
    whole = Chosen(columns, slice(start, end), columns.count[start:end], (int(edges[0]), int(edges[1])))
    kept = np.ones(end - start, bool)
    for name, wanted in _wanted(columns, selection).items():
        column = whole.of(name)
        if FIELDS[name].mask:
            kept &= (column & column.dtype.type(np.bitwise_or.reduce(wanted))) != 0
        else:
            kept &= column == wanted[0] if len(wanted) == 1 else np.isin(column, wanted)
    return whole.where(kept)


def total(count: Column) -> int:
    """Return how many messages or cases cells stand for."""
    return int(count.sum())


def counted(numbers: Column, count: Column, size: int) -> Column:
    """Return how many there are of each number from 0 to before ``size``."""
    return np.bincount(numbers, weights=count, minlength=size).astype(np.int64)


def by_label(cells: Chosen, task: str) -> dict[str, int]:
    """Return how many messages have each label of a task; a message may count for several."""
    field, found = FIELDS[task], cells.counts(task)
    if not field.mask:
        return {str(label): int(found[place]) for place, label in enumerate(field.values, 1)}
    sums = np.arange(field.most + 1)
    return {str(label): int(found[(sums >> place & 1) == 1].sum()) for place, label in enumerate(field.values)}


def _wanted(columns: Columns, selection: Selection) -> dict[str, list[int]]:
    """Return by field the numbers, or bits, that a selection takes; what no cell has is a number that none has."""
    found: dict[str, list[int]] = {}
    for name, words in (("channel", selection.channels), ("country", selection.countries)):
        if words:
            numbers = {word: number for number, word in enumerate(columns.terms[name], 1)}
            found[name] = [numbers.get(word, FIELDS[name].most + 1) for word in words]
    named: Mapping[str, Sequence[Any]] = {
        "language": selection.languages,
        "review": (selection.review,) if selection.review else (),
        **selection.labels,
    }
    return found | {name: [FIELDS[name].code(word) for word in words] for name, words in named.items() if words}


def _day_of_hour(selection: Selection, first: int, last: int) -> Column:
    """Return for each hour from ``first`` the number of its day in the selection's time zone."""
    if selection.timezone == "UTC":
        return np.arange(last - first) // 24
    start, zone = selection.since.toordinal(), selection.zone
    hours = (datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone) for hour in range(first, last))
    return np.array([hour.toordinal() - start for hour in hours])


def day(ordinal: int) -> date:
    """Return the date of a day counted from 1970."""
    return date.fromordinal(FIRST_DAY + ordinal)
