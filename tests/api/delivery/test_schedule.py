from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.schedule import DELAYS, LONGEST_WAIT, next_attempt, retry_after

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # an hour before daylight saving begins in Europe


def test_ten_attempts_in_about_three_days() -> None:
    seconds = [delay.total_seconds() for delay in DELAYS]
    assert seconds == [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert timedelta(days=3) < sum(DELAYS, timedelta()) < timedelta(days=4)


@given(st.integers(1, 9), st.floats(0, 1))
def test_a_delay_is_at_most_a_tenth_off(attempts: int, chance: float) -> None:
    moment = next_attempt(attempts, NOW, asked=None, chance=lambda: chance)
    assert moment
    assert 0.9 * DELAYS[attempts] <= moment - NOW + timedelta(milliseconds=1)
    assert moment - NOW <= 1.1 * DELAYS[attempts] + timedelta(milliseconds=1)


def test_after_the_last_there_is_none() -> None:
    assert next_attempt(10, NOW, asked=None, chance=lambda: 0.5) is None
    assert next_attempt(11, NOW, asked=timedelta(seconds=1), chance=lambda: 0.5) is None


@given(st.integers(1, 9), st.integers(0, 86400), st.floats(0, 1))
def test_it_is_never_sooner_than_asked(attempts: int, seconds: int, chance: float) -> None:
    asked = timedelta(seconds=seconds)
    moment = next_attempt(attempts, NOW, asked=asked, chance=lambda: chance)
    assert moment
    assert moment >= NOW + asked


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("99999999999999999999", LONGEST_WAIT.total_seconds()),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), LONGEST_WAIT.total_seconds()),
        ("Sun Mar 29 00:31:00 2026", 60),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    wait = retry_after(value, NOW)
    assert (None if wait is None else wait.total_seconds()) == seconds


@given(st.text(max_size=40))
def test_whatever_it_says_it_is_bounded(value: str) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT
