from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.breaker import LONGEST_PAUSE, OPENS_AFTER, after, allowance, reset, spend
from api.delivery.sender import Answer
from api.store.destinations import DestinationRecord

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOWN = Answer(error="down", status=500)


def destination(**more: object) -> DestinationRecord:
    made = DestinationRecord(
        id="1", name="n", kind="webhook", url="u", subject=None, events=[], filter={}, secrets=[], rate=10.0,
        concurrency=4, enabled=True, disabled_reason=None, created_at=NOW, updated_at=NOW, deleted_at=None,
        failures=0, paused_until=None, tokens=10.0, tokens_at=NOW,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def test_it_opens_after_failures_in_a_row_and_longer_each_time() -> None:
    now, known, pauses = NOW, destination(), []
    for _ in range(OPENS_AFTER + 8):
        known = after(known, DOWN, now)
        if known.paused_until:
            pauses.append((known.paused_until - now).total_seconds())
            now = known.paused_until
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600, 600]
    assert after(known, Answer(), now) == destination()


def test_a_success_in_between_begins_anew() -> None:
    known = destination()
    for _ in range(50):
        for _ in range(OPENS_AFTER - 1):
            known = after(known, DOWN, NOW)
        known = after(known, Answer(), NOW)
    assert known == destination()


def test_what_was_under_way_when_it_opened_does_not_count() -> None:
    known = destination()
    for _ in range(50):
        known = after(known, DOWN, NOW)
    assert (known.failures, known.paused_until) == (OPENS_AFTER, NOW + timedelta(seconds=30))


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_a_pause_gets_it_at_once(status: int) -> None:
    known = after(destination(), Answer("busy", status, timedelta(minutes=7)), NOW)
    assert (known.failures, known.paused_until) == (0, NOW + timedelta(minutes=7))
    shorter = after(known, Answer("busy", status, timedelta(minutes=1)), NOW)
    assert shorter.paused_until == known.paused_until
    long = after(destination(), Answer("busy", status, timedelta(hours=24)), NOW)
    assert long.paused_until == NOW + LONGEST_PAUSE


def test_gone_disables() -> None:
    known = after(destination(), Answer("gone", 410, gone=True), NOW)
    assert not known.enabled
    assert known.disabled_reason
    assert not after(known, Answer(), NOW).enabled
    assert reset(known) == destination()


@pytest.mark.parametrize(
    ("more", "in_flight", "allowed"),
    [
        ({}, 0, 4),
        ({}, 3, 1),
        ({}, 9, 0),
        ({"failures": OPENS_AFTER}, 0, 1),
        ({"failures": OPENS_AFTER}, 1, 0),
        ({"tokens": 2.9}, 0, 2),
        ({"tokens": -3.0}, 0, 0),
        ({"rate": 0.1, "tokens": 0.0}, 0, 0),
        ({"tokens": 0.0, "tokens_at": NOW - timedelta(days=1)}, 0, 4),
        ({"tokens": 1.0, "tokens_at": NOW + timedelta(days=1)}, 0, 1),
    ],
)
def test_what_may_be_sent(more: dict[str, object], in_flight: int, allowed: int) -> None:
    assert allowance(destination(**more), in_flight, NOW) == allowed


@given(st.floats(0.01, 100), st.lists(st.floats(0, 5), min_size=1, max_size=50))
def test_the_rate_is_never_passed(rate: float, waits: list[float]) -> None:
    known, now, sent = destination(rate=rate, tokens=max(rate, 1.0), concurrency=10**6), NOW, 0
    for wait in waits:
        now += timedelta(seconds=wait)
        allowed = allowance(known, 0, now)
        known, sent = spend(known, allowed, now), sent + allowed
    assert sent <= max(rate, 1.0) + rate * (now - NOW).total_seconds() + 1e-3
