"""Several services and workers on one database, one of each killed; ``cluster`` is the same at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cluster.trial import Options, failures, run
from tests.acceptance.crashes.judging import judged
from tests.acceptance.postgres import Server

pytestmark = pytest.mark.acceptance


def test_nothing_is_lost_whichever_of_them_is_killed(tmp_path: Path) -> None:
    try:
        server = Server()
    except Exception as error:
        pytest.skip(f"embedded PostgreSQL can't start here: {error}")
    try:
        outcome = run(Options(messages=48, services=2, workers=2), server, tmp_path / "run")
        report = judged(outcome.evidence)
    finally:
        server.cleanup()
    assert failures(outcome, report) == [], report.table()
    assert set(report.deaths) == {"api-0", "worker-0", "postgres"}
    assert report.counted["messages stored"] == 48
    assert set(outcome.figures()) == {"messages a second", "latency p50, p95, p99, most"}
