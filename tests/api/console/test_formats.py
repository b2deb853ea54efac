from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.console.formats import Formats, span
from api.console.names import Names
from api.console.translation import locale_of
from api.recovery.spans import Span
from classifier.redaction import KINDS

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def formats(language: str, zone: str = "UTC") -> Formats:
    return Formats(locale_of(language), ZoneInfo(zone), NOW)


@pytest.mark.parametrize(
    ("language", "number", "share"),
    [("es", "1.234,5", "12\u00a0%"), ("pt", "1.234,5", "12%"), ("en", "1,234.5", "12%")],
)
def test_numbers_are_written_as_people_write_them(language: str, number: str, share: str) -> None:
    written = formats(language)
    assert (written.number(1234.5, 1), written.percent(0.12), written.percent(None)) == (number, share, "–")


def test_moments_are_on_the_readers_clock_with_the_year_where_it_is_another() -> None:
    moment = datetime(2026, 11, 29, 2, 30, tzinfo=UTC)
    assert formats("en", "America/Sao_Paulo").moment(moment) == "28 Nov, 23:30"
    assert formats("es").moment(moment.isoformat()) == "29 nov, 02:30"
    assert formats("en").moment(moment.replace(year=2024)) == "29 Nov 2024, 02:30"
    assert formats("pt").day(date(2026, 11, 29)) == "29 de nov. de 2026"


@pytest.mark.parametrize(
    ("minutes", "state", "written"),
    [(-90, "overdue", "1 h 30 min"), (30, "soon", "30 min"), (300, "later", "5 h"), (3000, "later", "2 d 2 h")],
)
def test_what_is_left_is_late_soon_or_later(minutes: int, state: str, written: str) -> None:
    left = formats("en").left(NOW + timedelta(minutes=minutes))
    assert (left.state, left.span) == (state, written)


def test_a_long_span_has_days_alone() -> None:
    assert [span(timedelta(days=40, hours=3)), span(timedelta())] == ["40 d", "0 min"]


def test_a_change_is_a_share_written_as_any_other() -> None:
    assert [formats(language).signed_percent(1.5) for language in ("es", "pt")] == ["+150\u00a0%", "+150%"]
    assert [formats("en").signed_percent(value) for value in (-0.25, 0)] == ["−25%", "±0%"]


def test_differences_have_their_sign() -> None:
    assert [formats("es").signed(value, 1) for value in (1.25, -2, 0)] == ["+1,2", "−2", "±0"]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("es", "15,00\u00a0€ – 1.300,00\u00a0€"),
        ("pt", "€\u00a015,00 – €\u00a01.300,00"),
        ("en", "€15.00 – €1,300.00"),
    ],
)
def test_money_is_written_as_people_write_it(language: str, written: str) -> None:
    most = {"amount": "1300.00", "currency": "EUR"}
    assert formats(language).amounts({"amount": "15.00"}, most) == written
    assert formats(language).amounts(most, most) == written.partition(" – ")[2]
    assert formats("es").amounts({"amount": "15.50"}, {"amount": "30.00"}) == "15,5–30"


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_kind_of_personal_data_has_a_name(language: str) -> None:
    called = {kind: Names(language).personal(kind) for kind in KINDS}
    numbers = {"iban", "curp", "rfc", "cnpj", "cpf", "cuit", "rut", "nie", "dni", "nif"}
    assert {kind for kind, name in called.items() if name == kind.upper()} == numbers


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_span_of_a_policy_can_be_written(language: str) -> None:
    names = Names(language)
    for text in ("1 hour", "8 business hours", "1 business hour", "1 day", "10 days", "1 business day", "3 months"):
        assert names.span(Span.parse(text)).partition("\u00a0")[0].isdigit()


def test_names_are_the_readers_or_the_operators_own() -> None:
    names = Names("pt")
    assert names.label("severity", "high") == "alta"
    assert names.label("complaint", True) == "sim"
    assert names.label("severity", "unheard") == "unheard"
    assert names.word("owners", "our_own_desk") == "our_own_desk"
    assert names.said("steps", {"id": "own", "title": "Ligar"}, "title") == "Ligar"
    assert names.said("steps", {"id": "thank", "title": "Gracias"}, "title") != "Gracias"
    assert names.trait("main_motive") == "motivo (principal)"
