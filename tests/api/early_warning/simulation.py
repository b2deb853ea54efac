"""Complaints as they come in life: a rhythm of the week and of the day, busier days for no reason, few or many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.early_warning.rises import Counts, Slice

WEEK = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.7, 0.5])
HOURS = 1 + 0.8 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)
RHYTHM = np.outer(WEEK / WEEK.mean(), HOURS / HOURS.mean()).ravel() / 24


@dataclass
class World:
    """Hourly complaints of slices, shape (slices, hours)."""

    hourly: NDArray[np.float64]

    @property
    def slices(self) -> list[Slice]:
        return [Slice("product", str(row)) for row in range(len(self.hourly))]

    def counts(self, end: int, days: int) -> Counts:
        """Return the counts of the days that end after ``end`` hours, the latest first."""
        span = self.hourly[:, end - days * 24 : end]
        daily = span.reshape(len(span), days, 24).sum(axis=2)[:, ::-1].astype(float)
        return Counts(self.slices, daily, daily.sum(axis=0))


def world(
    seed: int, days: int, rates: NDArray[np.float64], *, scatter: tuple[float, float] | None = (4.0, 20.0),
    growth: float = 0.0,
) -> World:  # fmt: skip
    """Return ``days`` of slices with so many complaints a day.

    ``scatter`` bounds the size of each slice's negative binomial days (smaller scatters more); ``None`` is Poisson.
    ``growth`` is the logarithm of what the last day has over the first.
    """
    random = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    mean = rates[:, None] * RHYTHM[hours % len(RHYTHM)] * np.exp(growth * hours / len(hours))
    if scatter is not None:
        size = random.uniform(*scatter, len(rates))[:, None]
        mean = mean * np.repeat(random.gamma(size, 1 / size, (len(rates), days)), 24, axis=1)
    return World(random.poisson(mean).astype(float))


def spread(count: int, least: float = 0.05, most: float = 30.0) -> NDArray[np.float64]:
    """Return rates from few to many, evenly by their logarithm."""
    return np.exp(np.linspace(np.log(least), np.log(most), count))
