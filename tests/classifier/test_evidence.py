import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from classifier import ComplaintClassifier
from classifier.evidence import EXPLAINED, MAX_SENTENCES, _pipeline, explain, sentences
from classifier.limits import MAX_CHARACTERS
from classifier.types import Classification, MultiDecision, OrdinalDecision
from tests.growth import assert_linear

TEXT = "Buenos días.\nEl técnico me gritó delante de mis hijos. El color es azul.\n\nSaludos, Ana"


@pytest.fixture
def complaint(tiny: ComplaintClassifier) -> Classification:
    found = tiny.predict([TEXT], languages=["es"])[0].to_dict()
    found["severity"] = {"label": "high", "probabilities": {"high": 0.9}, "score": 2.0}
    found["motive"] = {"primary": "venting", "labels": ["venting"], "probabilities": {"venting": 0.8}}
    found["justice"] = {"primary": "outcome", "labels": ["outcome"], "probabilities": {"outcome": 0.7}}
    return Classification.from_dict(found | {"complaint": {"label": True, "probability": 1.0}})


SENTENCES = ["El técnico me gritó delante de mis hijos.", "El color es azul."]


def test_sentences_end_at_points_and_at_line_breaks() -> None:
    assert [TEXT[s.start : s.end] for s in sentences(TEXT, "es")] == SENTENCES


def test_what_was_quoted_is_no_sentence_of_the_sender() -> None:
    thread = "\n\nEl lun, 3 mar 2025 a las 10:12, Ana <a@b.es> escribió:\n> Su pedido se perdió. Lo sentimos mucho."
    assert [(TEXT + thread)[s.start : s.end] for s in sentences(TEXT + thread, "es")] == SENTENCES


def test_many_sentences_are_joined_and_none_is_lost() -> None:
    text = " ".join(f"Frase número {i}." for i in range(100))
    spans = sentences(text, "es")
    assert len(spans) <= MAX_SENTENCES
    assert spans[0].start == 0
    assert spans[-1].end == len(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_the_sentence_whose_absence_costs_most_is_the_evidence(complaint: Classification) -> None:
    assert isinstance(complaint.severity, OrdinalDecision)
    assert isinstance(complaint.motive, MultiDecision)

    def probabilities(texts: Sequence[str]) -> list[dict[str, dict[str, float]]]:
        return [
            {
                "severity": {"high": 0.9 if "gritó" in text else 0.2},
                "motive": {"venting": 0.8 if "azul" in text else 0.1},
                "justice": {"outcome": 0.9},
            }
            for text in texts
        ]

    found = explain(TEXT, complaint, probabilities)
    assert [(e.task, e.label, e.text) for e in found] == [
        ("severity", "high", "El técnico me gritó delante de mis hijos."),
        ("motive", "venting", "El color es azul."),
    ]


def test_a_difference_of_rounding_is_no_evidence(complaint: Classification) -> None:
    labels = {"severity": {"high": 0.89997}, "motive": {"venting": 0.79999}, "justice": {"outcome": 0.69996}}
    assert explain(TEXT, complaint, lambda texts: [labels for _ in texts]) == ()


def test_deleting_the_evidence_costs_more_than_deleting_anything_else(shipped: ComplaintClassifier) -> None:
    text = (
        "Hola. Compré una lavadora el mes pasado. Llegó rota y la reparación falló dos veces. "
        "La vecina tiene una igual. Exijo que me devuelvan los 450 euros. "
        "El técnico me gritó y me insultó delante de mis hijos."
    )
    (result,) = shipped.predict(text, evidence=True)
    assert {e.task for e in result.evidence} == {task.id for task in EXPLAINED}
    for evidence in result.evidence:
        others = [s for s in sentences(text, "es") if s.start != evidence.start]
        (without,) = shipped.predict(text[: evidence.start] + " " + text[evidence.end :])
        rest = shipped.predict([text[: s.start] + " " + text[s.end :] for s in others])
        drop = getattr(without, evidence.task)
        kept = [getattr(r, evidence.task) for r in rest]
        if drop is not None and None not in kept:
            assert drop.probabilities[evidence.label] <= min(k.probabilities[evidence.label] for k in kept) + 1e-3


@pytest.mark.parametrize("piece", [",", "(", "'s", "!?", "a.", "¿", "…", "x,"])
def test_sentences_of_a_hostile_text_are_found_in_linear_time(piece: str) -> None:
    text = piece * (MAX_CHARACTERS // len(piece) - 20) + " No llegó. Nadie contesta."
    spans = sentences(text, "es")
    assert text[spans[-1].start : spans[-1].end] == "Nadie contesta."
    assert_linear(lambda text: sentences(text, "es"), piece)


def test_a_lump_ends_a_sentence_as_a_sign_does() -> None:
    text = "No llegó" + "!" * 150 + " Nadie contesta."
    assert [text[s.start : s.end] for s in sentences(text, "es")] == ["No llegó" + "!" * 150, "Nadie contesta."]


def test_threads_find_the_same_sentences() -> None:
    texts = [" ".join(f"Palabra{place}x{number} rota." for place in range(60)) for number in range(40)]
    expected = [sentences(text, "es") for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: sentences(text, "es"), texts)) == expected


def test_no_word_of_a_text_is_remembered() -> None:
    sentences("El pedido llegó.", "es")
    words = len(_pipeline("es").vocab.strings)
    sentences("Zurriburri garrampas. Quisicosa trapatiesta.", "es")
    assert len(_pipeline("es").vocab.strings) == words
