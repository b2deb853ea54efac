import json
from collections.abc import Callable, Mapping

from classifier import ComplaintClassifier
from classifier.taxonomy import LANGUAGES
from training.corpus import Example
from training.robustness import RobustnessReport, measure
from training.robustness.perturbations import PERTURBATIONS

Build = Callable[[Callable[[str], Mapping[str, list[float]]]], ComplaintClassifier]


def share(report: RobustnessReport, perturbation: str, task: str = "any") -> float:
    (found,) = [s for s in report.stability if s.perturbation == perturbation and s.language == "all"]
    return found.changed[task]


def test_a_classifier_that_never_reads_is_never_shaken(ruled: Build, examples: list[Example]) -> None:
    report = measure(ruled(lambda _: {"complaint": [3.0]}), examples)
    assert report.passed
    assert all(item.changed["any"] == 0.0 for item in report.stability)
    assert all(item.pairs > 0 for item in report.stability)
    assert [item.mean for item in report.gaps] == [0.0] * len(report.gaps)
    assert not report.flips
    accuracy = {item.probe: item.accuracy for item in report.probes if item.language == "all"}
    pairs = {item.probe: item.pair_accuracy for item in report.probes if item.language == "all"}
    assert accuracy["negation"] == accuracy["sarcasm"] == 0.5
    assert pairs["negation"] == pairs["sarcasm"] == 0.0
    assert accuracy["prompt-like text alone"] == 0.0
    assert accuracy["prompt-like text not obeyed"] == 1.0


def test_what_leans_on_capitals_is_found_out(ruled: Build, examples: list[Example]) -> None:
    report = measure(ruled(lambda text: {"complaint": [3.0 if text != text.lower() else -3.0]}), examples)
    assert share(report, "lower case", "complaint") == 1.0
    assert share(report, "lower case", "severity") == 1.0, "no severity where there is no complaint"
    assert share(report, "no accents") == 0.0
    assert not report.passed
    assert {flip.perturbation for flip in report.flips} == {"lower case"}
    assert all(flip.after == flip.before.lower() for flip in report.flips)


def test_every_task_counts_for_the_verdict(ruled: Build, examples: list[Example]) -> None:
    def tone(text: str) -> Mapping[str, list[float]]:
        return {"complaint": [3.0], "tone": [0.0, 9.0, 0.0, 0.0] if text == text.lower() else [0.0, 0.0, 9.0, 0.0]}

    report = measure(ruled(tone), examples)
    assert share(report, "lower case", "tone") == share(report, "lower case") == 1.0
    assert share(report, "lower case", "four") == 0.0
    assert not report.passed


def test_what_obeys_is_found_out(ruled: Build, examples: list[Example]) -> None:
    def obeys(text: str) -> Mapping[str, list[float]]:
        critical = "crític" in text or "critical" in text
        return {"complaint": [3.0], "severity": [0.0, 0.0, 0.0, 9.0] if critical else [0.0, 9.0, 0.0, 0.0]}

    report = measure(ruled(obeys), examples)
    (obeyed,) = [p for p in report.probes if p.probe == "prompt-like text not obeyed" and p.language == "all"]
    assert 0.2 < obeyed.accuracy < 0.8
    assert share(report, "prompt-like text", "severity") > 0.2
    assert share(report, "prompt-like text", "motive") == 0.0


def test_what_reads_a_dialect_is_a_gap(ruled: Build, examples: list[Example]) -> None:
    report = measure(ruled(lambda text: {"complaint": [1.0 + 2.0 * ("telemóvel" in text)]}), examples)
    gaps = {(g.contrast, g.figure): g for g in report.gaps}
    assert gaps["pt-PT − pt-BR wording", "complaint"].mean > 0
    assert gaps["pt-PT − pt-BR wording", "severity"].mean == 0.0
    assert gaps["es-AR − es-ES wording", "complaint"].mean == 0.0


def test_gaps_have_their_sign(ruled: Build, examples: list[Example]) -> None:
    women = ("Laura", "Ana", "María", "Carmen", "Marta", "Elena", "Sofía", "Paula", "Isabel", "Julieta", "Nuria")
    report = measure(ruled(lambda text: {"complaint": [1.0 + any(f"{n}" in text for n in women)]}), examples)
    gender = {g.language: g for g in report.gaps if g.kind == "gender" and g.figure == "complaint"}
    assert gender["es"].mean > 0
    assert gender["es"].clear
    assert gender["es"].interval[0] <= gender["es"].mean <= gender["es"].interval[1]


def test_the_same_seed_gives_the_same_report(tiny: ComplaintClassifier, examples: list[Example]) -> None:
    assert measure(tiny, examples, seed=3) == measure(tiny, examples, seed=3)


def test_of_many_examples_as_many_as_wanted_are_drawn(ruled: Build, examples: list[Example]) -> None:
    classifier = ruled(lambda _: {"complaint": [3.0]})
    whole, part = (measure(classifier, examples * 4, at_most=n).messages for n in (500, 3))
    assert whole - part == len(examples) * 4 - 3


def test_the_report_becomes_json_and_tables(ruled: Build, examples: list[Example]) -> None:
    report = measure(ruled(lambda text: {"complaint": [3.0 if "á" in text else -3.0]}), examples)
    again = json.loads(json.dumps(report.to_dict()))
    assert again["passed"] is report.passed is False
    assert again["stability"][0].keys() >= {
        "perturbation",
        "language",
        "pairs",
        "changed",
        "interval",
        "limit",
        "passed",
    }
    rows = report.rows()
    assert len(rows) == len(PERTURBATIONS) * (1 + len(LANGUAGES))
    for table in (rows, report.probe_rows(), report.gap_rows()):
        assert len({tuple(row) for row in table}) == 1, "the same columns in each row"
        assert all(isinstance(cell, str) for row in table for cell in row.values())
    accents = next(row for row in rows if row["perturbation"] == "no accents" and row["language"] == "all")
    assert accents["result"] == "fail"
    assert accents["limit"] == "5%"
