"""Days, zones, and the period before."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from api.analytics.selection import LONGEST_DAYS, Selection
from classifier.errors import InputError

MONDAY = date(2026, 3, 2)


def test_the_period_before_is_as_long_and_as_narrow() -> None:
    selection = Selection(MONDAY, date(2026, 3, 9), channels=("email",), labels={"tone": ("angry",)})
    before = selection.before
    assert (before.since, before.until) == (date(2026, 2, 23), MONDAY)
    assert (before.channels, before.labels) == (("email",), {"tone": ("angry",)})


@pytest.mark.parametrize(
    ("since", "until", "zone", "begins"),
    [
        (date(1900, 1, 1), date(1900, 2, 1), "UTC", datetime(1899, 12, 1, tzinfo=UTC)),
        (date(2021, 1, 1), date(2026, 12, 1), "America/Caracas", datetime(2015, 2, 2, 4, 30, tzinfo=UTC)),
    ],
)
def test_the_period_before_need_not_be_one_that_can_be_asked_for(
    since: date, until: date, zone: str, begins: datetime
) -> None:
    selection = Selection(since, until, zone)
    assert selection.before.moments == (begins, selection.moments[0])
    with pytest.raises(InputError):
        Selection(selection.before.since, selection.before.until, zone)


def test_the_last_days_end_with_today() -> None:
    selection = Selection.last_days(7, MONDAY)
    assert (selection.since, selection.until, selection.days) == (date(2026, 2, 24), date(2026, 3, 3), 7)


@pytest.mark.parametrize(
    ("zone", "hour"), [("UTC", 0), ("America/Mexico_City", 6), ("America/Sao_Paulo", 3), ("Atlantic/Azores", 1)]
)
def test_days_begin_at_midnight_of_the_zone(zone: str, hour: int) -> None:
    assert Selection(MONDAY, date(2026, 3, 3), zone).moments[0] == datetime(2026, 3, 2, hour, tzinfo=UTC)


def test_a_day_on_which_clocks_change_has_its_own_length() -> None:
    first, last = Selection(date(2026, 3, 29), date(2026, 3, 30), "Europe/Madrid").moments
    assert (last - first).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("since", "until", "zone", "says"),
    [
        (MONDAY, MONDAY, "UTC", "until"),
        (MONDAY, date(2026, 3, 1), "UTC", "until"),
        (date(1990, 1, 1), MONDAY, "UTC", str(LONGEST_DAYS)),
        (MONDAY, date(2026, 3, 3), "Mars/Base", "timezone"),
        (MONDAY, date(2026, 3, 3), "/etc/passwd", "timezone"),
        (MONDAY, date(2026, 3, 3), "Asia/Kolkata", "full hour"),
    ],
)
def test_what_can_not_be_counted_by(since: date, until: date, zone: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Selection(since, until, zone)
