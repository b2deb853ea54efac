"""Deadlines on real calendars: holidays of eight countries, and clocks that jump."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.recovery import Context, default_policy
from api.recovery.calendar import BusinessCalendar, Window, holiday_problem, known_region, public_holidays
from api.recovery.deadlines import business_calendar
from api.recovery.reading import default_policy_text, parse_policy
from api.recovery.spans import Span

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = default_policy_text()


def calendar(country: str, **context: str) -> BusinessCalendar:
    return business_calendar(default_policy(), Context(now=EPOCH, country=country, **context))


def around_the_clock(zone: str) -> BusinessCalendar:
    return BusinessCalendar(ZoneInfo(zone), dict.fromkeys(range(7), (Window(0, 24 * 60),)), {})


def nights(zone: str) -> BusinessCalendar:
    """Work from midnight to four, where clocks jump."""
    return BusinessCalendar(ZoneInfo(zone), dict.fromkeys(range(7), (Window(0, 4 * 60),)), {})


HOLIDAYS = [
    # country, received (local), span, due (local)
    ("BR", "2026-11-19 17:00", "2 business hours", "2026-11-23 10:00"),  # Consciência Negra is a Friday
    ("BR", "2026-04-02 12:00", "1 business day", "2026-04-06 18:00"),  # Good Friday
    ("BR", "2026-12-24 16:00", "4 business hours", "2026-12-28 11:00"),  # Christmas on a Friday
    ("BR", "2026-09-04 17:30", "1 business hour", "2026-09-08 09:30"),  # Independence on a Monday
    ("PT", "2026-06-09 17:00", "2 business hours", "2026-06-11 10:00"),  # Dia de Portugal
    ("PT", "2026-06-03 10:00", "2 business days", "2026-06-08 18:00"),  # Corpus Christi on a Thursday
    ("PT", "2026-11-30 17:00", "3 business hours", "2026-12-02 11:00"),  # Restauração
    ("PT", "2026-12-07 12:00", "1 business day", "2026-12-09 18:00"),  # Imaculada Conceição
    ("ES", "2026-10-09 17:00", "2 business hours", "2026-10-13 10:00"),  # Fiesta Nacional on a Monday
    ("ES", "2026-12-07 17:00", "2 business hours", "2026-12-09 10:00"),  # Inmaculada
    ("ES", "2026-01-05 10:00", "1 business day", "2026-01-07 18:00"),  # Reyes
    ("MX", "2026-11-13 17:00", "2 business hours", "2026-11-17 10:00"),  # Revolución, moved to Monday
    ("MX", "2026-09-15 12:00", "1 business day", "2026-09-17 18:00"),  # Independencia
    ("MX", "2026-01-30 17:00", "2 business hours", "2026-02-03 10:00"),  # Constitución, moved to Monday
    ("CO", "2026-01-09 16:00", "2 business hours", "2026-01-13 09:00"),  # Reyes, moved to Monday; 8 to 17
    ("CO", "2026-11-13 09:00", "1 business day", "2026-11-17 17:00"),  # Independencia de Cartagena, moved
    ("CO", "2026-07-17 16:30", "1 business hour", "2026-07-21 08:30"),  # 20 de julio on a Monday
    ("AR", "2026-07-08 17:00", "2 business hours", "2026-07-13 10:00"),  # 9 de julio and a bridge day
    ("AR", "2026-05-22 12:00", "1 business day", "2026-05-26 18:00"),  # 25 de mayo on a Monday
    ("AR", "2026-02-13 17:00", "2 business hours", "2026-02-18 10:00"),  # two days of carnival
    ("CL", "2026-09-17 17:00", "2 business hours", "2026-09-21 10:00"),  # 18 and 19 September
    ("CL", "2026-05-20 10:00", "1 business day", "2026-05-22 18:00"),  # Glorias Navales
    ("PE", "2026-07-27 17:00", "2 business hours", "2026-07-30 10:00"),  # Fiestas Patrias, two days
    ("PE", "2026-12-07 12:00", "1 business day", "2026-12-10 18:00"),  # Inmaculada and Ayacucho
    ("BR", "2026-11-21 11:00", "2 business hours", "2026-11-23 11:00"),  # a Saturday
    ("BR", "2026-11-18 05:00", "1 business hour", "2026-11-18 10:00"),  # before opening
    ("BR", "2026-11-18 23:30", "1 business day", "2026-11-19 18:00"),  # after closing
    ("BR", "2026-11-18 09:00", "9 business hours", "2026-11-18 18:00"),  # a whole day ends with it
    ("ES", "2026-01-31 12:00", "1 month", "2026-02-28 23:59:59"),  # the shorter month ends
    ("ES", "2026-12-15 12:00", "2 months", "2027-02-15 23:59:59"),  # across the year
    ("PE", "2026-02-27 12:00", "3 days", "2026-03-02 23:59:59"),
]


@pytest.mark.parametrize(("country", "received", "span", "due"), HOLIDAYS)
def test_holidays_and_weekends_are_not_counted(country: str, received: str, span: str, due: str) -> None:
    work = calendar(country)
    start = datetime.fromisoformat(received).replace(tzinfo=work.zone)
    assert work.add(start, Span.parse(span)).astimezone(work.zone).replace(tzinfo=None).isoformat(" ") == (
        due if len(due) > 16 else f"{due}:00"
    )


JUMPS = [
    # zone, received (UTC), span, due (UTC)
    ("Europe/Madrid", "2026-03-27T16:30", "2 business hours", "2026-03-30T08:30"),  # 17:30 to 10:30, now UTC+2
    ("Europe/Madrid", "2026-10-23T15:30", "2 business hours", "2026-10-26T09:30"),  # and back to UTC+1
    ("Europe/Lisbon", "2026-03-27T17:30", "1 business hour", "2026-03-30T08:30"),
    ("Europe/Lisbon", "2026-10-23T16:30", "1 business hour", "2026-10-26T09:30"),
    ("America/Santiago", "2026-04-03T20:30", "1 business hour", "2026-04-06T13:30"),  # Good Friday not in this one
    ("America/Santiago", "2026-09-04T21:30", "1 business hour", "2026-09-07T12:30"),
    ("America/Mexico_City", "2026-04-03T23:30", "1 business hour", "2026-04-06T15:30"),  # no daylight saving any more
    ("America/Sao_Paulo", "2026-11-13T20:30", "1 business hour", "2026-11-16T12:30"),  # nor here
]


@pytest.mark.parametrize(("zone", "received", "span", "due"), JUMPS)
def test_opening_hours_follow_the_wall_clock_across_a_jump(zone: str, received: str, span: str, due: str) -> None:
    week = dict.fromkeys(range(5), (Window(9 * 60, 18 * 60),))
    work = BusinessCalendar(ZoneInfo(zone), week, {})
    start = datetime.fromisoformat(received).replace(tzinfo=UTC)
    assert work.add(start, Span.parse(span)) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 3),  # two o'clock is three
        ("Europe/Madrid", date(2026, 10, 25), 5),  # three o'clock is two, again
        ("Europe/Lisbon", date(2026, 3, 29), 3),
        ("Europe/Lisbon", date(2026, 10, 25), 5),
        ("America/Santiago", date(2026, 9, 6), 3),  # midnight itself doesn't exist
        ("America/Santiago", date(2026, 4, 5), 4),  # the hour before midnight comes twice
        ("America/Lima", date(2026, 3, 29), 4),
    ],
)
def test_a_lost_hour_is_not_worked_and_a_repeated_one_is_worked_twice(zone: str, day: date, hours: int) -> None:
    opened = nights(zone).opened(day)
    assert sum((end - start for start, end in opened), timedelta()) == timedelta(hours=hours)


def test_a_day_of_25_hours_is_25_hours_long() -> None:
    [(start, end)] = around_the_clock("Europe/Madrid").opened(date(2026, 10, 25))
    assert end - start == timedelta(hours=25)


def test_around_the_clock_spans_ignore_holidays_and_jumps() -> None:
    christmas = datetime(2026, 12, 25, 3, tzinfo=UTC)
    assert calendar("BR").add(christmas, Span.parse("1 hour")) == christmas + timedelta(hours=1)


def test_regional_holidays_count_where_the_region_is_known() -> None:
    revolution = date(2026, 7, 9)  # a holiday of São Paulo alone
    assert calendar("BR").is_open(revolution)
    assert not calendar("BR", region="SP").is_open(revolution)
    assert calendar("BR", region="not a state").is_open(revolution)


@pytest.mark.parametrize("region", ["CT", "ct", " CT ", "ES-CT", "es-ct"])
def test_a_region_may_be_written_as_in_iso_3166_2_and_in_any_case(region: str) -> None:
    diada = date(2026, 9, 11)  # a holiday of Catalonia alone
    assert calendar("ES").is_open(diada)
    assert not calendar("ES", region=region).is_open(diada)


NAMED = [
    ("ES", "Andalucía", "AN"),
    ("ES", " cataluna ", "CT"),
    ("ES", "CATALUN\u0303A", "CT"),
    ("ES", "Catalunya", "CT"),
    ("ES", "castilla  y leon", "CL"),
    ("BR", "São Paulo", "SP"),
    ("BR", "sao paulo capital", "São Paulo Capital"),
    ("PT", "Região Autónoma dos Açores", "20"),
    ("AR", "la rioja", "F"),
    ("CL", "Libertador General Bernardo O'Higgins", "LI"),
]


@pytest.mark.parametrize(("country", "written", "region"), NAMED)
def test_a_region_may_be_written_by_its_name(country: str, written: str, region: str) -> None:
    assert known_region(country, written) == region
    assert holiday_problem(country, written, ("public",)) is None


@pytest.mark.parametrize("country", ["AR", "BR", "CL", "ES", "PT", "US"])
def test_every_code_and_every_name_is_known(country: str) -> None:
    known = holidays.country_holidays(country)
    names = known.get_subdivision_aliases()
    for region in known.subdivisions:
        assert {known_region(country, written) for written in (region, *names.get(region, ()))} == {region}


def test_a_policys_region_may_be_a_name() -> None:
    named, coded = (
        parse_policy(TEXT.replace('holidays = "ES"', f'holidays = "ES"\nregion = "{name}"'), "mine")
        for name in ("Cataluña", "CT")
    )
    diada = date(2026, 9, 11)
    works = [business_calendar(policy, Context(now=EPOCH, country="ES")) for policy in (named, coded)]
    assert [work.is_open(diada) for work in works] == [False, False]


@pytest.mark.parametrize("region", [None, "", "Catalonia", "PT-CT"])
def test_a_region_that_is_not_known_leaves_the_policys_own(region: str | None) -> None:
    policy = parse_policy(TEXT.replace('holidays = "ES"', 'holidays = "ES"\nregion = "CT"'), "mine")
    of = [Context(now=EPOCH, country="ES", region=name) for name in (region, "MD")]
    assert [business_calendar(policy, context).is_open(date(2026, 9, 11)) for context in of] == [False, True]


OVERLAPS = [
    ('["09:00-14:00", "13:00-18:00"]', (Window(540, 1080),)),
    ('["10:00-12:00", "09:00-18:00"]', (Window(540, 1080),)),
    ('["13:00-18:00", "09:00-13:00"]', (Window(540, 1080),)),
    ('["16:00-18:00", "09:00-14:00"]', (Window(540, 840), Window(960, 1080))),
]


@pytest.mark.parametrize(("hours", "windows"), OVERLAPS)
def test_opening_hours_that_overlap_count_once(hours: str, windows: tuple[Window, ...]) -> None:
    policy = parse_policy(TEXT.replace('["09:00-18:00"]', hours), "mine")
    work = business_calendar(policy, Context(now=EPOCH, country="ES"))
    assert work.windows == dict.fromkeys(range(5), windows)
    start = datetime(2026, 11, 18, 9, tzinfo=work.zone)
    assert work.add(start, Span.parse("1 business day")) == start + timedelta(days=1, hours=9)


def test_the_callers_time_zone_overrules_and_a_wrong_one_is_ignored() -> None:
    assert calendar("MX", timezone="America/Tijuana").timezone == "America/Tijuana"
    assert calendar("MX", timezone="Mars/Olympus").timezone == "America/Mexico_City"
    assert calendar("MX", timezone="../etc/passwd").timezone == "America/Mexico_City"


def test_own_days_overrule_holidays_and_weekdays() -> None:
    week = dict.fromkeys(range(5), (Window(540, 1080),))
    saturday, christmas, wednesday = date(2026, 12, 19), date(2026, 12, 25), date(2026, 12, 23)
    work = BusinessCalendar(
        ZoneInfo("Europe/Madrid"), week, public_holidays("ES", None, ("public",)),
        closed=frozenset({wednesday}), worked=frozenset({saturday, christmas}),
    )  # fmt: skip
    assert [work.is_open(day) for day in (saturday, christmas, wednesday)] == [True, True, False]


def test_a_calendar_that_never_opens_says_so_instead_of_hanging() -> None:
    never = BusinessCalendar(ZoneInfo("UTC"), {}, {})
    for span in ("1 business hour", "1 business day"):
        with pytest.raises(ValueError, match="closed for ten years"):
            never.add(EPOCH, Span.parse(span))
    assert never.last_open(EPOCH, EPOCH + timedelta(days=9)) is None


def test_a_lunch_break_is_not_worked() -> None:
    work = BusinessCalendar(
        ZoneInfo("Europe/Madrid"), dict.fromkeys(range(5), (Window(540, 840), Window(960, 1140))), {}
    )
    start = datetime(2026, 11, 18, 13, tzinfo=ZoneInfo("Europe/Madrid"))
    assert work.add(start, Span.parse("2 business hours")).hour == 16  # 17:00 in Madrid
    assert work.open_time(start, start + timedelta(hours=4)) == timedelta(hours=2)


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    hours=st.integers(1, 40),
    country=st.sampled_from(["BR", "PT", "ES", "MX", "CO", "AR", "CL", "PE"]),
)
def test_exactly_the_open_time_asked_for_lies_before_a_deadline(start: datetime, hours: int, country: str) -> None:
    work = calendar(country)
    due = work.add(start, Span.parse(f"{hours} business hours"))
    assert work.open_time(start, due) == timedelta(hours=hours)
    assert due > start


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    later=st.timedeltas(timedelta(0), timedelta(days=20)),
    span=st.sampled_from(["1 hour", "3 business hours", "1 business day", "10 business days", "7 days", "1 month"]),
    country=st.sampled_from(["BR", "ES", "CL"]),
)
def test_who_wrote_later_is_never_due_earlier(start: datetime, later: timedelta, span: str, country: str) -> None:
    work = calendar(country)
    assert work.add(start, Span.parse(span)) <= work.add(start + later, Span.parse(span))


@pytest.mark.parametrize("text", ["4 business hours", "1 business day", "1 hour", "3 days", "1 month", "12 months"])
def test_a_span_is_written_as_it_is_read(text: str) -> None:
    assert str(Span.parse(text)) == text


@pytest.mark.parametrize("text", ["", "0 days", "-1 days", "2 weeks", "1.5 hours", "2 business months", "soon", "2d"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="4 business hours"):
        Span.parse(text)


def test_what_the_holidays_package_does_not_know_is_named() -> None:
    assert holiday_problem("BR", "SP", ("public",)) is None
    assert "no country 'XX'" in str(holiday_problem("XX", None, ("public",)))
    assert "no region 'ZZ'" in str(holiday_problem("BR", "ZZ", ("public",)))
    assert "category 'bank'" in str(holiday_problem("BR", None, ("bank",)))
