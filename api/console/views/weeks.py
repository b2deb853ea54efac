"""The model on what people reviewed, week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from api.analytics.figures import Precision, Ratio

__all__ = ["Week", "weeks_of"]


@dataclass(frozen=True, slots=True)
class Week:
    """The answers to messages received in the seven days from ``start``, a Monday, and how many people left as is."""

    start: date
    right: Ratio


def weeks_of(precision: Precision) -> Sequence[Week]:
    """Return the weeks in which something was reviewed, all tasks together."""
    sums: dict[date, list[int]] = {}
    for day in precision.over_time:
        total = sums.setdefault(day.day - timedelta(days=day.day.weekday()), [0, 0])
        for ratio in day.right.values():
            total[0] += ratio.count
            total[1] += ratio.of
    return [Week(start, Ratio(count, of)) for start, (count, of) in sorted(sums.items()) if of]
