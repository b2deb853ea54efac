from collections.abc import Callable, Mapping

import pytest

from classifier import ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from training.robustness.gaps import Gap, measure_gaps
from training.robustness.lists import read
from training.robustness.probes import Message, dialect_pairs

Build = Callable[[Callable[[str], Mapping[str, list[float]]]], ComplaintClassifier]

MESSAGES = [
    Message("Soy Laura y vivo en Cádiz.", "es"),
    Message("Soy Pedro y vivo en Bilbao.", "es"),
    Message("Sou a Teresa, de Recife.", "pt"),
]


def gap(found: tuple[Gap, ...], contrast: str, figure: str = "complaint", language: str = "es") -> Gap:
    (item,) = [g for g in found if (g.contrast, g.figure, g.language) == (contrast, figure, language)]
    return item


def named(text: str, gender: str) -> bool:
    return any(name in text.split() for name in read("names")["people"]["es"][gender].split())


def test_the_difference_is_that_of_the_probabilities(ruled: Build) -> None:
    classifier = ruled(lambda text: {"complaint": [9.0 if named(text, "female") else -9.0]})
    found = gap(measure_gaps(classifier, MESSAGES, seed=1), "female − male first names")
    assert found.mean == pytest.approx(1.0, abs=1e-3)
    assert (found.messages, found.kind) == (2, "gender")
    assert found.interval[0] > 0.99


def test_severity_differs_in_levels(ruled: Build) -> None:
    def rule(text: str) -> Mapping[str, list[float]]:
        return {"severity": [0.0, 0.0, 0.0, 20.0] if named(text, "male") else [20.0, 0.0, 0.0, 0.0]}

    found = measure_gaps(ruled(rule), MESSAGES, seed=1)
    assert gap(found, "female − male first names", "severity").mean == pytest.approx(-3.0, abs=1e-3)
    assert gap(found, "female − male first names", "tone").mean == 0.0


def test_regions_are_compared_with_the_same_text(ruled: Build) -> None:
    south = read("names")["places"]["es"]["spain_south"]
    classifier = ruled(lambda text: {"complaint": [9.0 if any(city in text for city in south) else -9.0]})
    found = measure_gaps(classifier, MESSAGES, seed=1)
    assert gap(found, "southern − northern Spain").mean == pytest.approx(1.0, abs=1e-3)
    assert gap(found, "southern − northern Spain").messages == 2
    assert gap(found, "Brazil − Portugal", language="pt").mean == 0.0
    assert gap(found, "Brazil − Portugal", language="pt").messages == 1


def test_messages_without_names_leave_the_written_pairs_alone(ruled: Build) -> None:
    found = measure_gaps(ruled(lambda _: {}), [], seed=1)
    assert {(g.kind, g.language, g.messages) for g in found} == {
        ("dialect", language, len(dialect_pairs(language))) for language in LANGUAGES
    }


def test_the_same_seed_gives_the_same_gaps(ruled: Build) -> None:
    classifier = ruled(lambda text: {"complaint": [len(text) / 50]})
    assert measure_gaps(classifier, MESSAGES, seed=2) == measure_gaps(classifier, MESSAGES, seed=2)
