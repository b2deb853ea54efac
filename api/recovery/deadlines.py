"""Deadlines of a case: those of its priority and rules, none later than the law allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.recovery.calendar import BusinessCalendar, Window, known_region, public_holidays
from api.recovery.case import Context, Traits
from api.recovery.legal import LegalClock, binding_clocks
from api.recovery.plan import Deadline, DeadlineKind, LegalTerm
from api.recovery.policy import WEEKDAYS, CalendarSection, Policy
from api.recovery.rules import Decision
from api.recovery.spans import Span

__all__ = ["DEFAULT_CALENDAR", "Promised", "Schedule", "business_calendar", "schedule"]

DEFAULT_CALENDAR: Final = "default"

Asked = tuple[Span, str]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The deadlines of a case, the legal terms that bind it, and the calendar they were counted on."""

    calendar: BusinessCalendar
    deadlines: tuple[Deadline, ...]
    legal: tuple[LegalTerm, ...]


@dataclass(frozen=True, slots=True)
class Promised:
    """What an earlier plan of the case set: deadlines that are still to come, and legal terms.

    No new plan puts a deadline off, and a law that bound a case once binds it to its end.
    """

    deadlines: tuple[Deadline, ...] = ()
    legal: tuple[LegalTerm, ...] = ()

    def deadline(self, kind: DeadlineKind) -> Deadline | None:
        """Return the deadline of ``kind``, if one was set that is still to come."""
        return next((deadline for deadline in self.deadlines if deadline.kind is kind), None)


def business_calendar(policy: Policy, context: Context) -> BusinessCalendar:
    """Return the calendar of the case's country, the policy's ``default`` where it has none of its own."""
    name = context.country if context.country in policy.calendar else DEFAULT_CALENDAR
    return _calendar(policy.calendar[name or DEFAULT_CALENDAR], context.region, context.timezone)


@lru_cache(maxsize=1024)
def _calendar(section: CalendarSection, region: str | None, timezone: str | None) -> BusinessCalendar:
    windows = {WEEKDAYS.index(day): _merged(opening.hours) for opening in section.open for day in opening.days}
    country = section.holidays
    region = (known_region(country, region) if country else None) or section.region
    return BusinessCalendar(
        zone=_zone(timezone) or _zone(section.timezone) or UTC,
        windows=windows,
        holidays=public_holidays(country, region, section.categories) if country else {},
        closed=frozenset(section.closed),
        worked=frozenset(section.worked),
    )


def _merged(hours: Iterable[Window]) -> tuple[Window, ...]:
    """Return opening hours in order, those that overlap or touch as one: no minute is worked twice."""
    merged: list[Window] = []
    for window in sorted(hours, key=lambda window: window.start):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return tuple(merged)


def _zone(name: str | None) -> tzinfo | None:
    """Return a time zone; ``None`` for a name that doesn't exist, since callers' data may hold anything."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def schedule(
    policy: Policy, decision: Decision, traits: Traits, context: Context, promised: Promised | None = None
) -> Schedule:
    """Count every deadline from receipt; the earliest that anybody asked for, or that was promised, holds."""
    promised = promised or Promised()
    calendar = business_calendar(policy, context)
    counting = _Counting(calendar, context.start, policy.policy.warn_at)
    priority = policy.priority[policy.priorities[decision.priority]]
    set_by = f"priority:{priority.id}"
    clocks = binding_clocks(context.country, policy.legal.scopes, traits.labels, counting.local_day())
    terms = _terms([(clock, calendar.add_legal(context.start, clock.within)) for clock in clocks], promised.legal)

    resolution = counting.earliest(
        DeadlineKind.RESOLUTION, [(priority.resolution, set_by), *_asked(decision, "resolution")]
    )
    resolution = counting.capped(_earlier(resolution, promised.deadline(DeadlineKind.RESOLUTION)), terms)
    first = counting.earliest(
        DeadlineKind.FIRST_ANSWER, [(priority.first_answer, set_by), *_asked(decision, "first_answer")]
    )
    first = _earlier(first, promised.deadline(DeadlineKind.FIRST_ANSWER))
    if first.due > resolution.due:
        first = counting.deadline(DeadlineKind.FIRST_ANSWER, resolution.due, resolution.span, resolution.basis)
    later = _Counting(calendar, resolution.due, policy.policy.warn_at)
    follow_ups = _asked(decision, "follow_up")
    follow_up = (later.earliest(DeadlineKind.FOLLOW_UP, follow_ups),) if follow_ups else ()
    legal = tuple(replace(term, binding=resolution.basis == f"legal:{term.id}") for term in terms)
    return Schedule(calendar, (first, resolution, *follow_up), legal)


def _asked(decision: Decision, name: Literal["first_answer", "resolution", "follow_up"]) -> list[Asked]:
    """Return the spans that rules ask for, with the rule that does."""
    spans = ((getattr(rule.then, name), f"rule:{rule.id}") for rule in decision.rules)
    return [(span, basis) for span, basis in spans if span is not None]


def _earlier(deadline: Deadline, promised: Deadline | None) -> Deadline:
    return deadline if promised is None or deadline.due <= promised.due else promised


def _terms(binding: list[tuple[LegalClock, datetime]], promised: tuple[LegalTerm, ...]) -> list[LegalTerm]:
    """Return the terms that bind now and those that bound before, of the same law the earlier."""
    terms = {clock.id: _term(clock, due) for clock, due in binding}
    for term in promised:
        known = terms.get(term.id)
        terms[term.id] = term if known is None or term.due < known.due else known
    return list(terms.values())


def _term(clock: LegalClock, due: datetime) -> LegalTerm:
    return LegalTerm(clock.id, due, str(clock.within), clock.source, clock.url, clock.verified_on, binding=False)


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counts spans on a calendar from one instant."""

    calendar: BusinessCalendar
    start: datetime
    warn_at: float

    def local_day(self) -> date:
        """Return the day of the start where the customer is."""
        return self.start.astimezone(self.calendar.zone).date()

    def earliest(self, kind: DeadlineKind, asked: list[Asked]) -> Deadline:
        """Return the earliest of what was asked for; of equal ones the first."""
        due, _, span, basis = min(
            (self.calendar.add(self.start, span), place, span, basis) for place, (span, basis) in enumerate(asked)
        )
        return self.deadline(kind, due, str(span), basis)

    def capped(self, deadline: Deadline, terms: list[LegalTerm]) -> Deadline:
        """Bring a deadline forward to the last open moment within every legal term that is not over."""
        for term in terms:
            latest = self.calendar.last_open(self.start, term.due) or term.due
            if self.start < term.due and latest < deadline.due:
                deadline = self.deadline(deadline.kind, latest, term.within, f"legal:{term.id}")
        return deadline

    def deadline(self, kind: DeadlineKind, due: datetime, span: str, basis: str) -> Deadline:
        """Add when to warn: after a part of the open time, or of all time where the calendar stays closed."""
        opened = self.calendar.open_time(self.start, due)
        if opened > timedelta() and "business" in span:
            warn = self.calendar.add_open_time(self.start, opened * self.warn_at)
        else:
            warn = self.start + (due - self.start) * self.warn_at
        return Deadline(kind, due, warn.replace(microsecond=0), self.calendar.timezone, span, basis)
