from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.neutral import NAME, one_currency, one_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Me atendió Marta Iglesias y no resolvió nada.", "Me atendió Joaquín Pereira Soto y no resolvió nada."),
        ("Hola, soy Ximena y sigo sin mi dinero.", "Hola, soy Facundo y sigo sin mi dinero."),
        ("O senhor Casimiro foi grosseiro comigo.", "O senhor Ubiratan foi grosseiro comigo."),
        ("la señora Guadalupe no me dejó hablar", "la señora Itziar no me dejó hablar"),
    ],
)
def test_whose_name_it_is_is_not_seen(one: str, other: str) -> None:
    assert one_name(one) == one_name(other)
    assert NAME in one_name(one)


@pytest.mark.parametrize(
    "text",
    [
        "El pedido llegó roto y nadie contesta.",
        "A Vivo cobrou duas vezes e o Mercado Livre não devolve.",
        "Compré el billete en Rosario y lo perdí en Santiago.",
        "",
    ],
)
def test_firms_and_towns_stay(text: str) -> None:
    assert one_name(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Me cobraron 500 euros.", "Me cobraron 500 €."),
        ("Me cobraron €500.", "Me cobraron 500 €."),
        ("Pagué US$ 1.200,50 de más", "Pagué 1.200,50 € de más"),
        ("Pagué 30 dólares de más", "Pagué 30 € de más"),
        ("cobraram R$1.200,50 ontem", "cobraram R$ 1.200,50 ontem"),
        ("cobraram 20 reais ontem", "cobraram R$ 20 ontem"),
        ("son S/ 45 soles", "son R$ 45"),
        ("me deben $500.000 pesos", "me deben $ 500.000"),
        ("me deben 500.000 COP", "me deben $ 500.000"),
        ("MXN 900", "$ 900"),
    ],
)
def test_an_amount_is_written_with_one_sign(text: str, written: str) -> None:
    assert one_currency(text) == written
    assert one_currency(written) == written


@pytest.mark.parametrize(
    "text",
    [
        "El 5 % de 3.000 clientes",
        "24 pen drives",
        "o real motivo",
        "2 euro-taxis",
        "tarifa AR$ 5x",
        "v1.2.3",
        "$",
        "R$",
    ],
)
def test_what_is_no_amount_stays(text: str) -> None:
    assert one_currency(text) == text


@given(st.text(alphabet=" .,-$€R5080Sanamri\n", max_size=60))
def test_a_second_look_at_amounts_changes_nothing(text: str) -> None:
    assert one_currency(one_currency(text)) == one_currency(text)
