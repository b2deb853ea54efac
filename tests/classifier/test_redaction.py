from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.es import dni, nie
from stdnum.pt import nif

from benchmarks import hostile
from classifier.redaction import KINDS, find_personal_data, redact
from tests.growth import assert_linear

GOLDEN = Path(__file__).parents[1] / "golden" / "redaction.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
SURROUNDINGS = st.sampled_from(["", "mi dato es ", "meus dados: ", "😡 ", "(", "Ana, "])


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count).filter(lambda text: len(set(text)) > 2)


def with_cpf_digits(base: str) -> str:
    for _ in range(2):
        total = sum(weight * int(digit) for weight, digit in zip(range(2, 12), reversed(base), strict=False))
        base += str(-total % 11 % 10)
    return base


CPF = digits(9).map(with_cpf_digits).filter(cpf.is_valid)
CNPJ = digits(12).map(lambda base: base + cnpj.calc_check_digits(base)).filter(cnpj.is_valid)
CUIT = digits(8).map(lambda base: "20" + base + cuit.calc_check_digit("20" + base)).filter(cuit.is_valid)
RUT = digits(8).map(lambda base: base + rut.calc_check_digit(base)).filter(rut.is_valid)
DNI = digits(8).map(lambda base: base + dni.calc_check_digit(base))
NIE = digits(7).map(lambda base: f"X{base}{nie.calc_check_digit('X' + base)}")
NIF = digits(7).map(lambda base: "2" + base + nif.calc_check_digit("2" + base)).filter(nif.is_valid)
CARD = digits(14).map(lambda base: f"4{base}{luhn.calc_check_digit('4' + base)}")
IBAN = digits(20).map(lambda base: f"ES{iban.calc_check_digits('ES00' + base)}{base}")
IDENTIFIERS = st.one_of(
    CPF, CPF.map(cpf.format), CNPJ, CNPJ.map(cnpj.format), CUIT, CUIT.map(cuit.format), RUT.map(rut.format),
    DNI, NIE, NIF, CARD, IBAN, IBAN.map(lambda number: iban.format(number)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden(case: dict[str, str]) -> None:
    assert redact(case["text"]) == case["expected"]


def test_golden_file_is_long_enough() -> None:
    assert len(CASES) >= 40


@given(SURROUNDINGS, IDENTIFIERS, st.sampled_from(["", " gracias", ".", ") obrigada", "\n"]))
def test_no_generated_identifier_is_left(before: str, identifier: str, after: str) -> None:
    left = redact(f"{before}{identifier}{after}")
    assert identifier not in left
    assert sum(character.isdigit() for character in left) == 0


@given(
    st.text(st.characters())
    | st.lists(
        st.sampled_from(
            ["a@b.example", "111.222.333-96", "+34 612 345 678", " ", "pedido ", "conta ", "1", "(", "x", "😡"]
        )
    ).map("".join)
)
def test_places_are_sorted_and_apart_in_any_text(text: str) -> None:
    found = find_personal_data(text)
    assert all(0 <= data.start < data.end <= len(text) and data.kind in KINDS for data in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert redact(redact(text)).count("@") <= text.count("@")


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009"])
def test_the_spaces_of_html_hide_nothing(space: str) -> None:
    text = "Mi teléfono es 612 345 678, la tarjeta 4111 1111 1111 1111 y el IBAN ES91 2100 0418 4502 0005 1332."
    assert redact(text.replace(" ", space)) == redact(text).replace(" ", space)
    assert redact("CPF 529.982.247\u201125, RUT 12.345.678\u20135") == redact("CPF 529.982.247-25, RUT 12.345.678-5")


def test_places_count_code_points() -> None:
    text = "😡 CPF 111.222.333-96 já"
    (data,) = find_personal_data(text)
    assert (data.kind, text[data.start : data.end]) == ("cpf", "111.222.333-96")


HOSTILE = (
    "1", "1 ", "1-", "a1", "@", "a@", "a.", "ES12 ", "(1", "+1 ", "cuenta 1", "X1234567", "A", "Á ", "María de ",
    "Ana. ", "calle a ", "calle 1 ", "c/ A ", "vivo en A ", "placa AB ", "nací 1 ", "usuario es ", "http://a/?",
    "1.1.1.1 ", "a:", "soy ", "me llamo x ", "sr. ", "A. ", "x.com/", "@a de ", "12345678 calle ", "a_", "de la ",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    assert_linear(find_personal_data, unit)


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_texts_full_of_different_numbers_take_linear_time(kind: str) -> None:
    numbers = hostile.full_of(hostile.KINDS[kind], " ", 1000, Random(kind), wrong=True)
    assert_linear(find_personal_data, f"{numbers} ", short=1000)
