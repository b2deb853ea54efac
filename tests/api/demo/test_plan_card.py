import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from api.demo.plan_card import plan_card
from api.recovery import Context, default_policy, make_plan
from classifier.types import OrdinalDecision
from tests.classifier.test_card import classification

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def plan(language: str = "es", severity: str = "high", **context: Any) -> dict[str, Any]:
    found = replace(classification(), language=language, severity=OrdinalDecision(severity, {severity: 1.0}, 2.0))
    return make_plan(default_policy(), found, Context(now=NOW, received_at=NOW, **context)).to_dict()


def printed(said: dict[str, Any], *, again: bool = False) -> str:
    console = Console(width=100, file=io.StringIO(), highlight=False)
    console.print(plan_card("0123456789abcdef", said, again=again))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ["Caso …abcdef", "Prioridad", "Alta", "Primera respuesta", "Entender", "aprueba: "]),
        ("pt", ["Caso …abcdef", "Prioridade", "Alta", "Primeira resposta", "Entender", "aprova: "]),
    ],
)
def test_a_plan_is_told_in_the_language_of_the_message(language: str, words: list[str]) -> None:
    text = printed(plan(language))
    assert [word for word in words if word not in text] == []


def test_deadlines_are_on_the_customer_s_clock() -> None:
    mexico = plan(country="MX")
    first = datetime.fromisoformat(mexico["deadlines"][0]["local"])
    assert f"antes del {first:%d/%m} a las {first:%H:%M}" in printed(mexico)
    assert first.utcoffset() is not None
    assert first.utcoffset() != NOW.utcoffset()


def test_amounts_are_shown_where_they_are_known() -> None:
    assert "87.50–175.00 EUR · aprueba" in printed(plan())
    unknown = plan()
    unknown["compensation"]["least"]["currency"] = unknown["compensation"]["most"]["currency"] = None
    assert "87.50–175.00 · aprueba" in printed(unknown)
    nothing = plan(severity="low")
    nothing["compensation"] |= {"band": "none", "least": None, "most": None}
    assert "Sin compensación adicional  " in printed(nothing)


def test_a_second_failure_is_told_as_one() -> None:
    text = printed(plan(double_deviation=True), again=True)
    assert "el mismo caso, segunda falla" in text
    reasons = plan(double_deviation=True)["reasons"]
    why = next(reason["why"] for reason in reasons if reason["rule"] == "double-deviation")
    assert why[:40] in text


def test_a_label_is_not_repeated_and_many_steps_are_counted() -> None:
    text = printed(plan())
    assert text.count("Al responder") == 1
    assert "más" in text
