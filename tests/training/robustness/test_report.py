from dataclasses import replace

import pytest

from classifier.taxonomy import TASKS
from training.robustness.gaps import Gap
from training.robustness.report import Flip, ProbeScore, RobustnessReport, Stability

CHANGED = dict.fromkeys((task.id for task in TASKS), 0.0) | {"motive": 0.01, "tone": 0.02, "four": 0.01, "any": 0.02}
CITIES = Stability("cities", "all", 100, CHANGED, (0.0, 0.05), 0.02)
GAP = Gap("female − male first names", "gender", "es", "severity", 40, -0.0123, (-0.03, 0.004))
REPORT = RobustnessReport(
    model="m 1",
    seed=1,
    messages=120,
    stability=(CITIES, replace(CITIES, language="es", changed=CHANGED | {"any": 0.04})),
    probes=(ProbeScore("negation", "all", 30, 0.75, 0.5, (0.3, 0.7)),),
    gaps=(GAP,),
    flips=(Flip("cities", "Vivo en Cádiz", "Vivo en Jaén", ("severity",)),),
)


@pytest.mark.parametrize(("share", "passed"), [(0.0, True), (0.02, True), (0.0201, False), (1.0, False)])
def test_the_limit_itself_is_within(share: float, passed: bool) -> None:
    assert replace(CITIES, changed=CHANGED | {"any": share}).passed is passed


def test_languages_are_shown_and_all_decides() -> None:
    assert not REPORT.stability[1].passed
    assert REPORT.passed
    worse = replace(CITIES, changed=CHANGED | {"any": 0.03})
    assert not replace(REPORT, stability=(worse,)).passed


@pytest.mark.parametrize(
    ("interval", "clear"), [((-0.03, 0.004), False), ((0.001, 0.2), True), ((-0.2, -0.001), True), ((0.0, 0.1), False)]
)
def test_a_gap_is_clear_where_its_interval_leaves_out_zero(interval: tuple[float, float], clear: bool) -> None:
    assert replace(GAP, interval=interval).clear is clear


def test_cells_are_written_for_people() -> None:
    assert REPORT.rows()[0] == {
        "perturbation": "cities",
        "language": "all",
        "pairs": "100",
        "complaint": "0.0%",
        "motive": "1.0%",
        "severity": "0.0%",
        "justice": "0.0%",
        "quality": "0.0%",
        "touchpoint": "0.0%",
        "tone": "2.0%",
        "guarantee": "0.0%",
        "conduct": "0.0%",
        "four": "1.0%",
        "any": "2.0%",
        "95 % interval": "[0.0%, 5.0%]",
        "limit": "2%",
        "result": "pass",
    }
    assert REPORT.rows()[1]["result"] == "fail"
    assert REPORT.probe_rows()[0]["messages right"] == "75.0%"
    assert REPORT.probe_rows()[0]["probes right"] == "50.0% [30.0%, 70.0%]"
    assert REPORT.gap_rows()[0]["mean"] == "-0.012"
    assert REPORT.gap_rows()[0]["95 % interval"] == "[-0.030, +0.004]"


def test_json_says_what_passed_and_quotes_no_text() -> None:
    data = REPORT.to_dict()
    assert data["passed"] is True
    assert [item["passed"] for item in data["stability"]] == [True, False]
    assert data["gaps"][0]["clear"] is False
    assert "Vivo" not in str(data)


def test_each_table_has_the_same_columns_in_every_row() -> None:
    for rows in REPORT.tables().values():
        assert len({tuple(row) for row in rows}) == 1
