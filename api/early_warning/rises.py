"""Which slices rise unusually: many are looked at each time, and few may be called unusual by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.early_warning.baseline import Expected, fit
from api.early_warning.tails import at_least, false_discovery, quantile

__all__ = ["GUARD_DAYS", "WINDOWS", "Counts", "Judged", "Slice", "began", "judge"]

WINDOWS: Final = (1, 7)
"""The latest days that are looked at: one for sudden rises, a week for slow ones and for slices with few complaints."""

GUARD_DAYS: Final = max(WINDOWS)
_USUAL: Final = 0.99
_BUSY: Final = 7


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """Some of the complaints: those of one touchpoint, one kind of justice, one product; ``all`` of them."""

    dimension: str
    value: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Complaints by slice and day, shape (slices, days); a day is 24 hours, the latest ends now and comes first.

    ``total`` is of all complaints.
    """

    slices: Sequence[Slice]
    daily: NDArray[np.float64]
    total: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A slice over its latest ``days``.

    ``expected`` is the mean of what is usual, ``upper`` is exceeded on one occasion in a hundred, ``probability`` is
    that of so many or more, ``adjusted`` the same for as many slices as were looked at (Benjamini and Hochberg).
    ``daily`` are the means of the last days, the latest first.
    """

    slice: Slice
    days: int
    count: int
    expected: float
    upper: int
    probability: float
    adjusted: float
    daily: tuple[float, ...]


def judge(counts: Counts, *, min_count: int) -> Mapping[Slice, tuple[Judged, ...]]:
    """Judge each slice over each window.

    All slices and windows are one family, whose false discovery rate ``adjusted`` controls (Benjamini and Hochberg
    1995; under the positive dependence of slices that share complaints, Benjamini and Yekutieli 2001). Slices with
    fewer than ``min_count`` complaints in a window stay in the family and can't be unusual.
    """
    if not counts.slices:
        return {}
    baseline = fit(counts.daily, guard=GUARD_DAYS, missing=_missing(counts.total))
    expected = [baseline.expected(days) for days in WINDOWS]
    sums = np.stack([counts.daily[:, :days].sum(axis=1) for days in WINDOWS])
    tails = np.stack([at_least(total, *_negative_binomial(known)) for total, known in zip(sums, expected, strict=True)])
    tails[sums < min_count] = 1.0
    adjusted = false_discovery(tails)
    uppers = [quantile(_USUAL, *_negative_binomial(known)) for known in expected]
    daily = baseline.daily(GUARD_DAYS)
    return {
        each: tuple(
            Judged(
                slice=each,
                days=days,
                count=int(sums[window, row]),
                expected=float(expected[window].mean[row]),
                upper=int(uppers[window][row]),
                probability=float(tails[window, row]),
                adjusted=float(adjusted[window, row]),
                daily=tuple(map(float, daily[row])),
            )
            for window, days in enumerate(WINDOWS)
        )
        for row, each in enumerate(counts.slices)
    }


def began(ages: Sequence[float], daily: Sequence[float], *, min_count: int) -> float | None:
    """Return how many days ago a rise began: where the excess from then until now is the clearest.

    ``ages`` are the ages of the complaints in days, ``daily`` the means of the last days, the latest first. The
    clearest has the greatest likelihood ratio (Kulldorff 1997, "A spatial scan statistic", over spans that end now).
    ``None`` if no span has both an excess and ``min_count`` complaints.
    """
    edges = np.arange(len(daily) + 1)
    sorted_ages = np.sort(np.asarray([age for age in ages if age <= len(daily)], dtype=float))
    usual = np.interp(sorted_ages, edges, np.concatenate([[0.0], np.cumsum(daily)]))
    seen = np.arange(1, len(sorted_ages) + 1)
    clear = np.where(seen > usual, seen * np.log(seen / np.maximum(usual, 1e-9)) - (seen - usual), 0.0)
    clear[: min_count - 1] = 0.0
    return float(sorted_ages[clear.argmax()]) if clear.any() else None


def _missing(total: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the days without any complaint where there usually are many: the service or its channels were away."""
    return np.asarray((total == 0) & (np.median(total) >= _BUSY))


def _negative_binomial(known: Expected) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return size and success probability of the distribution with this mean and variance."""
    size = known.mean**2 / np.maximum(known.variance - known.mean, 1e-6 * known.mean)
    return size, size / (size + known.mean)
