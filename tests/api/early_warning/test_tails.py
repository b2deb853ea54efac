"""The tails are those of ``scipy.stats``, which the service does not load."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, nbinom

from api.early_warning.tails import at_least, false_discovery, quantile

MEANS = np.array([0.01, 0.3, 1.0, 7.5, 40.0, 900.0, 25_000.0])
SPREADS = np.array([1.000001, 1.2, 2.0, 5.0, 30.0])
"""Variance over mean; the first is all but Poisson's."""


def distributions() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return size and success of each mean with each spread, flat."""
    mean, spread = (grid.ravel() for grid in np.meshgrid(MEANS, SPREADS))
    size = mean / (spread - 1)
    return size, size / (size + mean)


@pytest.mark.parametrize("times", [0.0, 0.5, 1.0, 2.0, 10.0])
def test_tails_are_those_of_the_distribution(times: float) -> None:
    size, success = distributions()
    counts = np.floor(times * size * (1 - success) / success) + (times > 0)
    ours, theirs = at_least(counts, size, success), nbinom.sf(counts - 1, size, success)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=0)


def test_so_many_or_more_is_the_sum_of_its_terms() -> None:
    size, success = np.array([2.5]), np.array([0.4])
    term, terms = 0.4**2.5, []
    for number in range(400):
        terms.append(term)
        term *= (2.5 + number) / (number + 1) * 0.6
    for count in (0, 1, 2, 9, 40):
        assert at_least(np.array([float(count)]), size, success)[0] == pytest.approx(sum(terms[count:]), rel=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99, 1 - 1e-9])
def test_quantiles_are_those_of_the_distribution(share: float) -> None:
    size, success = distributions()
    np.testing.assert_array_equal(quantile(share, size, success), nbinom.ppf(share, size, success))


@pytest.mark.parametrize("shape", [(1,), (3, 7), (2, 40)])
def test_false_discoveries_are_counted_over_all_dimensions(shape: tuple[int, ...]) -> None:
    chance = np.random.default_rng(5)
    probabilities = chance.uniform(size=shape) ** 4
    probabilities.flat[::3] = 1.0
    theirs = false_discovery_control(probabilities, axis=None, method="bh").reshape(shape)
    np.testing.assert_allclose(false_discovery(probabilities), theirs, rtol=1e-12, atol=0)
