import numpy as np
import pytest

from training.report import bootstrap
from training.report.bootstrap import Sampled, joined, weights


def test_every_sample_draws_as_many_families_as_there_are_and_families_stay_together() -> None:
    (drawn,) = weights(["a", "b", "a", "c"], np.random.default_rng(1), 50)
    assert drawn.shape == (50, 4)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert (drawn[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert drawn.std() > 0


def test_large_sets_come_in_pieces_that_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_CELLS", 100)
    pieces = list(weights([str(i) for i in range(30)], np.random.default_rng(1), 20))
    assert len(pieces) > 1
    assert sum(map(len, pieces)) == 20
    assert len(joined([{"x": piece[:, 0]} for piece in pieces])["x"]) == 20


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    hits = np.arange(400) % 4 > 0
    (drawn,) = weights([str(i) for i in range(400)], np.random.default_rng(1), 4000)
    measured = Sampled(0.75, drawn @ hits / 400, 400).measured()
    error = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (measured.low, measured.high) == pytest.approx((0.75 - error, 0.75 + error), abs=0.006)


def test_families_widen_the_interval() -> None:
    hits = np.arange(400) % 4 > 0
    alone, pairs = (
        Sampled(0.75, next(weights(families, np.random.default_rng(1), 2000)) @ hits / 400, 400).measured()
        for families in ([str(i) for i in range(400)], [str(i % 100) for i in range(400)])
    )
    assert pairs.high - pairs.low > 1.5 * (alone.high - alone.low)


def test_an_interval_is_moved_onto_its_figure_and_kept_in_range() -> None:
    measured = Sampled(0.95, np.linspace(0.5, 0.9, 101), 10).measured()
    assert measured.low == pytest.approx(0.76, abs=0.005)
    assert measured.high == 1.0
    assert Sampled(0.5, np.array([np.nan, np.nan]), 1).measured().low == 0.5
    assert Sampled(0.5, np.array([np.nan, 0.4, 0.6]), 1).measured().low == pytest.approx(0.405)


def test_a_difference_may_be_negative() -> None:
    low, high = Sampled(0.2, np.array([0.1, 0.3]), 9), Sampled(0.8, np.array([0.8, 0.8]), 5)
    difference = low.minus(high)
    assert difference.measured().value == pytest.approx(-0.6)
    assert difference.messages == 5
    assert difference.lowest == -1.0


def test_json_has_four_digits() -> None:
    assert Sampled(1 / 3, np.array([1 / 3]), 7).measured().to_dict() == {
        "value": 0.3333,
        "low": 0.3333,
        "high": 0.3333,
        "messages": 7,
    }
