import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from classifier.card import card
from classifier.taxonomy import TASKS
from classifier.types import (
    Classification,
    Evidence,
    Fact,
    FlagDecision,
    ModelInfo,
    MultiDecision,
    OrdinalDecision,
    Review,
    SingleDecision,
)

TEXT = "El pedido 44512 llegó roto. Me gritaron y exijo los 350 euros."


def classification(**changes: object) -> Classification:
    values: dict[str, object] = {
        "id": "1",
        "language": "es",
        "language_probability": 0.99,
        "complaint": FlagDecision(True, 0.98),
        "motive": MultiDecision("restitution", ("restitution", "altruism"), {"restitution": 0.97, "altruism": 0.71}),
        "severity": OrdinalDecision("high", {"low": 0.01, "moderate": 0.22, "high": 0.7, "critical": 0.07}, 1.83),
        "justice": MultiDecision("outcome", ("outcome",), {"outcome": 0.95}),
        "quality": SingleDecision("reliability", {"reliability": 0.9}),
        "touchpoint": SingleDecision("fulfilment", {"fulfilment": 0.8}),
        "tone": OrdinalDecision("upset", {"calm": 0.1, "upset": 0.7, "angry": 0.1, "abusive": 0.1}, 1.1),
        "guarantee": FlagDecision(False, 0.1),
        "conduct": SingleDecision("none", {"none": 0.99}),
        "evidence": (Evidence("severity", "high", 0, 27, TEXT[:27]), Evidence("motive", "restitution", 28, 62, "x")),
        "facts": (Fact("amount", "350 euros", {"currency": "EUR", "amount": "350.00"}, 52, 61),),
        "review": Review(False),
        "model": ModelInfo("tiny", "0.0.1", "1"),
    }
    return Classification(**{**values, **changes})  # type: ignore[arg-type]


def shown(result: Classification, text: str = TEXT, language: str = "es", *, colours: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=100, force_terminal=colours, color_system="standard" if colours else None
    )
    console.print(card(result, text, language))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_answer_is_there_in_the_readers_language(language: str) -> None:
    out = shown(classification(), language=language)
    result = classification()
    for task in TASKS:
        if task.id not in ("conduct", "complaint"):
            assert task.name[language] in out
    assert next(task for task in TASKS if task.id == "severity").label("high").name[language] in out
    assert result.facts[0].text in out


def test_portuguese_words() -> None:
    out = shown(classification(review=Review(True, ("language", "severity: low confidence"))), language="pt")
    for words in ("Reclamação", "restituição", "altruísmo", "confiabilidade", "entrega", "350 euros", "pouca certeza"):
        assert words in out


def test_conduct_is_shown_only_where_there_is_any() -> None:
    assert "conducta" not in shown(classification())
    assert "tramposo" in shown(classification(conduct=SingleDecision("cheat", {"cheat": 0.8})))


def test_each_piece_of_evidence_is_numbered_and_says_what_it_speaks_for() -> None:
    words = " ".join(shown(classification()).replace("│", "").split())
    assert "llegó roto.¹ Me gritaron y exijo los 350 euros.²" in words
    assert "¹ gravedad alta ² motivo restitución" in words


def test_every_level_of_the_severity_has_its_bar() -> None:
    rows = [line.strip("│ \n").split() for line in shown(classification(), language="en").splitlines()]
    for row in (["low", "░" * 10, "1%"], ["moderate", "██░░░░░░░░", "22%"], ["high", "███████░░░", "70%"]):
        assert row in rows


def test_evidence_is_highlighted_on_a_terminal_and_plain_elsewhere() -> None:
    plain = shown(classification())
    assert "\x1b" not in plain
    assert "\x1b[" in shown(classification(), colours=True)


def test_what_is_no_complaint_or_not_classified_has_a_card_too() -> None:
    nothing = dict.fromkeys(["motive", "severity", "justice", "quality", "guarantee", "conduct"])
    assert "No es una queja" in shown(classification(**nothing, complaint=FlagDecision(False, 0.02), evidence=()))
    nothing |= {"touchpoint": None, "tone": None}
    review = Review(True, ("no_text",))
    out = shown(classification(**nothing, complaint=FlagDecision(None, None), evidence=(), facts=(), review=review))
    assert "Sin clasificar" in out
    assert "no hay palabras" in out


def test_nothing_in_the_message_is_taken_for_markup_or_an_escape() -> None:
    text = "[red]a[/red] \x1b[31mb\x1b]0;t\x07 :smile: \u202ec"
    out = shown(classification(evidence=(), facts=()), text)
    assert "[red]a[/red]" in out
    assert ":smile:" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


@given(st.text(max_size=200))
def test_no_message_can_send_control_characters(text: str) -> None:
    out = shown(classification(evidence=(Evidence("severity", "high", 0, len(text), text),)), text)
    assert not [c for c in out if unicodedata.category(c)[0] == "C" and c not in "\n\u200d"]
