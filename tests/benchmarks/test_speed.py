"""The section of speed takes some minutes on any machine, and says what the small network did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import footprint, speed
from benchmarks.report import ROUNDS, Figure

CONTESTANTS = 12


@pytest.mark.parametrize("rate", [1.0, 8.0, 94.0, 1_500.0])
def test_all_turns_together_take_eight_minutes_at_most(rate: float) -> None:
    texts = speed.fitting(rate, speed._SECONDS, CONTESTANTS, least=speed._LEAST, most=speed._COUNT)
    ones = speed.fitting(rate, speed._SECONDS_OF_ONES, CONTESTANTS, least=speed._LEAST_ONES, most=speed._ONES)

    assert speed._LEAST <= texts <= speed._COUNT
    if rate >= 8:
        assert (texts + ones) / rate * ROUNDS * CONTESTANTS < 8 * 60
    assert rate < 1_000 or (texts, ones) == (speed._COUNT, speed._ONES)


def test_a_slow_contestant_gets_fewer_texts_of_the_same_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    texts = ["x" * (20 + number % 80) for number in range(speed._COUNT)]
    shipped: Any = SimpleNamespace(encoder=SimpleNamespace(encode=lambda given: given))

    def at(rate: float) -> list[str]:
        def run(given: Any) -> None:
            clock[0] += len(given) / rate

        return speed._part(run, texts, shipped, CONTESTANTS)

    slow, quick = at(30.0), at(1_000.0)

    assert (len(slow), len(quick)) == (120, 512)
    assert sum(map(len, slow)) / len(slow) == pytest.approx(sum(map(len, quick)) / len(quick), abs=1)


@dataclass
class Hasty:
    """Answers every fourth text by its small network."""

    model = "whole"

    def predict(self, texts: list[str], **given: Any) -> list[Any]:
        assert given["effort"] == "fast"
        return [SimpleNamespace(model="small" if number % 4 == 0 else "whole") for number in range(len(texts))]


def test_the_share_of_the_small_network_is_that_of_its_answers() -> None:
    assert speed._small_share(Hasty(), ["a"] * 8) == 0.25  # type: ignore[arg-type]


def test_memory_and_start_up_are_medians_of_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([5.0, 1.0, 2.0, 9.0, 3.0] * 3)
    monkeypatch.setattr(footprint, "_run", lambda _: next(values))

    assert list(footprint.measure().values()) == [Figure(3.0, 1.0, 9.0)] * 3
