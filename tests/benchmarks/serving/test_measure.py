"""Servers are compared turn by turn, with ours and with our classifier alone."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from benchmarks.report import Figure
from benchmarks.sections import SECTIONS
from benchmarks.serving import measure as measuring
from benchmarks.serving.measure import Found, Turn, rows

OURS = [Turn([5.0] * 99 + [10.0], [20.0, 40.0], 100.0), Turn([6.0] * 99 + [12.0], [30.0, 50.0], 50.0)]
PEER = [Turn([9.0] * 100, [90.0, 120.0], 20.0), Turn([9.0] * 100, [90.0, 100.0], 25.0)]
STARTS = {"ours": [2.0, 3.0, 2.5, 2.2, 2.4], "peer": [9.0]}


def found() -> list[measuring.Row]:
    return rows({"ours": OURS, "peer": PEER}, [125.0, 100.0], STARTS, {"ours": 600.0, "peer": 900.0})


def test_ratios_are_within_a_turn() -> None:
    ours, peer = found()

    assert ours.of_offline == Figure(0.65, 0.5, 0.8)
    assert (ours.ours_per_second, ours.ours_p99, ours.ours_busy_p99) == (None, None, None)
    assert peer.ours_per_second == Figure(3.5, 2.0, 5.0)
    assert peer.ours_p99 == Figure.of([9 / 5, 9 / 6])
    assert peer.ours_busy_p99 == Figure(2.5, 2.0, 3.0)


def test_the_start_of_ours_is_a_median() -> None:
    ours, peer = found()

    assert ours.ready_seconds == Figure(2.4, 2.0, 3.0)
    assert peer.ready_seconds == Figure(9.0, 9.0, 9.0)


def test_what_is_left_out_stands_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "LitServe is left out: the service did not start"
    monkeypatch.setattr(measuring, "measure", lambda _: Found(found(), Figure(110.0, 100.0, 125.0), [missing]))
    options: Any = argparse.Namespace(peers_python=None)

    servers, beside = SECTIONS["serving"](options)

    assert missing in servers.notes
    for table in (servers, beside):
        assert len(set(table.columns)) == len(table.columns), "JSON is by the names of the columns"
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert beside.content()["rows"][1]["ours: times its texts/s"] == {"value": 3.5, "low": 2.0, "high": 5.0}
