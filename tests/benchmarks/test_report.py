"""A report says the same as Markdown and as JSON, and where its figures come from."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.report import Figure, Report, Table, in_turns, ratios, shown, surroundings

SPEED = Table(
    "Speed",
    ("contestant", "texts/s", "times"),
    [("a|b", Figure(94.0, 90.5, 99.0), 1.0), ("c", None, 14.96)],
    ["a note"],
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "–"),
        (1234567, "1,234,567"),
        (1438.2, "1,438"),
        (14.96, "15.0"),
        (3.456, "3.46"),
        (0.8123, "0.812"),
        ("x", "x"),
    ],
)
def test_a_cell_has_the_digits_that_count(cell: object, text: str) -> None:
    assert shown(cell) == text  # type: ignore[arg-type]


def test_contestants_take_turns_and_a_ratio_is_within_a_turn() -> None:
    order: list[str] = []
    speed = iter([10.0, 30.0, 20.0, 80.0, 5.0, 5.0])

    def run(name: str) -> float:
        order.append(name)
        return next(speed)

    found = in_turns({"slow": lambda: run("slow"), "fast": lambda: run("fast")}, rounds=3)
    assert order == ["slow", "fast"] * 3
    assert found == {"slow": [10.0, 20.0, 5.0], "fast": [30.0, 80.0, 5.0]}
    assert ratios(found["fast"], found["slow"]) == Figure(3.0, 1.0, 4.0)


def test_a_table_is_the_same_everywhere() -> None:
    assert SPEED.markdown().splitlines() == [
        "**Speed**",
        "",
        "| contestant | texts/s | times |",
        "| --- | --- | --- |",
        "| a\\|b | 94.0 (90.5 to 99.0) | 1.00 |",
        "| c | – | 15.0 |",
        "",
        "- a note",
    ]
    assert SPEED.content()["rows"][0]["texts/s"] == {"value": 94.0, "low": 90.5, "high": 99.0}
    assert SPEED.terminal().row_count == 2


def test_both_files_are_named_by_day_and_commit(tmp_path: Path) -> None:
    report = Report({"when": "2026-11-29T10:00:00+00:00", "commit": "abc123 changed", "machine": {"processors": 2}})
    told: list[Table] = []
    report.run("speed", lambda: iter([SPEED]), told.append)
    markdown, content = report.write(tmp_path / "results")
    assert told == [SPEED]
    assert [path.name for path in (markdown, content)] == [
        "2026-11-29-abc123-changed.md",
        "2026-11-29-abc123-changed.json",
    ]
    assert SPEED.markdown() in markdown.read_text("utf-8")
    found = json.loads(content.read_text("utf-8"))
    assert found["machine"] == {"processors": 2}
    assert found["sections"]["speed"]["tables"] == [SPEED.content()]
    assert found["sections"]["speed"]["peak memory so far, MB"] > 10


def test_what_went_wrong_is_said_and_remembered() -> None:
    report = Report({"commit": "abc"})
    report.run("files", lambda: iter([Table("Files", ("rows",), [(1,)], ["one run"], ["OTHER BYTES"])]), lambda _: None)

    assert report.faults() == ["files: OTHER BYTES"]
    assert "- FAULT: OTHER BYTES\n- one run" in report.markdown()
    assert report.content()["sections"]["files"]["tables"][0]["faults"] == ["OTHER BYTES"]


def test_versions_of_the_peers_are_those_of_their_python() -> None:
    found = surroundings(Path(sys.executable))["versions of the peers"]

    assert found["python"] == platform.python_version()
    assert found["fastapi"] == version("fastapi")
    assert "versions of the peers" not in surroundings()


def test_what_surrounds_a_run_is_known() -> None:
    found = surroundings()
    assert found["machine"]["processors"] >= 1
    assert found["versions"]["openvino"]
    assert found["model"]["name"]
    assert json.dumps(found)
