"""What is usual: a robust weekly baseline of daily counts, after Farrington and Noufaily.

The algorithm of outbreak surveillance: Farrington et al. 1996, "A statistical algorithm for the early detection of
outbreaks of infectious disease", doi 10.2307/2983331, with the reweighting and the negative binomial bound of
Noufaily et al. 2013, "An improved algorithm for outbreak detection in multiple surveillance systems",
doi 10.1002/sim.5595. Here the unit is a day and the season a week; the weekday and trend effects are penalised, so that
a slice with few complaints leans on its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Baseline", "Expected", "fit"]

Floats = NDArray[np.float64]

_WEEK: Final = 7
_OUTLIER: Final = 2.58  # Noufaily's threshold of a standardised Anscombe residual
_WEEKDAY_PENALTY: Final = 1.0  # log effects of a weekday have a standard deviation of 1 before data
_TREND_PENALTY: Final = 8.0  # and a doubling from the first day to the last is one standard deviation
_PSEUDO_COUNT: Final = 0.5  # a slice never seen is expected half a time in the whole baseline, not never
_CLIPPED: Final = 5.0
_MEDIAN_SQUARE: Final = 0.455  # of a standard normal deviate
_EFFECTS: Final = _WEEK + 1  # that are free: a mean, six weekdays, a trend
_PRIOR_DAYS: Final = 20.0
_PASSES: Final = 4
_STEPS: Final = 20
_CLOSE: Final = 1e-5
_ETA: Final = 12.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What was to be expected of a sum of days, a slice a row: its mean, and its variance with all uncertainty."""

    mean: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class Baseline:
    """A fitted baseline, a slice a row: ``effects`` are logarithms, ``dispersion`` is variance over mean, 1 or more."""

    effects: Floats
    covariance: Floats
    dispersion: Floats
    days: int

    def daily(self, days: int) -> Floats:
        """Return the means of the latest ``days``, the latest first; shape (slices, days)."""
        return np.asarray(_means(self.effects, _design(np.arange(days), self.days)))

    def expected(self, days: int) -> Expected:
        """Return what is expected of the sum of the latest ``days``."""
        design = _design(np.arange(days), self.days)
        daily = _means(self.effects, design)
        mean = daily.sum(axis=1)
        gradient = daily @ design / mean[:, None]
        relative = np.einsum("si,sij,sj->s", gradient, self.covariance, gradient)
        return Expected(mean, self.dispersion * mean + mean**2 * relative)


def fit(counts: Floats, *, guard: int, missing: NDArray[np.bool_] | None = None) -> Baseline:
    """Fit the baseline of each slice.

    ``counts`` has shape (slices, days), the latest day first. The latest ``guard`` days are left out, so that what
    rises now does not teach that it is usual; so are the days marked in ``missing``.
    """
    days = counts.shape[1]
    design = _design(np.arange(guard, days), days)
    seen = counts[:, guard:]
    known = np.ones(days - guard) if missing is None else (~missing[guard:]).astype(float)
    observed = seen + _PSEUDO_COUNT / known.sum()
    weights = np.tile(known, (len(seen), 1))
    effects = np.zeros((len(seen), design.shape[1]))
    effects[:, 0] = np.log((observed * known).sum(axis=1) / known.sum())
    for _ in range(_PASSES):
        effects = _maximise(effects, design, observed, weights)
        means = _means(effects, design)
        inverse = np.linalg.inv(_information(design, weights * means))
        dispersion = _dispersion((seen - means) ** 2 / means, means, known)
        final = Baseline(effects, dispersion[:, None, None] * inverse, dispersion, days)
        leverage = weights * means * (inverse.reshape(len(seen), -1) @ _squares(design).T)
        weights = _reweighted(seen, means, dispersion, leverage, known)
    return final


def _design(ages: NDArray[np.int_], days: int) -> Floats:
    """Return intercept, weekday and trend of days so many days ago."""
    weekdays = np.eye(_WEEK)[ages % _WEEK]
    trend = 1.0 - 2.0 * ages / max(days - 1, 1)
    return np.column_stack([np.ones(len(ages)), weekdays, trend])


def _means(effects: Floats, design: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(effects @ design.T, -_ETA, _ETA)))


def _squares(design: Floats) -> Floats:
    """Return the outer product of each day's row with itself, flat."""
    return np.asarray((design[:, :, None] * design[:, None, :]).reshape(len(design), -1))


def _information(design: Floats, weights: Floats) -> Floats:
    """Return the penalised Fisher information of each slice."""
    penalty = np.diag([1e-9, *[_WEEKDAY_PENALTY] * _WEEK, _TREND_PENALTY])
    return np.asarray((weights @ _squares(design)).reshape(-1, *penalty.shape) + penalty)


def _maximise(effects: Floats, design: Floats, observed: Floats, weights: Floats) -> Floats:
    """Climb to the largest penalised likelihood by Newton's steps (iteratively reweighted least squares)."""
    penalty = np.array([1e-9, *[_WEEKDAY_PENALTY] * _WEEK, _TREND_PENALTY])
    for _ in range(_STEPS):
        means = _means(effects, design)
        score = (weights * (observed - means)) @ design - penalty * effects
        step = np.linalg.solve(_information(design, weights * means), score[:, :, None])[:, :, 0]
        effects = effects + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _CLOSE:
            break
    return effects


def _dispersion(squares: Floats, means: Floats, known: Floats) -> Floats:
    """Return each slice's variance over mean from its squared Pearson residuals, at least 1.

    A day counts as ``_CLIPPED`` robust standard deviations at most, so that a past rise does not hide the next one. A
    slice's own is moderated, as if by ``_PRIOR_DAYS`` more days, by what its mean lets expect: in all slices together
    the variance grows by one share of the squared mean. A few days say little of how they scatter.
    """
    days = known > 0
    robust = np.maximum(1.0, np.median(squares[:, days], axis=1) / _MEDIAN_SQUARE)
    own = (known * np.minimum(squares, _CLIPPED**2 * robust[:, None])).sum(axis=1)
    freedom = max(known.sum() - _EFFECTS, 1.0)
    level = (means * known).sum(axis=1) / known.sum()
    share = max(float((own / freedom - 1).sum() / level.sum()), 0.0)
    return np.asarray(np.maximum(1.0, (own + _PRIOR_DAYS * (1 + share * level)) / (freedom + _PRIOR_DAYS)))


def _reweighted(seen: Floats, means: Floats, dispersion: Floats, leverage: Floats, known: Floats) -> Floats:
    """Let days with unusually many count less: by the square of their Anscombe residual (Noufaily, section 3.3)."""
    spread = means ** (1 / 6) * np.sqrt(dispersion[:, None] * np.clip(1 - leverage, 0.05, 1.0))
    residual = 1.5 * (seen ** (2 / 3) - means ** (2 / 3)) / spread
    weights = known * np.where(residual > _OUTLIER, np.maximum(residual, _OUTLIER) ** -2.0, 1.0)
    return np.asarray(weights * known.sum() / weights.sum(axis=1, keepdims=True))
