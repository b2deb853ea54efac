"""The sentences at the top, from figures that were made up."""

from dataclasses import replace
from typing import Any

from classifier.taxonomy import COMPLAINT, QUALITY, SEVERITY, Task
from classifier.types import ModelInfo
from training.report.bootstrap import Measured
from training.report.contents import Report, TaskReport
from training.report.findings import findings, language_name
from training.report.slices import Part, Parts


def task(of: Task, coverage: float = 0.5) -> TaskReport:
    return TaskReport(of, 100, 0, (), (), (), (), coverage, 0.9)


def report(**changes: Any) -> Report:
    figures = {
        name: Measured(value, value - 0.05, value + 0.05, 100)
        for name, value in (("complaint macro-F1", 0.9), ("severity kappa", 0.7), ("quality macro-F1", 0.6))
    }
    errors = {f"{name} ece": Measured(0.02, 0.01, 0.04, 100) for name in ("complaint", "severity", "quality")}
    whole = Report(
        model=ModelInfo("m", "1", "1"),
        file="f",
        examples=(),
        scores={},
        figures=figures | errors,
        tasks=(task(COMPLAINT, 0.91), task(SEVERITY, 0.15), task(QUALITY)),
        parts=Parts((), (), {}),
        mistakes=(),
    )
    return replace(whole, **changes)


def test_coverage_of_the_tasks_that_matter_most() -> None:
    assert "without a person at 95% precision: complaint 91%, severity 15% of the messages." in findings(report())[0]


def test_a_language_that_is_behind_is_named_with_its_distance() -> None:
    gap = {"severity kappa": Measured(0.08, 0.02, 0.14, 40), "complaint macro-F1": Measured(-0.3, -0.7, 0.1, 40)}
    told = findings(report(parts=Parts((), (), gap)))[1]
    assert told == (
        "Portuguese is behind Spanish in severity kappa by 8.0 points (95% interval 2.0 to 14.0); "
        "1 of 2 tasks differ beyond chance."
    )
    gap = {"severity kappa": Measured(-0.08, -0.14, -0.02, 40)}
    assert findings(report(parts=Parts((), (), gap)))[1].startswith("Spanish is behind Portuguese")


def test_a_gap_within_chance_is_none() -> None:
    gap = {"severity kappa": Measured(0.2, -0.01, 0.4, 40)}
    assert findings(report(parts=Parts((), (), gap)))[1].startswith("No task's main figure differs")
    assert "Too few messages" in findings(report())[1]


def test_the_weakest_slices_come_first_and_only_those_whose_interval_is_below() -> None:
    def part(name: str, value: float, high: float) -> Part:
        return Part("channel", name, 30, {"complaint macro-F1": Measured(value, value - 0.1, high, 30)})

    shown = (part("chat", 0.8, 0.85), part("fax", 0.5, 0.6), part("email", 0.7, 0.92))
    told = [s for s in findings(report(parts=Parts(shown, (), {}))) if s.startswith("Weak")]
    assert told[0].startswith("Weak: channel fax (30 messages), complaint macro-F1 0.500 against 0.900 overall")
    assert "chat" in told[1]
    assert len(told) == 2


def test_calibration_errors_that_are_too_large_are_named() -> None:
    assert "taken at their word" in findings(report())[-1]
    worse = report().figures | {"quality ece": Measured(0.114, 0.1, 0.2, 100)}
    assert findings(report(figures=worse))[-1] == "Calibration error above 0.03: quality trait 0.114."


def test_a_language_without_a_name_keeps_its_code() -> None:
    assert (language_name("pt"), language_name("gl")) == ("Portuguese", "gl")
