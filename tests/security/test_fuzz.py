"""A few inputs for each reader of strangers' words, the same each time; and that ``fuzz.py`` says what it found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.security import fuzz
from tests.security.report import Report, Row
from tests.security.targets import TARGETS, Target
from tests.security.trials import Begun, Trial, trials

KEPT = ROOT / "docs" / "security" / "fuzzed.json"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_written_is_read_or_refused(target: Target) -> None:
    phases = (Phase.explicit, Phase.generate)
    few = hypothesis.settings(
        max_examples=25, database=None, phases=phases, suppress_health_check=list(hypothesis.HealthCheck)
    )
    few(hypothesis.given(target.inputs)(target.hold))()


def test_a_target_is_tried_for_its_time_and_not_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    given = ["--minutes", "0.001", "--target", "Accept-Language", "--report", str(path), "--resume"]

    assert fuzz.main(given) == 0
    first = Report.read(path)
    assert fuzz.main(given) == 0

    assert [(row.name, row.inputs > 0, row.seconds >= 0.06, row.faults) for row in first.rows] == [
        ("Accept-Language", True, True, [])
    ]
    assert Report.read(path) == first
    assert path.with_suffix(".md").read_text(encoding="utf-8") == first.page()
    assert first.rows[0].told() in capsys.readouterr().err


def test_a_fault_is_told_once_with_the_smallest_input_that_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    def hold(number: int) -> None:
        assert number < 100, "too large"

    @contextmanager
    def begun() -> Iterator[Begun]:
        yield st.integers(0, 10_000), hold, Counter({("GET /", 200): 3})

    row = Row("numbers")
    fuzz.attempt(Trial("numbers", begun), row, 0.5, lambda: None)

    (fault,) = row.faults
    assert fault.startswith("AssertionError: too large")
    assert fault.endswith("\n  100")
    assert (row.requests, row.answers, row.succeeded) == (3, {"2xx": 3}, ["GET /"])
    assert fault in capsys.readouterr().err


def test_targets_are_chosen_by_name_or_by_a_part_of_it() -> None:
    assert [trial.name for trial in fuzz.chosen(["mail", "CSV"])] == ["mail", "CSV"]
    assert len(fuzz.chosen(["calls,"])) == 10
    assert fuzz.chosen(["nothing of the kind"]) == []
    assert [trial.name for trial in fuzz.chosen([])] == [trial.name for trial in trials()]


def test_the_page_tells_of_the_last_run_as_it_was() -> None:
    report = Report.read(KEPT)
    page = KEPT.with_name("fuzzing.md").read_text(encoding="utf-8")

    assert [row.name for row in report.rows] == [trial.name for trial in trials()]
    assert report.page().strip() in page
    assert json.loads(KEPT.read_text(encoding="utf-8"))["by"].keys() == {"python", "hypothesis", "schemathesis"}
