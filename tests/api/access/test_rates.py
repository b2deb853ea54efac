"""A key has its share of a minute; wrong keys become rare; neither is anybody else's trouble."""

from __future__ import annotations

import pytest

from api.access.rates import Failures, Rates
from tests.api.access.conftest import Clock


def test_a_share_is_renewed_after_a_minute(clock: Clock) -> None:
    rates = Rates(clock)
    taken = [rates.take("a", 2) for _ in range(3)]
    clock.now += 59.5
    late = rates.take("a", 2)
    clock.now += 0.5
    renewed = rates.take("a", 2)

    assert [share.allowed for share in (*taken, late, renewed)] == [True, True, False, False, True]
    assert [share.remaining for share in (*taken, renewed)] == [1, 0, 0, 1]
    assert (taken[0].reset, late.reset, renewed.reset) == (60, 1, 60)


def test_refused_requests_do_not_prolong_the_wait(clock: Clock) -> None:
    rates = Rates(clock)
    for _ in range(100):
        rates.take("a", 1)
        clock.now += 0.5
    clock.now += 10

    assert rates.take("a", 1).allowed


def test_keys_do_not_share(clock: Clock) -> None:
    rates = Rates(clock)
    rates.take("a", 1)

    assert not rates.take("a", 1).allowed
    assert rates.take("b", 1).allowed


def test_only_a_refused_caller_is_told_to_come_back(clock: Clock) -> None:
    rates = Rates(clock)
    first, second = rates.take("a", 1), rates.take("a", 1)

    assert "Retry-After" not in first.headers
    assert second.headers["Retry-After"] == "60"
    assert first.headers["RateLimit"] == '"key";r=0;t=60'


def test_wrong_keys_are_free_at_first_then_one_a_second(clock: Clock) -> None:
    failures = Failures(burst=3, clock=clock)
    waits = [failures.take("192.0.2.1") for _ in range(5)]
    clock.now += 1

    assert waits == [0, 0, 0, 1, 1]
    assert [failures.take("192.0.2.1") for _ in range(2)] == [0, 1]


def test_wrong_keys_are_counted_by_address(clock: Clock) -> None:
    failures = Failures(burst=1, clock=clock)
    failures.take("192.0.2.1")
    failures.take("2001:db8::1")

    assert failures.take("192.0.2.2") == 0
    assert failures.take("2001:db8::2") == 1
    assert failures.take("::ffff:192.0.2.1") == 1


def test_addresses_are_forgotten_before_they_fill_the_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.access.rates._MOST_ADDRESSES", 10)
    failures = Failures(burst=1, clock=clock)
    for number in range(30):
        failures.take(f"192.0.2.{number}")

    assert len(failures._full_at) == 10
    assert failures.take("192.0.2.29") == 1
