from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.channels.note import Note, make_note
from api.recovery import Context, default_policy, make_plan
from classifier.types import Classification, Evidence, Review
from tests.classifier.test_card import classification

EVIL = "<b>hola</b> **mira** [aquí](http://x) {{ticket.id}} {%raw%} `x` ![f](y) | ~~z~~"


def plan(result: Classification) -> dict[str, Any]:
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return make_plan(default_policy(), result, Context(now=moment, received_at=moment, country="BR")).to_dict()


def note(language: str, **changes: Any) -> Note:
    result = classification(**changes)
    return make_note("m-1", result, plan(result), "c-1", language)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "es",
            ("Queja", "gravedad: alta", "Primera respuesta antes de:", "Qué hacer", "70\u00a0%"),
        ),
        ("pt", ("Reclamação", "gravidade: alta", "Primeira resposta até:", "Resolver até:", "O que fazer", "70%")),
        ("en", ("Complaint", "severity: high", "First answer by:", "Resolve by:", "What to do", "70%")),
    ],
)
def test_labels_grounds_plan_and_deadlines_in_the_agents_language(language: str, words: tuple[str, ...]) -> None:
    text = note(language).text
    for word in words:
        assert word in text
    assert "«El pedido 44512 llegó roto.»" in text
    assert text.endswith("recupera:m-1 case:c-1")


def test_steps_are_told_in_the_agents_language_not_the_customers() -> None:
    spanish, english = note("es").text, note("en").text
    assert "Responder por su nombre" in spanish
    assert "Responder por su nombre" not in english


def test_why_a_person_should_look_is_said() -> None:
    assert "Convém que uma pessoa veja: " in note("pt", review=Review(True, ("severity: low confidence",))).text


def test_without_a_case_there_is_no_plan() -> None:
    text = make_note("m-1", classification(), None, None, "es").text
    assert "Qué hacer" not in text
    assert text.endswith("recupera:m-1")


def test_nothing_of_a_message_is_rendered() -> None:
    evil = note("es", evidence=(Evidence("severity", "high", 0, len(EVIL), EVIL),))
    assert "{{" not in evil.text + evil.markdown + evil.html
    assert "{%" not in evil.text + evil.markdown + evil.html
    assert "&lt;b&gt;hola&lt;/b&gt;" in evil.html
    assert r"\<b\>hola\</b\> \*\*mira\*\* \[aquí\](http://x)" in evil.markdown
    assert "**mira**" not in evil.markdown


def test_long_evidence_is_cut() -> None:
    long = note("es", evidence=(Evidence("severity", "high", 0, 9000, "mal " * 2000),))
    assert len(long.text) < 3500


def test_a_step_of_the_operators_own_keeps_its_title() -> None:
    result = classification()
    made = plan(result)
    made["steps"] = [{"id": "ours", "title": "Llamar a la tienda"}, *made["steps"]]
    assert "Llamar a la tienda" in make_note("m", replace(result), made, None, "pt").text
