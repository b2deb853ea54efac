import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.trainer import _Schedule, _shuffled


@given(st.lists(st.integers(1, 60), min_size=1, max_size=300), st.integers(64, 512), st.integers(0, 9))
def test_an_epoch_has_every_row_once_within_the_budget(lengths: list[int], budget: int, seed: int) -> None:
    rows = [np.zeros(n, dtype=np.int64) for n in lengths]
    plan = list(_shuffled(rows, budget, random.Random(seed)))
    assert sorted(i for batch in plan for i in batch) == list(range(len(rows)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= budget for batch in plan)


def test_the_rate_rises_then_falls_to_zero() -> None:
    schedule = _Schedule(100, 0.1)
    rates = [schedule(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_seeds_decide_the_order() -> None:
    rows = [np.zeros(9, dtype=np.int64)] * 40
    assert list(_shuffled(rows, 64, random.Random(1))) == list(_shuffled(rows, 64, random.Random(1)))
    assert list(_shuffled(rows, 64, random.Random(1))) != list(_shuffled(rows, 64, random.Random(2)))
