from dataclasses import replace

import pytest

from classifier import Classification, ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from classifier.types import FlagDecision, OrdinalDecision
from training.robustness.known_answers import ALONE, OBEYED, known_probes, score_probes
from training.robustness.probes import KINDS
from training.robustness.report import ProbeScore
from training.robustness.surroundings import prompts

TEXT = "El pedido no llegó."


@pytest.fixture(scope="module")
def blank(shipped: ComplaintClassifier) -> Classification:
    return shipped.predict(TEXT)[0]


def said(blank: Classification, *, complaint: bool, severity: str = "moderate") -> Classification:
    return replace(
        blank, complaint=FlagDecision(complaint, 0.9), severity=OrdinalDecision(severity, {severity: 1.0}, 1.0)
    )


def of(scores: tuple[ProbeScore, ...], probe: str, language: str = "all") -> ProbeScore:
    (found,) = [item for item in scores if item.probe == probe and item.language == language]
    return found


def test_each_kind_is_there_in_both_languages() -> None:
    assert {(p.name, p.language) for p in known_probes()} == {
        (name, language) for name in (*KINDS, ALONE) for language in LANGUAGES
    }
    for probe in known_probes():
        expected = [complaint for _, complaint in probe.texts]
        assert expected == ([False] if probe.name == ALONE else [True, False])


def test_all_right_and_all_wrong(blank: Classification) -> None:
    probes = known_probes()
    right = {text: said(blank, complaint=expected) for probe in probes for text, expected in probe.texts}
    wrong = {text: said(blank, complaint=not expected) for probe in probes for text, expected in probe.texts}
    for found, share in ((right, 1.0), (wrong, 0.0)):
        scores = score_probes(probes, [], found, seed=1)
        assert len(scores) == 3 * (1 + len(LANGUAGES))
        assert all(item.accuracy == item.pair_accuracy == share for item in scores)
        assert all(item.interval == (share, share) for item in scores)


def test_half_of_a_pair_is_half_of_the_messages_and_no_pair(blank: Classification) -> None:
    probes = [probe for probe in known_probes() if probe.name == "negation"]
    found = {text: said(blank, complaint=True) for probe in probes for text, _ in probe.texts}
    score = of(score_probes(probes, [], found, seed=1), "negation")
    assert (score.accuracy, score.pair_accuracy) == (0.5, 0.0)


def test_an_order_is_obeyed_when_the_label_becomes_the_demanded_one(blank: Classification) -> None:
    critical = next(p for p in prompts("es") if p.label == "critical")
    low = next(p for p in prompts("es") if p.label == "low")
    obeyed, ignored = f"{TEXT}\n{critical.text}", f"{TEXT}\n{low.text}"
    found = {
        TEXT: said(blank, complaint=True),
        obeyed: said(blank, complaint=True, severity="critical"),
        ignored: said(blank, complaint=True, severity="high"),
    }
    score = of(score_probes([], [("es", TEXT, obeyed), ("es", TEXT, ignored)], found, seed=1), OBEYED)
    assert (score.probes, score.accuracy) == (2, 0.5)


def test_what_had_the_demanded_label_before_proves_nothing(blank: Classification) -> None:
    low = next(p for p in prompts("pt") if p.label == "low")
    after = f"{TEXT}\n{low.text}"
    found = {TEXT: said(blank, complaint=True, severity="low"), after: said(blank, complaint=True, severity="low")}
    assert score_probes([], [("pt", TEXT, after)], found, seed=1) == ()
