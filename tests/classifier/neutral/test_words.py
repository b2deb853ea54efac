from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.neutral import NAME, PROPER_NAME, neutral, one_wording
from classifier.neutral.words import _lines, _Words
from classifier.preprocessing import preprocess
from classifier.quoting import has_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Compré en Zara de Bilbao y no devuelven el dinero.",
            "Compré en Falabella de Bogotá y no devuelven el dinero.",
        ),
        ("Comprei na Worten de Lisboa e veio partido.", "Comprei na Casas Bahia do Recife e veio partido."),
        ("El Banco Sereno me cobró dos veces.", "El Banco Lumitel me cobró dos veces."),
        ("Llevo un mes esperando a @BancoTal, nadie contesta", "Llevo un mes esperando a @otra_firma, nadie contesta"),
        ("el pedido de mercadolibre no llegó", "el pedido de aliexpress no llegó"),
    ],
)
def test_which_firm_and_place_is_not_seen(one: str, other: str) -> None:
    assert one_wording(one) == one_wording(other)
    assert PROPER_NAME in one_wording(one)


@pytest.mark.parametrize(
    "text",
    [
        "Reclamé en Procon por WhatsApp.",
        "Llevo la telefónica averiada desde el martes.",
        f"Me atendió {NAME} en la tienda.",
        "Pagué por Pix y no aparece.",
    ],
)
def test_what_says_how_or_where_stays(text: str) -> None:
    assert PROPER_NAME not in one_wording(text)


@pytest.mark.parametrize(
    ("es", "neighbour"),
    [
        ("El móvil no enciende.", "El celular no enciende."),
        ("Estoy muy enfadado con ustedes.", "Estoy muy enojado con ustedes."),
        ("¿Por qué no contestáis?", "¿Por qué no contestan?"),
        ("O telemóvel não liga e estou a perder a paciência.", "O celular não liga e estou perdendo a paciência."),
        ("Cobraram-me duas vezes.", "Me cobraram duas vezes."),
    ],
)
def test_one_of_the_words_that_differ_by_country(es: str, neighbour: str) -> None:
    assert one_wording(es) == one_wording(neighbour)


@pytest.mark.parametrize(
    ("hurried", "careful"),
    [
        ("Me deben la devolucion y nadie responde.", "Me deben la devolución y nadie responde."),
        ("me cobraron dos veces. quiero mi dinero", "Me cobraron dos veces. Quiero mi dinero"),
        ("nadie me contseta el telefono", "Nadie me contesta el teléfono"),
        ("vc nao respondeu pq?", "Você não respondeu porque?"),
        ("Nadie contesta xq no quieren", "Nadie contesta porque no quieren"),
    ],
)
def test_hurried_writing_says_the_same(hurried: str, careful: str) -> None:
    assert one_wording(hurried) == one_wording(careful)


def test_shouting_stays() -> None:
    assert one_wording("ESTOY HARTA DE ESPERAR") == "ESTOY HARTA DE ESPERAR"
    assert "NUNCA" in one_wording("Les dije que NUNCA lo pedí.")


def test_masks_and_tags_stay() -> None:
    text = "Mi pedido <NUM> de <URL>, escriban a <EMAIL> #harta"
    assert one_wording(text) == text


def test_what_stands_between_words_stays() -> None:
    assert one_wording("¡No!\n\n¿Y mi dinero…? 🤬 120,50 €") == "¡No!\n\n¿Y mi dinero…? 🤬 120,50 €"


@given(st.text(max_size=200) | st.text("abñçãÁ deNova@#<>NUM.-\n'", max_size=200))
def test_any_text_is_read_and_keeps_words_if_it_has_some(text: str) -> None:
    text = preprocess(text)
    assert has_words(neutral(text)) or not has_words(text)


def test_long_rows_of_words_take_time_in_their_length_only() -> None:
    for text in ("Lumitel de " * 20_000, "A" * 200_000, "@a " * 50_000, "banco " * 50_000, "Banco Do " * 30_000):
        assert one_wording(text)


def test_pasted_letters_do_not_fill_the_memory() -> None:
    words = _Words()
    for size in range(33, 80):
        assert words["x" * size].key == "x" * size
    assert not words


@pytest.mark.parametrize("language", ["es", "pt"])
def test_no_form_stands_for_two_words(language: str) -> None:
    seen: dict[str, str] = {}
    for _, line in _lines(f"wording_{language}.txt"):
        meaning, _, others = line.partition(" < ")
        assert others, line
        for other in others.split(", "):
            assert seen.setdefault(other, meaning) == meaning, other
