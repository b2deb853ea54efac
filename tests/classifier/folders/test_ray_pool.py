"""A Ray cluster of two raylets, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from classifier.bulk import Wanted
from classifier.errors import MissingExtraError
from classifier.folders import run_folder
from classifier.folders.files import FolderJob, done_before
from classifier.folders.places import Place, files_of
from classifier.records import Columns
from tests.classifier.folders.test_folders import folder

FILES, ROWS = 8, 12
ROOT = Path(__file__).parents[3]


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.mark.cluster
@pytest.mark.acceptance
@pytest.mark.skipif(find_spec("ray") is None, reason="needs recupera[ray]")
def test_a_raylet_that_is_killed_costs_no_record_and_doubles_none(tmp_path: Path) -> None:
    source, output = folder(tmp_path / "in", files=FILES, rows=ROWS), tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.classifier.folders.cluster", source, output, "2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    files = files_of(Place.of(str(source)))
    assert sorted(each["path"] for each in found) == [file.path for file in files]
    assert all((each["records"], each["failed"], each["error"]) == (ROWS, 0, "") for each in found)
    for path in source.rglob("*.jsonl"):
        assert ids(output / path.relative_to(source)) == ids(path)
    assert len(list(output.rglob("*.jsonl"))) == FILES
    assert all(done_before(Place.of(str(output)), file) for file in files)


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "classifier.folders.ray_pool", raising=False)
    job = FolderJob(str(folder(tmp_path / "in", files=1, rows=1)), str(tmp_path / "out"), Columns(), Wanted())
    with pytest.raises(MissingExtraError, match=r"recupera\[ray\]"):
        run_folder(job, "ray", None, None)  # type: ignore[arg-type]
