from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.preprocessing import (
    STEPS,
    drop_invisible,
    mask_numbers,
    preprocess,
    shorten_repeats,
    squeeze_spaces,
)
from classifier.quoting import has_words
from tests.growth import assert_linear

GOLDEN = Path(__file__).parents[1] / "golden" / "preprocessing.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]

PIECES = st.sampled_from(
    [
        "<",
        ">",
        "&",
        ";",
        "&amp;",
        "&lt;",
        "&gt;",
        "&#8203;",
        "&#0;",
        "&aacute;",
        "&notit;",
        "<b>",
        "</b>",
        "<br>",
        "<p>",
        "<div",
        "<script>",
        "</script>",
        "<style>",
        "<!--",
        "-->",
        "<blockquote>",
        "</blockquote>",
        "<head>",
        "<NUM>",
        "<EMAIL>",
        "<URL>",
        "<3",
        "www.",
        "http://",
        "https://a.b/c",
        "ana@example.com",
        "@",
        ".",
        ".com",
        "123.456.789-09",
        "12/03/2026",
        "1.250.000,00",
        "2026-03-12",
        "+55",
        "11",
        "4111",
        "(",
        ")",
        "-",
        "/",
        "aaaaa",
        "!!!!!",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "\u0301",
        "\u0338",
        "\x00",
        "\ud800",
        "\ufeff",
        "\U0001f621",
        "\r\n",
        "\t",
        "o",
        " ",
        "\n",
        "\u2028",
        "\n> ",
        "\n--\n",
        "\nEl 3 mar 2025, 10:12, Ana <a@b.es>",
        "\nescribió:\n",
        "\nDe: Ana\nEnviado: 3/3\nAsunto: x\n",
        "\nSaludos,\nAna\n",
        "\nEnviado desde mi iPhone",
    ]
)
ANY_TEXT = st.text(st.characters()) | st.lists(PIECES, max_size=14).map("".join)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden(case: dict[str, str]) -> None:
    assert preprocess(case["text"]) == case["expected"]


def test_golden_file_is_long_enough() -> None:
    assert len(CASES) >= 40


@given(ANY_TEXT)
def test_twice_is_once(text: str) -> None:
    once = preprocess(text)
    assert preprocess(once) == once


@given(ANY_TEXT)
def test_result_has_no_controls_surrogates_or_wide_gaps(text: str) -> None:
    result = preprocess(text)
    result.encode()
    assert not any(ord(character) < 32 and character != "\n" for character in result)
    assert "  " not in result
    assert "\n\n" not in result
    assert result == result.strip()


@pytest.mark.parametrize(
    "unit",
    ["a", " ", "\n", "<", "<b", "<b>", "<p><i x='{}'>", "<<b>b>", "&amp;", "&", "&lt;", "a@", "a.", "www.", "www.,,,",
     "1 ", "1.", "1.234.", "12/03/", "4111-", "!?", "<!--", "<blockquote>", "<div>", "\u200b", "\U0001f621", "aA",
     "\n> a b", "\nAna", "\nSaludos\nAna", "\nEl 3, Ana escribió:", "\nDe: a", "\n--", "\naviso legal"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(unit: str) -> None:
    assert_linear(preprocess, unit)


def test_history_goes_before_addresses_and_numbers_are_masked() -> None:
    names = [step.__name__ for step in STEPS]
    assert names.index("squeeze_spaces") < names.index("own_words") < names.index("mask_urls")


def test_steps_are_plain_functions() -> None:
    assert all(callable(step) and step.__doc__ for step in STEPS)


def test_single_steps() -> None:
    assert drop_invisible("re\u00adem\u200bbolso \u2764\ufe0f") == "reembolso \u2764\ufe0f"
    assert shorten_repeats("looooco!!!!!! 10000000") == "loooco!!! 10000000"
    assert squeeze_spaces("  uno \t dos \n\n  tres ") == "uno dos\ntres"
    assert mask_numbers("CPF 123.456.789-09, R$ 1.250.000,00") == "CPF <NUM>, R$ 1.250.000,00"


@pytest.mark.parametrize("text", ["pésimo", "no", "a ver", "<NUM> caro", "не работает", "最悪です"])
def test_has_words(text: str) -> None:
    assert has_words(text)


@pytest.mark.parametrize("text", ["", " ", "😡😡", "123 456", "?!...", "<NUM> <EMAIL>", "https://example.com", "a 1 b"])
def test_has_no_words(text: str) -> None:
    assert not has_words(text)
