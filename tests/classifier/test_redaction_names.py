from __future__ import annotations

import pytest

from classifier.redaction import find_personal_data, redact
from classifier.redaction.letters import score


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Me atendió Rocío y colgó.", "Me atendió <NAME> y colgó."),
        ("me atendio fernanda y colgo", "me atendio <NAME> y colgo"),
        ("falei com a Vitória ontem", "falei com a <NAME> ontem"),
        ("Soy María José de la Fuente, de Lugo.", "Soy <NAME>, de Lugo."),
        ("ME LLAMO CARMEN RUIZ Y NO PIENSO PAGAR NADA MÁS", "ME LLAMO <NAME> Y NO PIENSO PAGAR NADA MÁS"),
        ("hola me llamo zutanito y quiero la factura", "hola me llamo <NAME> y quiero la factura"),
        ("Mi hijo Mateo está enfermo", "Mi hijo <NAME> está enfermo"),
        ("Prezado Sr. Quaresma, aguardo.", "Prezado Sr. <NAME>, aguardo."),
        ("Dolores, de atención al cliente, mintió.", "<NAME>, de atención al cliente, mintió."),
        ("Espero resposta.\nAtt,\nGenésio Brochado", "Espero resposta.\nAtt,\n<NAME>"),
        ("Firma: M. Á. Benavides.", "Firma: <NAME>."),
        ("Dona Ludovina dos Santos ligou.", "Dona <NAME> ligou."),
    ],
)
def test_names_are_masked_and_nothing_beside_them(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "No tengo esperanza ni paz, solo dolores de cabeza.",
        "Compré la mesa Helena y el vestido modelo Sofía.",
        "Nos alojamos en el Hotel San Rafael, en la avenida Rivadavia.",
        "A bolacha Maria da Casas Bahia veio mole.",
        "O perfume Carolina Herrera é falso.",
        "Llamé a Iberia el lunes y a Correos el martes.",
        "A Magazine Luiza e a Mercearia da Rita não respondem.",
        "Pagué 60 lucas por un Mercedes Benz de alquiler.",
        "soy cliente desde hace años y nadie contesta",
        "A Vitória foi grande, com graça e luz.",
    ],
)
def test_words_brands_and_places_that_are_also_names_stay(text: str) -> None:
    assert redact(text) == text


def test_places_count_code_points_before_a_name() -> None:
    text = "😡😡 İzmir no; me atendió Rocío."
    (data,) = find_personal_data(text)
    assert (data.kind, text[data.start : data.end]) == ("name", "Rocío")


def test_masking_again_finds_nothing_more() -> None:
    once = redact("Hola, soy Lucía Ortega y me atendió Paz. Mi hija Vera llamó al 612 345 678.")
    assert redact(once) == once


def test_letters_tell_names_from_words() -> None:
    assert min(map(score, ("fernández", "edvaldina", "wanderlino"))) > 0 > max(map(score, ("pedido", "facturación")))
