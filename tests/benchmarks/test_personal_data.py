from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.personal_data import Marked, load, measure
from classifier.redaction import PersonalData

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
