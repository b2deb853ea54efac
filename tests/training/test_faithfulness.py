"""On a classifier whose network is a rule over the text, so that the sentence that decides is known."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from classifier import ComplaintClassifier
from classifier.calibration import Calibration, columns
from classifier.engine import Logits
from classifier.taxonomy import TASKS
from tests.engines import RuleEngine
from training.corpus import Example
from training.faithfulness import FaithfulnessReport, Figures, measure

Rule = Callable[[str], float]
"""From a text to the strength of the labels of every task."""


def answer_by(rule: Rule) -> Callable[[str], Logits]:
    """Return the function from a text to the logits of all tasks."""
    where = columns()

    def answer(text: str) -> Logits:
        out = np.full(sum(task.width for task in TASKS), -4.0, dtype=np.float32)
        out[where["complaint"]] = 4.0
        for task in ("motive", "severity", "justice"):
            out[where[task].start + 1] = rule(text)
        return out

    return answer


@pytest.fixture
def ruled(shipped: ComplaintClassifier, monkeypatch: pytest.MonkeyPatch) -> Callable[[Rule], ComplaintClassifier]:
    """Build classifiers that see a text as it is written, so that rules can look for words in it."""
    monkeypatch.setattr("classifier.inference.neutral", lambda text, _scored=None: text)
    artifact = replace(shipped.artifact, calibration=Calibration.neutral())

    def build(rule: Rule) -> ComplaintClassifier:
        engine = RuleEngine(shipped.encoder, answer_by(rule))
        return ComplaintClassifier(artifact, shipped.encoder, engine)  # type: ignore[arg-type]

    return build


def example(text: str, language: str = "es", *, complaint: bool = True) -> Example:
    return Example(text[:20], text, language, "test", text, {"complaint": complaint})


EXAMPLES = [
    example("Buenos días a todos. El técnico me gritó en la puerta. El cielo estaba azul. Saludos de Ana."),
    example("Hola, soy Ana. Ayer estuve en la tienda con mi madre. Un señor me gritó sin motivo."),
    example("O técnico gritou comigo, gritó mesmo. A porta é verde. Cumprimentos a todos.", "pt"),
]


def planted(text: str) -> float:
    return 3.0 if "gritó" in text else -1.0


def figures(report: FaithfulnessReport, task: str, language: str = "all") -> Figures:
    (found,) = [item for item in report.figures if item.task == task and item.language == language]
    return found


@pytest.mark.parametrize("task", ["severity", "motive", "justice"])
def test_a_planted_sentence_is_faithful_by_every_measure(
    ruled: Callable[[Rule], ComplaintClassifier], task: str
) -> None:
    report = measure(ruled(planted), EXAMPLES)
    found = figures(report, task)
    assert report.passed
    assert (found.texts, found.without_evidence, found.context_texts) == (3, 0, 3)
    assert found.deletion == found.alone == found.context == 1.0
    assert found.comprehensiveness > 0.1
    assert found.comprehensiveness_of_others == 0.0
    assert found.sufficiency == 0.0
    assert found.sufficiency_of_others == found.comprehensiveness


def test_by_language(ruled: Callable[[Rule], ComplaintClassifier]) -> None:
    report = measure(ruled(planted), EXAMPLES)
    assert [figures(report, "motive", language).texts for language in ("all", "es", "pt")] == [3, 2, 1]
    only = measure(ruled(planted), EXAMPLES[:2])
    assert {item.language for item in only.figures} == {"all", "es"}


def test_what_never_reads_has_no_evidence_and_fails(ruled: Callable[[Rule], ComplaintClassifier]) -> None:
    report = measure(ruled(lambda _: 3.0), EXAMPLES)
    found = figures(report, "severity")
    assert found.without_evidence == found.texts == 3
    assert found.deletion == found.alone == 0.0
    assert found.deletion_interval == (0.0, 0.0)
    assert not report.passed


def test_noise_passes_only_the_measure_that_is_true_by_construction(
    ruled: Callable[[Rule], ComplaintClassifier],
) -> None:
    words = ("casa", "tren", "mesa", "libro", "perro", "gato", "silla", "campo", "calle", "barco")
    chance = np.random.default_rng(1)
    texts = [
        " ".join(
            f"Aquí está el {chance.choice(words)} número {i} de la {chance.choice(words)}." for i in range(j, j + 5)
        )
        for j in range(60)
    ]

    def noise(text: str) -> float:
        return zlib.crc32(text.encode()) / 2**32 * 4 - 1

    report = measure(ruled(noise), [example(text) for text in texts])
    found = figures(report, "motive")
    assert found.deletion > 0.8
    assert found.alone < 0.75
    assert found.context < 0.75
    assert not report.passed


def test_the_evidence_is_beside_a_random_other_sentence_not_beside_their_mean(
    ruled: Callable[[Rule], ComplaintClassifier],
) -> None:
    def rival(text: str) -> float:
        shouted, waited, sky = "gritó" in text, "esperé" in text, "cielo" in text
        if shouted + waited + sky == 1:
            return 2.0 if shouted else 2.5 if waited else -3.0
        return 3.0 if shouted and waited else 1.0 if shouted else -1.0

    found = figures(
        measure(ruled(rival), [example("El técnico me gritó ayer. Yo esperé dos horas. El cielo estaba azul.")]),
        "motive",
    )
    assert found.deletion == 1.0
    assert found.sufficiency < found.sufficiency_of_others
    assert found.alone == 0.5


def test_no_complaint_and_single_sentences_are_left_out(ruled: Callable[[Rule], ComplaintClassifier]) -> None:
    left_out = [example("Un señor me gritó ayer."), example("Gracias por todo. Un saludo.", complaint=False)]
    assert figures(measure(ruled(planted), [*EXAMPLES, *left_out]), "motive").texts == 3
    nothing = measure(ruled(planted), left_out)
    assert figures(nothing, "motive").texts == 0
    assert not nothing.passed


def test_two_sentences_have_no_context_to_vary(ruled: Callable[[Rule], ComplaintClassifier]) -> None:
    report = measure(ruled(planted), [example("El técnico me gritó en la puerta. Saludos de Ana.")])
    found = figures(report, "justice")
    assert (found.texts, found.context_texts, found.deletion) == (1, 0, 1.0)
    assert found.passed


def test_the_same_seed_gives_the_same_report(tiny: ComplaintClassifier) -> None:
    assert measure(tiny, EXAMPLES, seed=5) == measure(tiny, EXAMPLES, seed=5)


def test_the_report_becomes_json_and_a_table(ruled: Callable[[Rule], ComplaintClassifier]) -> None:
    report = measure(ruled(planted), EXAMPLES)
    data = json.loads(json.dumps(report.to_dict()))
    assert data["passed"] is True
    assert data["target"] == 0.8
    assert len(data["figures"]) == len(report.rows()) == 9
    assert len({tuple(row) for row in report.rows()}) == 1
    assert report.rows()[0]["result"] == "pass"
    assert report.rows()[0]["deletion"] == "100.0% [100.0%, 100.0%]"
