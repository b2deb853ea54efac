"""Whether the calendars of a policy can be used: by the country that is meant, and to count all that it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from api.recovery.case import Context
from api.recovery.deadlines import DEFAULT_CALENDAR, business_calendar
from api.recovery.policy import Policy
from api.recovery.problems import Problem, error, warning
from api.recovery.spans import Span

__all__ = ["COUNTRY", "WRITTEN", "opening"]

COUNTRY: Final = re.compile(r"[A-Z]{2}")
WRITTEN: Final = "a country is two capital letters (ISO 3166-1), such as BR"
_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def opening(policy: Policy) -> Iterator[Problem]:
    """Find calendars of no country, opening hours that overlap, and business time that never ends."""
    for name in policy.calendar:
        if name != DEFAULT_CALENDAR and not COUNTRY.fullmatch(name):
            yield error("unreachable", f"calendar.{name}", f"counts for nobody: {WRITTEN}")
    yield from _overlapping(policy)
    yield from _endless(policy)


def _overlapping(policy: Policy) -> Iterator[Problem]:
    """Find opening hours of a day that overlap."""
    for country, calendar in policy.calendar.items():
        for place, days in enumerate(calendar.open):
            windows = sorted(days.hours, key=lambda window: window.start)
            for one, other in pairwise(windows):
                if other.start < one.end:
                    message = f"{one} and {other} overlap: what they share counts once"
                    yield warning("hours", f"calendar.{country}.open.{place}.hours", message)


def _endless(policy: Policy) -> Iterator[Problem]:
    """Find business time that a calendar opens too seldom for: a case that needs it could not be planned."""
    for country in policy.calendar:
        calendar = business_calendar(policy, Context(now=_SOME_DAY, country=country))
        for path, span in _spans(policy):
            try:
                calendar.add(_SOME_DAY, span)
            except ValueError:
                yield error("conflict", path, f"'{span}' does not end within ten years by the calendar of {country}")


def _spans(policy: Policy) -> Iterator[tuple[str, Span]]:
    """Yield the business time that may be counted, and where it stands."""
    tables: list[tuple[str, Any, tuple[str, ...]]] = [
        (f"priority.{item.id}", item, ("first_answer", "resolution")) for item in policy.priority
    ]
    tables += [(f"rule.{item.id}.then", item.then, ("first_answer", "resolution", "follow_up")) for item in policy.rule]
    tables += [(f"guarantee.{item.id}.payout", item.payout, ("within",)) for item in policy.guarantee]
    for at, table, names in tables:
        for name in names:
            if (span := getattr(table, name)) is not None and span.business:
                yield f"{at}.{name}", span
