import json
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier import Classification, ComplaintClassifier
from classifier.engine import Precision
from classifier.errors import TextTooLongError
from classifier.limits import MAX_CHARACTERS
from classifier.taxonomy import TASK_BY_ID

SPANISH = "El pedido llegó roto, llamé tres veces y nadie me contesta. Quiero que me devuelvan el dinero."
PORTUGUESE = "Comprei há um mês e até agora não recebi nada. O atendimento é péssimo, quero meu dinheiro de volta."
TEXTS = st.lists(
    st.one_of(st.text(max_size=300), st.sampled_from([SPANISH, PORTUGUESE, SPANISH * 5, "ok", "😀"])), max_size=8
)


def test_a_message_gets_every_answer_of_the_contract(tiny: ComplaintClassifier) -> None:
    (result,) = tiny.predict(SPANISH, evidence=True)
    data = result.to_dict()
    assert list(data) == [
        *("id", "language", "language_probability", "complaint", "motive", "severity", "justice", "quality"),
        *("touchpoint", "tone", "guarantee", "conduct", "evidence", "facts", "review", "model"),
    ]
    assert data["language"] == "es"
    assert data["model"] == {"name": "tiny", "version": "0.0.1", "taxonomy": "1"}
    assert list(data["touchpoint"]["probabilities"]) == list(TASK_BY_ID["touchpoint"].label_ids)
    assert sum(data["tone"]["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_as_json_and_back_is_the_same(tiny: ComplaintClassifier) -> None:
    for result in tiny.predict([SPANISH, PORTUGUESE, "", "Guten Tag, wo ist meine Bestellung?"], evidence=True):
        assert Classification.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_what_is_no_complaint_keeps_touchpoint_and_tone_only(tiny: ComplaintClassifier) -> None:
    results = tiny.predict([SPANISH, PORTUGUESE, "Gracias por todo, excelente servicio.", "Qual é o horário da loja?"])
    for result in results:
        rest = (result.motive, result.severity, result.justice, result.quality, result.guarantee, result.conduct)
        assert all((answer is not None) == result.complaint.label for answer in rest)
        assert result.touchpoint is not None
        assert result.tone is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_text"),
        (" \n\t", "no_text"),
        ("😡😡😡", "no_text"),
        ("12345 678", "no_text"),
        ("¡¿?!", "no_text"),
        ("Wo bleibt meine Bestellung? Ich warte seit drei Wochen auf das Paket und niemand antwortet.", "language"),
    ],
)
def test_what_can_not_be_read_is_not_forced_into_a_label(tiny: ComplaintClassifier, text: str, reason: str) -> None:
    (result,) = tiny.predict(text, evidence=True)
    assert result.complaint.label is None
    assert result.tone is None
    assert result.review.needed
    assert reason in result.review.reasons


def test_the_caller_may_say_the_language(tiny: ComplaintClassifier) -> None:
    (result,) = tiny.predict("ok", languages=["pt"])
    assert (result.language, result.language_probability) == ("pt", 1.0)
    with pytest.raises(ValueError, match="'de'"):
        tiny.predict("ok", languages=["de"])


def test_a_text_over_the_limit_is_refused_without_repeating_it(tiny: ComplaintClassifier) -> None:
    tiny.predict("a " * (MAX_CHARACTERS // 2))
    with pytest.raises(TextTooLongError, match="20,001") as caught:
        tiny.predict("secreto" + "a" * (MAX_CHARACTERS - 6))
    assert "secreto" not in str(caught.value)


def test_lists_of_unequal_length_are_refused(tiny: ComplaintClassifier) -> None:
    with pytest.raises(ValueError, match="as many"):
        tiny.predict([SPANISH, PORTUGUESE], ids=["1"])


def test_half_a_surrogate_pair_becomes_an_unknown_character_in_its_place(tiny: ComplaintClassifier) -> None:
    whole, half = tiny.predict([SPANISH, "\ud83d " + SPANISH], evidence=True)
    assert [fact.start + 2 for fact in whole.facts] == [fact.start for fact in half.facts]
    json.dumps(half.to_dict(), ensure_ascii=False).encode("utf-8")


def test_nothing_in_nothing_out(tiny: ComplaintClassifier) -> None:
    assert tiny.predict([], evidence=True) == []


@given(TEXTS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_batching_never_changes_a_prediction(tiny: ComplaintClassifier, texts: list[str]) -> None:
    together = tiny.predict(texts, ids=["x"] * len(texts))
    for text, expected in zip(texts, together, strict=True):
        assert tiny.predict(text, ids=["x"]) == [expected]


@given(TEXTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_evidence_and_facts_slice_to_the_text_given(tiny: ComplaintClassifier, texts: list[str]) -> None:
    for text, result in zip(texts, tiny.predict(texts, evidence=True), strict=True):
        for span in (*result.evidence, *result.facts):
            assert text[span.start : span.end] == span.text


@pytest.mark.parametrize("precision", [Precision.F32, Precision.BF16, Precision.INT8])
def test_every_arithmetic_gives_nearly_the_same_probabilities(tiny_model: Path, precision: Precision) -> None:
    texts = [SPANISH, PORTUGUESE, SPANISH + " " + PORTUGUESE]
    exact = ComplaintClassifier.from_pretrained(tiny_model, precision=Precision.F32).logits(texts)
    found = ComplaintClassifier.from_pretrained(tiny_model, precision=precision).logits(texts)
    np.testing.assert_allclose(found, exact, atol=0.1)


def test_the_language_is_told_by_what_is_read_of_an_html_mail(tiny: ComplaintClassifier) -> None:
    style = (
        "<style>"
        + "p.MsoNormal {margin:0cm; font-family:Calibri,sans-serif; mso-style-priority:99;}\n" * 30
        + "</style>"
    )
    mail = f"<html><head>{style}</head><body><p>{SPANISH}</p></body></html>"
    assert tiny.predict([mail])[0].language == "es"


def test_threads_share_one_classifier(tiny: ComplaintClassifier) -> None:
    expected = tiny.predict([SPANISH, PORTUGUESE])
    found: list[list[Classification]] = []
    threads = [threading.Thread(target=lambda: found.append(tiny.predict([SPANISH, PORTUGUESE]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
