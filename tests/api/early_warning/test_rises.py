"""How often the quiet is called a rise, and a rise is seen: measured on simulated complaints, with seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from api.early_warning.rises import GUARD_DAYS, WINDOWS, Counts, Slice, began, judge
from api.early_warning.settings import AlertSettings
from tests.api.early_warning.simulation import World, spread, world

DAYS = 56 + GUARD_DAYS
LEVEL = AlertSettings().level_each_time
SLICES = 40


def called(counts: Counts, level: float = LEVEL) -> set[str]:
    """Return the slices that are called a rise."""
    judged = judge(counts, min_count=5)
    return {each.value for each, windows in judged.items() if any(one.adjusted <= level for one in windows)}


def quiet_days(make: Callable[[int], World], seeds: range, days: int, *, looks: int) -> float:
    """Return the share of days on which any of so many looks calls anything a rise."""
    false = [
        any(called(quiet.counts(length - 24 * day - 24 // looks * at, DAYS)) for at in range(looks))
        for seed in seeds
        for quiet in [make(seed)]
        for length in [quiet.hourly.shape[1]]
        for day in range(days)
    ]
    return float(np.mean(false))


@pytest.mark.parametrize(
    "life",
    [{"scatter": None}, {}, {"growth": 0.4}, {"growth": -0.6}],
    ids=["poisson", "scattered", "growing", "falling"],
)
def test_quiet_days_are_seldom_called_a_rise(life: dict[str, Any]) -> None:
    days = 12
    share = quiet_days(lambda seed: world(seed, DAYS + days, spread(SLICES), **life), range(3), days, looks=4)
    assert share <= AlertSettings().level


def test_a_short_history_does_not_raise_more() -> None:
    length = AlertSettings().min_days

    def short(seed: int) -> Counts:
        return world(seed, length, spread(SLICES)).counts(length * 24, length)

    assert np.mean([bool(called(short(seed))) for seed in range(40)]) <= AlertSettings().level


def with_rise(seed: int, row: int, factor: float, days: int) -> World:
    """Return a quiet world in which one slice has ``factor`` times as many complaints in its last days."""
    quiet = world(seed, DAYS, spread(SLICES))
    random = np.random.default_rng(seed + 1000)
    last = quiet.hourly[row, -24 * days :]
    quiet.hourly[row, -24 * days :] += random.poisson((factor - 1) * spread(SLICES)[row] / 24, last.shape)
    return quiet


@pytest.mark.parametrize(
    ("rate", "factor", "days", "least"),
    [(20.0, 4.0, 1, 0.9), (5.0, 8.0, 1, 0.8), (1.0, 20.0, 1, 0.8), (5.0, 4.0, 7, 0.9), (0.3, 12.0, 7, 0.9)],
)
def test_rises_are_seen(rate: float, factor: float, days: int, least: float) -> None:
    row = int(np.abs(spread(SLICES) - rate).argmin())
    seen = [str(row) in called(with_rise(seed, row, factor, days).counts(DAYS * 24, DAYS)) for seed in range(12)]
    assert np.mean(seen) >= least


def test_few_of_what_is_called_a_rise_is_none() -> None:
    true, false = 0, 0
    for seed in range(10):
        rising = world(seed, DAYS, spread(SLICES))
        for row in range(30, 38):
            rising.hourly[row, -24:] *= 8
        found = called(rising.counts(DAYS * 24, DAYS), level=0.05)
        true += len(found & {str(row) for row in range(30, 38)})
        false += len(found - {str(row) for row in range(30, 38)})
    assert true >= 0.7 * 8 * 10
    assert false <= 0.1 * (true + false)


def steady(value: float = 10.0, days: int = DAYS, rows: int = 1) -> Counts:
    daily = np.full((rows, days), value)
    return Counts([Slice("product", str(row)) for row in range(rows)], daily, daily.sum(axis=0))


def test_a_judgement_says_what_was_usual() -> None:
    counts = steady()
    counts.daily[0, 0] = 40
    (judged,) = judge(counts, min_count=5).values()
    assert [one.days for one in judged] == list(WINDOWS)
    day = judged[0]
    assert day.count == 40
    assert 18 <= day.upper <= 20
    assert day.expected == pytest.approx(10, abs=0.5)
    assert day.probability < day.adjusted < 1e-8
    assert len(day.daily) == GUARD_DAYS
    assert sum(day.daily) == pytest.approx(judged[1].expected)


def test_a_past_rise_does_not_hide_the_next_one() -> None:
    counts = steady()
    counts.daily[0, 20:24] = 80
    counts.daily[0, 0] = 40
    assert called(counts) == {"0"}


def test_a_weekday_that_is_always_busy_is_no_rise() -> None:
    counts = steady(4.0)
    counts.daily[0, ::7] = 40
    assert called(counts) == set()
    counts.daily[0, 0] = 4
    counts.daily[0, 1] = 40
    assert judge(counts, min_count=5)[Slice("product", "0")][0].expected > 30


def test_days_without_the_service_are_no_baseline() -> None:
    counts = steady()
    away = Counts(counts.slices, counts.daily.copy(), counts.total.copy())
    away.daily[0, 20:40] = away.total[20:40] = 0
    (judged,) = judge(away, min_count=5).values()
    assert judged[0].expected == pytest.approx(10, abs=1)


def test_too_few_are_never_a_rise() -> None:
    counts = steady(0.0)
    counts.daily[0, 0] = 4
    assert judge(counts, min_count=5)[Slice("product", "0")][0].adjusted == 1
    counts.daily[0, 0] = 9
    assert called(counts) == {"0"}


def test_nothing_is_judged_without_slices() -> None:
    assert judge(Counts([], np.zeros((0, DAYS)), np.zeros(DAYS)), min_count=5) == {}


def test_when_a_rise_began() -> None:
    usual = [i / 2 + 0.25 for i in range(14)]
    burst = [0.02 * (i + 1) for i in range(15)]
    assert began(usual + burst, [2.0] * 7, min_count=5) == pytest.approx(0.3, abs=0.03)
    slow = [i / 6 + 0.1 for i in range(24)]
    assert began(slow, [1.0] * 7, min_count=5) == pytest.approx(3.93, abs=0.2)
    assert began(usual, [4.0] * 7, min_count=5) is None
    assert began([], [4.0] * 7, min_count=5) is None
