"""The cost of a million follows from price and speed alone."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import speed
from benchmarks.cost import _CHOSEN, LOOKED_UP, PRICES, cost_of_a_million, main, table
from tests.test_guides import FOLDERS

REPORT = {
    "when": "2026-11-29T10:00:00+00:00",
    "machine": {"processor": "X", "processors": 2},
    "sections": {
        "speed": {
            "tables": [
                {
                    "rows": [
                        {"contestant": "recupera predict", "texts/s": {"value": 250.0, "low": 240.0, "high": 260.0}},
                        {"contestant": "recupera predict --fast", "texts/s": {"value": 1000.0}},
                        {"contestant": "recupera predict --fast, facts off", "texts/s": {"value": 1100.0}},
                        {"contestant": "recupera f32 (logits)", "texts/s": {"value": 1.0, "low": 1.0, "high": 1.0}},
                    ]
                },
                {"rows": [{"step": "facts", "µs": 40.0}]},
            ]
        }
    },
}


def test_a_million_at_250_a_second_takes_4000_seconds() -> None:
    assert cost_of_a_million(0.9, 250) == pytest.approx(1.0)
    assert cost_of_a_million(0.9, 500) == pytest.approx(0.5)


def test_the_table_has_what_people_run() -> None:
    whole, fast = table(REPORT, {"own": 0.09}).rows
    assert whole == ("recupera predict", 250.0, pytest.approx(4000 / 3600), pytest.approx(0.1))
    assert fast == ("recupera predict --fast", 1000.0, pytest.approx(1000 / 3600), pytest.approx(0.025))


def test_contestants_are_those_of_the_section_speed() -> None:
    there = SimpleNamespace(
        engine=SimpleNamespace(precision="int8"), cascade=SimpleNamespace(small=SimpleNamespace(logits=None)),
        predict=None, encoder=None,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed.ComplaintClassifier, "from_pretrained", lambda **_: SimpleNamespace(logits=None))
        patch.setattr(speed, "partial", lambda *_, **__: None)
        found = speed._contestants(there, None)  # type: ignore[arg-type]

    assert set(_CHOSEN) <= set(found)


def test_machine_and_day_of_the_prices_are_named() -> None:
    notes = table(REPORT, PRICES, LOOKED_UP).notes

    assert notes == ["speed measured on 2 × X, 2026-11-29", f"prices in US dollars, looked up on {LOOKED_UP}"]
    assert date.fromisoformat(LOOKED_UP)
    assert 2 <= len(PRICES) <= 4


def test_prices_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(REPORT))
    monkeypatch.setattr(sys, "argv", ["cost", str(tmp_path / "r.json"), "--price", "own=0.9"])
    main()
    assert "own: 0.9/h" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["cost", str(tmp_path / "r.json"), "--markdown"])
    main()
    assert "| recupera predict --fast | 1,000 |" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["cost", str(tmp_path / "r.json"), "--price", "cheap"])
    with pytest.raises(SystemExit):
        main()


@pytest.mark.parametrize("language", FOLDERS)
def test_costs_in_the_guide_follow_from_its_speeds_and_these_prices(language: str) -> None:
    page = (FOLDERS[language] / "scaling.md").read_text("utf-8")
    prices = {name.split(".large")[0]: price for name, price in PRICES.items()}
    tables = [found for found in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE) if ".large" in found]

    assert LOOKED_UP in page
    assert len(tables) == 2
    assert all(f"{name}.large" in tables[0] for name in prices)
    assert "--fast" in tables[-1]
    for found in tables:
        head, _, *rows = [line.strip("| ").split(" | ") for line in found.replace(",", ".").splitlines()]
        machines = [column.split(".large")[0] for column in head[3:]]
        assert set(machines) <= set(prices)
        for column, machine in zip(head[3:], machines, strict=True):
            assert str(prices[machine]) in column
        for _, rate, hours, *costs in rows:
            assert float(hours) == pytest.approx(1e6 / float(rate) / 3600, abs=0.051)
            for shown, machine in zip(costs, machines, strict=True):
                cost = float(re.sub(r"[^\d.]", "", shown))
                assert cost == pytest.approx(cost_of_a_million(prices[machine], float(rate)), abs=0.0051)
