"""A file that is killed at any moment goes on where it was, and ends as if nothing had been."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.errors import OutputError
from classifier.formats import Format
from classifier.records import BadRecord
from classifier.resumable import identity, open_work
from tests.classifier.mortal import End, Order, processes

ROWS = 400

Give = Callable[[Order], End]


@pytest.fixture(scope="module")
def give(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Give]:
    folder = tmp_path_factory.mktemp("model")
    (folder / "SHA256SUMS").write_text("none")
    with processes(folder) as found:
        yield found


def run(give: Give, path: Path, output: Path, **options: int) -> End:
    return give(Order(str(path), str(output), **options))


def source(folder: Path, ending: str) -> Path:
    """Write records of many lengths, a bad one among them."""
    rows = [{"id": str(i), "text": "No llega. " * (i % 7)} for i in range(ROWS)]
    path = folder / f"m.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    else:
        lines = [json.dumps(row) for row in rows]
        lines[37] = '{"id": "37"'
        path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(("given", "taken"), [("jsonl", "jsonl"), ("parquet", "parquet"), ("jsonl", "csv.gz")])
def test_killed_five_times_it_ends_as_if_never(tmp_path: Path, give: Give, given: str, taken: str) -> None:
    path = source(tmp_path, given)
    whole, often = tmp_path / f"whole.{taken}", tmp_path / f"often.{taken}"
    done = run(give, path, whole)
    assert (done.status, done.records, done.failed) == (0, ROWS, 0 if given == "parquet" else 1), done.said
    chance = random.Random(f"{given} {taken}")
    for die_at in [*(chance.randint(4, done.changes // 6) for _ in range(4)), 3]:
        assert run(give, path, often, die_at=die_at).status == -signal.SIGKILL
        assert not often.exists()
    last = run(give, path, often)
    assert (last.records, last.failed) == (done.records, done.failed)
    assert "going on after" in last.said
    assert last.classified < done.classified, "what is done is not done again"
    assert often.read_bytes() == whole.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, whole.name, often.name])


@pytest.mark.parametrize("taken", ["jsonl", "parquet"])
def test_killed_at_any_of_its_last_steps_it_ends_complete(tmp_path: Path, give: Give, taken: str) -> None:
    path = source(tmp_path, "jsonl")
    whole = tmp_path / f"whole.{taken}"
    changes = run(give, path, whole).changes
    for back in range(0, 12, 2):
        often = tmp_path / f"often{back}.{taken}"
        assert run(give, path, often, die_at=changes - back).status == -signal.SIGKILL
        finished = often.exists() and not list(tmp_path.glob(".*"))
        if not finished:
            again = run(give, path, often)
            assert (again.status, again.records, again.failed) == (0, ROWS, 1), again.said
            assert again.classified == 0
        assert often.read_bytes() == whole.read_bytes()
        assert not list(tmp_path.glob(".*"))


def test_a_full_disk_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, give: Give) -> None:
    path, output = source(tmp_path, "jsonl"), tmp_path / "o.jsonl"
    full = run(give, path, output, disk=100_000)
    assert full.status == 2
    kept = int(full.said.partition(" records are kept: make room and run the same command again")[0].split()[-1])
    assert 0 < kept < ROWS
    done = run(give, path, output)
    assert (done.records, done.failed, done.classified) == (ROWS, 1, ROWS - kept - (kept <= 37))
    assert json.loads(output.read_text().splitlines()[-1])["id"] == str(ROWS - 1)


def test_interrupted_it_says_what_is_kept(tmp_path: Path, give: Give) -> None:
    path, output = source(tmp_path, "jsonl"), tmp_path / "o.jsonl"
    stopped = run(give, path, output, interrupt_after=200)
    assert stopped.status == 130
    assert stopped.said.splitlines()[-1] == "stopped: 192 records are kept, run the same command again to go on"
    assert run(give, path, output).records == ROWS
    early = run(give, path, tmp_path / "early.jsonl", interrupt_after=4)
    assert "stopped" not in early.said
    assert not list(tmp_path.glob(".early*"))


RESULTS = [BadRecord(1, "a", "x"), BadRecord(2, "b", "y")]


def begun(output: Path, run: dict[str, object]) -> None:
    with open_work(output, Format.JSONL, run) as work:
        work.add(RESULTS)


def test_another_run_does_not_go_on_with_it(tmp_path: Path) -> None:
    output = tmp_path / "o.jsonl"
    begun(output, {"input": 1, "model": "a"})
    with pytest.raises(OutputError, match=r"begun by a run with another model: .* --restart"):
        begun(output, {"input": 1, "model": "b"})
    with open_work(output, Format.JSONL, {"input": 1, "model": "b"}, anew=True) as work:
        assert work.rows == 0
        work.add(RESULTS[:1])
        work.finish()
    assert len(output.read_text().splitlines()) == 1


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    output = tmp_path / "o.jsonl"
    with open_work(output, Format.JSONL, {}) as work:
        work.add(RESULTS)
        with pytest.raises(OutputError, match="another process is writing"), open_work(output, Format.JSONL, {}):
            pass
    assert not output.exists()


def test_a_torn_tail_is_cut_off(tmp_path: Path) -> None:
    output = tmp_path / "o.jsonl"
    begun(output, {})
    for name, rest in ((".o.jsonl.part", b'{"id": "c", "er'), (".o.jsonl.journal", b'{"rows": 2, "fai')):
        with (tmp_path / name).open("ab") as file:
            file.write(rest)
    with open_work(output, Format.JSONL, {}) as work:
        assert (work.rows, work.failed) == (2, 2)
        work.add(RESULTS)
        work.finish()
    assert [json.loads(line)["id"] for line in output.read_text().splitlines()] == ["a", "b", "a", "b"]


def test_a_journal_without_its_file_is_said(tmp_path: Path) -> None:
    begun(tmp_path / "o.jsonl", {})
    (tmp_path / ".o.jsonl.part").unlink()
    with pytest.raises(OutputError, match=r"is gone, .* --restart"):
        begun(tmp_path / "o.jsonl", {})


def test_a_file_that_was_changed_is_another(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"a" * 3_000_000)
    before = identity(path)
    assert identity(path) == before
    path.write_bytes(b"a" * 2_999_999 + b"b")
    assert identity(path)["sha256"] != before["sha256"]
