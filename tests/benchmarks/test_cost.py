"""The cost of a million follows from price and speed alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.cost import cost_of_a_million, main, table

REPORT = {
    "machine": {"processor": "X", "processors": 2},
    "sections": {
        "speed": {
            "tables": [
                {
                    "rows": [
                        {"contestant": "recupera predict", "texts/s": {"value": 250.0, "low": 240.0, "high": 260.0}},
                        {"contestant": "recupera f32 (logits)", "texts/s": {"value": 1.0, "low": 1.0, "high": 1.0}},
                    ]
                }
            ]
        }
    },
}


def test_a_million_at_250_a_second_takes_4000_seconds() -> None:
    assert cost_of_a_million(0.9, 250) == pytest.approx(1.0)
    assert cost_of_a_million(0.9, 500) == pytest.approx(0.5)


def test_the_table_has_what_people_run() -> None:
    [row] = table(REPORT, {"own": 0.09}).rows
    assert row == ("recupera predict", 250.0, pytest.approx(4000 / 3600), pytest.approx(0.1))


def test_prices_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(REPORT))
    monkeypatch.setattr(sys, "argv", ["cost", str(tmp_path / "r.json"), "--price", "own=0.9"])
    main()
    assert "own: 0.9/h" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["cost", str(tmp_path / "r.json"), "--price", "cheap"])
    with pytest.raises(SystemExit):
        main()
