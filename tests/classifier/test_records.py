import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import RecordError
from classifier.preprocessing import mended
from classifier.records import BadRecord, Columns, Record, language_code, make_record

COLUMNS = Columns()


def test_a_record_has_its_id_text_and_language() -> None:
    values = {"id": "42", "text": "hola", "language": "es", "channel": "web"}
    assert make_record(7, values, COLUMNS) == Record(7, "42", "hola", "es")


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}])
def test_without_an_id_the_line_number_is_it(missing: dict[str, object]) -> None:
    assert make_record(7, {"text": "hola", **missing}, COLUMNS) == Record(7, "7", "hola")


def test_a_number_is_an_id_too() -> None:
    assert make_record(1, {"id": 42, "text": "hola"}, COLUMNS) == Record(1, "42", "hola")


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        ({"id": "1"}, "1", "there is no 'text'"),
        ({"id": "1", "text": None}, "1", "'text' must be a string, not null"),
        ({"id": "1", "text": 7}, "1", "'text' must be a string, not a number"),
        ({"id": "1", "text": ["hola"]}, "1", "'text' must be a string, not a list"),
        ({"id": "1", "text": b"hola \xff"}, "1", "'text' is not UTF-8 (byte 5)"),
        ({"id": "1", "text": "x" * 20_001}, "1", "text has 20,001 characters; the limit is 20,000: split it or cut it"),
        ({"id": "1", "text": "hello", "language": "en"}, "1", "language must be one of es, pt, or left out"),
        ({"id": True, "text": "hola"}, None, "id must be a string or a number"),
    ],
)
def test_what_is_wrong_is_said_without_the_text(values: dict[str, object], name: str | None, reason: str) -> None:
    assert make_record(3, values, COLUMNS) == BadRecord(3, name, reason)


def test_the_limit_itself_is_not_too_long() -> None:
    assert isinstance(make_record(1, {"text": "x" * 20_000}, COLUMNS), Record)


def test_columns_may_have_other_names() -> None:
    columns = Columns.of(id="ticket", text="body", language="")
    assert make_record(1, {"ticket": "9", "body": "olá", "language": "pt"}, columns) == Record(1, "9", "olá", "pt")
    assert columns.needed == ("ticket", "body")


@pytest.mark.parametrize(
    ("given_value", "code"),
    [("es", "es"), ("PT", "pt"), ("pt-BR", "pt"), ("es_MX", "es"), (" es ", "es"), ("", None), (None, None)],
)
def test_languages_lose_their_region(given_value: object, code: str | None) -> None:
    assert language_code(given_value) == code


@pytest.mark.parametrize("unknown", ["en", "español", "esperanto", 1, ["es"], "e"])
def test_other_languages_are_refused(unknown: object) -> None:
    with pytest.raises(RecordError, match="es, pt"):
        language_code(unknown)


@given(st.text(alphabet=st.characters(categories=["Cs", "L", "So"])))
def test_half_surrogate_pairs_are_replaced_one_for_one(text: str) -> None:
    whole = mended(text)
    assert len(whole) == len(text)
    whole.encode("utf-8")
    assert all(a == b or "\ud800" <= a <= "\udfff" for a, b in zip(text, whole, strict=True))
