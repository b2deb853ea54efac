"""A Ray cluster of two raylets, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classifier.bulk import Wanted
from classifier.folders.files import Done, FolderJob, done_before
from classifier.folders.places import Place, files_of
from classifier.records import Columns
from tests.classifier.folders.test_folders import folder

ray = pytest.importorskip("ray", reason="needs recupera[ray]")
ray_cluster = pytest.importorskip("ray.cluster_utils")

FILES, ROWS = 8, 12
MEMORY = 80 * 1024 * 1024
ROOT = Path(__file__).parents[3]

pytestmark = [pytest.mark.cluster, pytest.mark.acceptance, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start a head, more than once if the machine is too busy for Ray's own patience."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    found = ray_cluster.Cluster()
    patiently(lambda: found.add_node(num_cpus=1, object_store_memory=MEMORY, include_dashboard=False))
    ray.init(address=found.address, log_to_driver=False)
    yield found
    ray.shutdown()
    found.shutdown()


def patiently(start: Callable[[], Any], tries: int = 3) -> Any:
    for left in reversed(range(tries)):
        try:
            return start()
        except Exception as error:  # Ray raises nothing narrower
            if left == 0 or "timed out during startup" not in str(error):
                raise
    return None


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_raylet_that_is_killed_costs_no_record_and_doubles_none(tmp_path: Path, cluster: Any) -> None:
    from classifier.folders.ray_pool import on_a_cluster

    second = patiently(lambda: cluster.add_node(num_cpus=1, object_store_memory=MEMORY))
    source = folder(tmp_path / "in", files=FILES, rows=ROWS)
    job = FolderJob(str(source), str(tmp_path / "out"), Columns(), Wanted(evidence=False, facts=False), threads=1)
    found: list[Done] = []
    for done in on_a_cluster(job, files_of(Place.of(job.source)), workers=2):
        found.append(done)
        if len(found) == 2:
            cluster.remove_node(second, allow_graceful=False)
    assert sorted(done.path for done in found) == [file.path for file in files_of(Place.of(job.source))]
    assert [done.error for done in found] == [""] * FILES
    assert sum(done.records for done in found) == FILES * ROWS
    for path in source.rglob("*.jsonl"):
        given = [json.loads(line)["id"] for line in path.read_text().splitlines()]
        taken = [
            json.loads(line)["id"] for line in (tmp_path / "out" / path.relative_to(source)).read_text().splitlines()
        ]
        assert taken == given
    written = Counter(str(path) for path in (tmp_path / "out").rglob("*.jsonl"))
    assert len(written) == FILES
    output = Place.of(job.output)
    assert all(done_before(job, output, file) for file in files_of(Place.of(job.source)))
