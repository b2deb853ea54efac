from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import ComplaintClassifier
from classifier.evidence import Span
from classifier.redaction import redact
from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY, TASKS
from training.corpus import Example
from training.report.figures import TaskFigures
from training.report.mistakes import PER_TASK, Mistake, excerpt, grounds, masked, worst

TEXT = "Compré una silla. Llegó rota y nadie responde. Mi correo es ana@example.org y mi celular 11 5555 1234. Gracias."
PERSONAL = ("ana@example.org", "mi celular 11 5555 1234", "CPF 529.982.247-25", "texto", "pedido 123456789", " ", ". ")


def test_the_worst_are_wrong_and_the_most_confident_come_first(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(200)
    examples = [replace(e, text=f"{e.text}{i}") for i, e in enumerate(examples)]
    for task in TASKS:
        item = TaskFigures.of(task, [e.labels for e in examples], found)
        mistakes = worst(item, examples, found)
        assert len(mistakes) == PER_TASK
        assert [m.probability for m in mistakes] == sorted((m.probability for m in mistakes), reverse=True)
        assert all(m.found[0] not in m.gold for m in mistakes)
        wrong = [item.confidence[k] for k in range(len(item.rows)) if not item.right[k] and item.confidence[k] > 0]
        assert task in (MOTIVE, JUSTICE) or mistakes[0].probability == pytest.approx(max(wrong))


def test_the_order_of_motives_is_no_mistake_to_show(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(200)
    mistakes = worst(TaskFigures.of(MOTIVE, [e.labels for e in examples], found), examples, found)
    assert all(set(m.found[:1]).isdisjoint(m.gold) for m in mistakes)


def test_a_text_is_shown_once(drawn: Callable[..., Any]) -> None:
    examples, found = drawn(60)
    same = [replace(e, text="igual") for e in examples]
    assert len(worst(TaskFigures.of(SEVERITY, [e.labels for e in same], found), same, found)) == 1


def test_json_holds_no_text(drawn: Callable[..., Any]) -> None:
    examples, _ = drawn(1)
    row = Mistake(SEVERITY, 0, ("low",), ("high",), 0.91234).to_dict(examples[0])
    assert row == {"id": "0", "source": "drawn", "gold": ["low"], "found": ["high"], "probability": 0.9123}


@pytest.mark.training
def test_grounds_are_the_classifier_s_own_evidence(tiny: ComplaintClassifier) -> None:
    texts = [TEXT, "Nadie responde. Exijo mi dinero! Es la tercera vez que pasa.", "Una sola frase sin más"]
    examples = [Example(str(i), t, "es", "", "", {"complaint": True}) for i, t in enumerate(texts)]
    found = tiny.predict(texts, languages=["es"] * 3, evidence=True, facts=False)
    told = [(row, e) for row, f in enumerate(found) for e in f.evidence if e.task == "severity"]
    mistakes = [Mistake(SEVERITY, row, ("low",), (e.label,), 0.5) for row, e in told]
    spans = grounds(tiny, mistakes, examples)
    assert [(s.start, s.end) for s in spans if s] == [(e.start, e.end) for _, e in told]
    assert told


@pytest.mark.training
def test_yes_and_no_have_grounds_too(tiny: ComplaintClassifier) -> None:
    examples = [Example("0", TEXT, "es", "", "", {"complaint": True})]
    yes, no = (Mistake(TASKS[0], 0, (other,), (found,), 0.5) for found, other in (("yes", "no"), ("no", "yes")))
    spoken_for, against = grounds(tiny, [yes, no], examples)
    assert spoken_for != against


@settings(deadline=None)
@given(st.lists(st.sampled_from(PERSONAL), max_size=8).map(" ".join), st.integers(0, 120), st.integers(0, 60))
def test_the_three_pieces_are_the_redacted_text(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    assert "".join(masked(text, Span(start, min(start + length, len(text))))) == redact(text)


def test_personal_data_is_masked_in_and_around_the_evidence() -> None:
    start = TEXT.index("Mi correo")
    shown = excerpt(TEXT, Span(start, TEXT.index(" Gracias")))
    assert shown.evidence == "Mi correo es <EMAIL> y mi celular <PHONE>."
    assert shown.before.endswith("nadie responde. ")
    assert shown.after == " Gracias."


def test_long_stretches_are_cut_between_words() -> None:
    text = "palabra " * 300 + "Aquí. " + "después " * 300
    start = text.index("Aquí")
    shown = excerpt(text, Span(start, start + 5))
    assert shown.evidence == "Aquí."
    assert shown.before.startswith("… palabra")
    assert shown.after.endswith("después …")
    assert len(shown.before) < 420
    whole = excerpt(text, None)
    assert whole.evidence == whole.after == ""
    assert len(whole.before) < 820
