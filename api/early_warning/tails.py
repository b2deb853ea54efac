"""How rare a count is, and how rare the rarest of many: what ``scipy.stats`` has for it, without loading that.

``scipy.special`` holds the same function (Boost's incomplete beta) and loads in a fraction of the memory and time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["at_least", "false_discovery", "quantile"]

Floats = NDArray[np.float64]


def at_least(counts: Floats, size: Floats, success: Floats) -> Floats:
    """Return the probability of so many or more under negative binomial distributions.

    ``size`` and ``success`` are above 0, ``success`` at most 1, as of ``scipy.stats.nbinom``. The tail is an
    incomplete beta function (DLMF 8.17.24).
    """
    from scipy.special import betaincc

    return np.where(counts > 0, betaincc(size, np.maximum(counts, 1), success), 1.0)


def quantile(share: float, size: Floats, success: Floats) -> Floats:
    """Return the least whole number that a count exceeds with a probability of ``1 - share`` or less."""
    from scipy.special import betainc

    size, success = np.broadcast_arrays(size, success)
    low, high = np.full(size.shape, -1.0), np.maximum(np.ceil(size * (1 - success) / success), 1.0)
    while (short := betainc(size, high + 1, success) < share).any():
        low, high = np.where(short, high, low), np.where(short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = (middle >= 0) & (betainc(size, np.maximum(middle, 0) + 1, success) >= share)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def false_discovery(probabilities: Floats) -> Floats:
    """Return the probabilities adjusted for how many they are, of all dimensions (Benjamini and Hochberg 1995)."""
    flat = probabilities.ravel()
    order = np.argsort(flat)
    scaled = flat[order] * (flat.size / np.arange(1, flat.size + 1))
    adjusted = np.empty_like(flat)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted.reshape(probabilities.shape)
