"""What was answered with 202 is never lost, also when the process is killed.

How long the answers take is a benchmark's business: ``python -m benchmarks --only webhooks``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import webhooks

pytestmark = pytest.mark.acceptance


def test_of_fifty_a_second_each_is_answered_and_none_is_lost(tiny_model: Path) -> None:
    report = webhooks.measure(rate=50, seconds=4, model=tiny_model)
    assert (report.accepted, report.stored) == (200, 200)
    assert len(report.answered) == 200


def test_what_was_accepted_before_a_kill_is_classified_after_it(tiny_model: Path) -> None:
    report = webhooks.measure(rate=100, seconds=2, model=tiny_model, kill_after=1)
    assert (report.accepted, report.stored, report.lost) == (200, 200, 0)
