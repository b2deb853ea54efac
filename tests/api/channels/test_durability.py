"""What was answered with 202 is never lost, also when the process is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import webhooks

pytestmark = pytest.mark.acceptance


def test_fifty_a_second_are_answered_at_once_and_none_is_lost(tiny_model: Path) -> None:
    report = webhooks.measure(rate=50, seconds=4, model=tiny_model)
    assert (report.accepted, report.stored) == (200, 200)
    assert sorted(report.answered)[int(len(report.answered) * 0.95)] < 1.0


def test_what_was_accepted_before_a_kill_is_classified_after_it(tiny_model: Path) -> None:
    report = webhooks.measure(rate=100, seconds=2, model=tiny_model, kill_after=1)
    assert (report.accepted, report.stored, report.lost) == (200, 200, 0)
