from __future__ import annotations

from datetime import timedelta

import pytest

from api.channels.pace import Pace, PacedError

pytestmark = pytest.mark.anyio


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_keeps_to_the_rate_waits_for_nothing() -> None:
    clock = Clock()
    pace = Pace(60, clock=clock)
    for _ in range(100):
        assert pace.count() == 0
        clock.now += 1


def test_each_that_comes_at_once_waits_for_those_before_it() -> None:
    pace = Pace(60, clock=Clock())
    waits = [pace.count() for _ in range(13)]
    assert waits == [0.0] * 10 + [1.0, 2.0, 3.0]


async def test_a_look_is_put_off_where_writes_take_all_and_costs_them_nothing() -> None:
    clock = Clock()
    pace = Pace(60, clock=clock)
    pace.count(25)
    with pytest.raises(PacedError) as refused:
        await pace.turn()
    assert refused.value.wait == timedelta(seconds=16)
    clock.now += 16
    await pace.turn()
