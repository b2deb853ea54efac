"""The large file of the benchmark is one that would show a reader who holds whole groups."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import files


def test_all_rows_are_in_one_group_and_each_text_is_another(tmp_path: Path) -> None:
    files._write(tmp_path / "messages.parquet", 3000)

    table = pq.ParquetFile(tmp_path / "messages.parquet")
    assert table.metadata.num_row_groups == 1
    assert len(set(table.read(columns=["text"]).column("text").to_pylist())) == 3000


@pytest.mark.parametrize("same", [True, False])
def test_a_run_whose_results_differ_after_a_kill_fails(
    *, same: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "measure", lambda rows: ([files.Row(rows, 90.0, 20_000.0)], same))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "files", "--results", str(tmp_path)])
    monkeypatch.setattr(benchmarks.signal, "signal", lambda *_: None)

    if same:
        benchmarks.main()
    else:
        with pytest.raises(SystemExit, match="OTHER BYTES"):
            benchmarks.main()

    (kept,) = tmp_path.glob("*.md")
    assert ("the same bytes" if same else "FAULT: killed in the middle and run again: OTHER BYTES") in kept.read_text()
