from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from benchmarks import hostile
from benchmarks.personal_data import Marked, load, measure, slowest
from classifier.redaction import PersonalData, find_personal_data

MESSAGES = load()
HALVES = [(language, half) for language in ("es", "pt") for half in ("development", "blind")]


def of(language: str, half: str) -> list[Marked]:
    return [message for message in MESSAGES if (message.language, message.half) == (language, half)]


@pytest.mark.parametrize("language", ["es", "pt"])
def test_set_is_large_and_has_look_alikes(language: str) -> None:
    messages = [message for message in MESSAGES if message.language == language]
    assert sum(len(message.personal) for message in messages) >= 600
    assert sum(len(message.harmless) for message in messages) >= 300
    assert max(Counter(message.id for message in messages).values()) == 1


@pytest.mark.parametrize(("language", "half"), HALVES)
def test_masking_stays_as_good_as_documented(language: str, half: str) -> None:
    counts = measure(of(language, half))
    floors = {"development": (0.98, 0.97), "blind": (0.92, 0.79)}[half]
    assert (counts["identifiers"].recall >= floors[0], counts["names"].recall >= floors[1]) == (True, True)
    assert (counts["identifiers"].precision >= 0.97, counts["names"].precision >= 0.94) == (True, True)
    assert counts["harmless"].hurt <= 0.03 * counts["harmless"].harmless


def test_marks_become_exact_places() -> None:
    message = Marked.read({"id": "es-blind-001", "text": "Soy [name:Ana] y el [-:pedido 12] no llegó"})
    assert message.text == "Soy Ana y el pedido 12 no llegó"
    assert message.personal == (PersonalData("name", 4, 7),)
    assert message.harmless == (PersonalData("-", 13, 22),)


def test_half_a_name_is_not_masked_and_too_much_is_wrong() -> None:
    message = Marked.read({"id": "es-blind-001", "text": "Soy [name:Ana Ruiz] de [-:Lugo]"})
    part = measure([message], lambda text: [PersonalData("name", 4, 7)])
    assert (part["names"].recall, part["names"].precision) == (0.0, 1.0)
    more = measure([message], lambda text: [PersonalData("name", 0, len(text))])
    assert (more["names"].recall, more["names"].precision, more["harmless"].hurt) == (1.0, 0.0, 1)


def test_texts_are_of_the_length_that_is_asked_for_and_of_every_kind() -> None:
    texts = dict(hostile.texts(300))

    assert {len(text) for text in texts.values()} == {300}
    assert {name.partition(",")[0] for name in texts} == {*hostile.KINDS, "mixed"}
    assert dict(hostile.texts(300)) == texts


@pytest.mark.parametrize(
    ("kind", "found"),
    [("IBAN", "iban"), ("card", "card"), ("CPF with dots", "cpf"), ("CURP", "curp"), ("RFC", "rfc"), ("RUT", "rut"),
     ("CUIT", "cuit"), ("CNPJ with dots", "cnpj"), ("DNI", "dni"), ("NIE", "nie"), ("mail", "email")],
)  # fmt: skip
def test_right_numbers_are_masked_and_most_that_are_nearly_right_are_not(kind: str, found: str) -> None:
    numbers = {
        wrong: hostile.full_of(hostile.KINDS[kind], ", ", 400, Random(7), wrong=wrong) for wrong in (False, True)
    }
    kinds = {wrong: Counter(data.kind for data in find_personal_data(text)) for wrong, text in numbers.items()}

    assert kinds[False][found] >= numbers[False].count(",")
    assert kind in ("RFC", "mail") or kinds[True][found] < kinds[False][found]


def test_the_slowest_text_of_each_kind_is_told() -> None:
    rows = slowest(lambda text: [PersonalData("name", 0, len(text))], 100)

    assert len(rows) == len(hostile.KINDS) + 1
    assert all(whole >= 0 and half >= 0 for _, whole, half in rows)
