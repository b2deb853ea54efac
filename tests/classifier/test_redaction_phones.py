from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.redaction import find_personal_data, phones
from classifier.redaction.phones import is_valid

REGIONS = ("BR", "ES", "PT", "MX", "CO", "AR", "CL", "PE", "EC", "UY", "AO", "MZ")
BEFORE = st.sampled_from(
    ["", "", "0", "00", "+", "(", "55", "+55 ", "0055", "0031", "0", "54", "549", "0341 15", "11 15", "15", "595",
     "+1 ", "001", "+376 ", "+800", "00800", "1", "19", "044", "0xx11 ", "(0xx11) ", "9", "0 ", "090", "+0",
     "000", "01"]
)  # fmt: skip
DIGITS = st.text("0123456789", min_size=4, max_size=13)
EXAMPLES = tuple(
    number
    for region in phonenumbers.SUPPORTED_REGIONS
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    if (number := phonenumbers.example_number_for_type(region, kind)) is not None
)
FORMATS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
)


def by_the_library(written: str) -> bool:
    """Ask about every country, whatever the digits."""
    for region in (None,) if written.startswith("+") else REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(written, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


@given(BEFORE, DIGITS)
def test_digits_are_what_the_library_says(before: str, digits: str) -> None:
    assert is_valid(before + digits) is by_the_library(before + digits)


@given(st.sampled_from(EXAMPLES), st.sampled_from(FORMATS), st.sampled_from(["", "00", "0"]))
def test_numbers_of_every_country_are_what_the_library_says(
    number: phonenumbers.PhoneNumber, form: int, before: str
) -> None:
    written = phonenumbers.format_number(number, form)
    written = before + written.lstrip("+") if before else written

    assert is_valid(written) is by_the_library(written)


@pytest.mark.parametrize("written", ["600 112 233", "(11) 98765-4321", "+34600112233", "0034 600112233"])
def test_numbers_of_customers_are_known(written: str) -> None:
    assert is_valid(written)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep what the library is asked."""
    kept: list[str] = []
    real = phonenumbers.parse

    def parse(written: str, region: str | None = None) -> phonenumbers.PhoneNumber:
        kept.append(written)
        return real(written, region)

    monkeypatch.setattr(phonenumbers, "parse", parse)
    return kept


def test_the_library_is_not_asked_about_what_is_a_number_nowhere(asked: list[str]) -> None:
    text = ", ".join(f"010{number:07}9" for number in range(0, 9_000_000, 90_000))

    assert not any(data.kind == "phone" for data in find_personal_data(text))
    assert asked == []


def test_the_library_is_asked_where_something_is_dialled_before(asked: list[str]) -> None:
    assert [data.kind for data in find_personal_data("612 345 678")] == ["phone"]
    assert asked == []
    assert [data.kind for data in find_personal_data("0031 6 12345678")] == ["phone"]
    assert set(asked) == {"0031 6 12345678"}


def test_each_country_has_a_calling_code_of_its_own() -> None:
    """Otherwise its numbers may be another one's."""
    for region in phones._REGIONS:
        code = phonenumbers.country_code_for_region(region)
        assert phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code] == (region,)
    assert phones._REGIONS == REGIONS
