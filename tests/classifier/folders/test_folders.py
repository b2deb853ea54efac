"""Folders, here and in object storage: each file once, and exactly one output record an input record."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from classifier.bulk import Wanted
from classifier.errors import InputError, OutputError
from classifier.folders import run_folder
from classifier.folders.files import FolderJob, classify_file
from classifier.folders.places import NOTES, Place, files_of
from classifier.records import Columns
from tests.classifier.mortal import Order, Standing

MESSAGES = [
    "Pedí una cafetera y llegó con la jarra rota.",
    "Comprei há três semanas e o pacote não chegou.",
    "La tienda cerró antes de la hora y nadie avisó.",
    "O atendente desligou na minha cara duas vezes.",
]


def folder(path: Path, *, files: int, rows: int) -> Path:
    """Write files of JSON Lines, some in a folder of their own."""
    for number in range(files):
        file = path / ("first" if number % 2 else "") / f"part-{number}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"id": f"{number}-{i}", "text": MESSAGES[i % len(MESSAGES)]}) for i in range(rows)]
        file.write_text("\n".join(lines))
    return path


class Counting(FolderJob):
    """A job whose model costs nothing, and that counts what it classifies."""

    __slots__ = ()
    calls: ClassVar[list[int]] = []

    def load(self) -> Any:
        calls = self.calls

        class Counted(Standing):
            def predict(self, texts: list[str], **options: Any) -> list[Any]:
                calls.append(len(texts))
                return super().predict(texts, **options)

        return Counted(Order("", ""), Path())


@pytest.fixture
def job(tmp_path: Path) -> FolderJob:
    Counting.calls.clear()
    source = folder(tmp_path / "in", files=3, rows=5)
    return Counting(str(source), str(tmp_path / "out"), Columns(), Wanted())


def run(job: FolderJob) -> tuple[int, int, str]:
    told = io.StringIO()
    tally = run_folder(job, "local", None, Console(file=told, width=300))
    return tally.records, tally.failed, told.getvalue()


def test_each_file_becomes_one_of_the_same_name(job: FolderJob, tmp_path: Path) -> None:
    table = pa.table({"id": ["p", "q"], "text": MESSAGES[:2]})
    pq.write_table(table, tmp_path / "in" / "table.parquet")
    (tmp_path / "in" / "notes.txt").write_text("not a format")
    (tmp_path / "in" / "_hidden.jsonl").write_text("{}")
    assert run(job) == (17, 0, "")
    named = {file.path for file in files_of(Place.of(job.output))}
    assert named == {"part-0.jsonl", "part-2.jsonl", "first/part-1.jsonl", "table.parquet"}
    assert pq.read_table(tmp_path / "out" / "table.parquet").column("id").to_pylist() == ["p", "q"]
    ids = [json.loads(line)["id"] for line in (tmp_path / "out" / "first" / "part-1.jsonl").read_text().splitlines()]
    assert ids == [f"1-{i}" for i in range(5)]


def test_what_is_done_is_not_done_again_unless_the_file_has_changed(job: FolderJob, tmp_path: Path) -> None:
    assert run(job)[0] == 15
    Counting.calls.clear()
    assert run(job) == (15, 0, "3 of 3 files are done already\n")
    assert Counting.calls == []
    (tmp_path / "in" / "part-0.jsonl").write_text(json.dumps({"id": "new", "text": "No llega."}))
    (tmp_path / "out" / "part-2.jsonl").unlink()
    assert run(job) == (11, 0, "1 of 3 files are done already\n")
    assert sorted(Counting.calls) == [1, 5]


def test_a_worker_that_died_leaves_nothing_that_counts(job: FolderJob, tmp_path: Path) -> None:
    file = files_of(Place.of(job.source))[0]
    mortal = Standing(Order("", "", interrupt_after=1), Path())
    with pytest.raises(KeyboardInterrupt):
        classify_file(job, mortal, file)  # type: ignore[arg-type]
    assert files_of(Place.of(job.output)) == []
    assert pieces(tmp_path / "out") == []
    assert run(job)[:2] == (15, 0)


def pieces(output: Path) -> list[Path]:
    """Return what lies where workers write before a file is complete."""
    return list((output / NOTES / "parts").rglob("*"))


def test_what_a_killed_worker_left_goes_with_the_end_of_the_next_run(job: FolderJob, tmp_path: Path) -> None:
    run(job)
    left = tmp_path / "out" / NOTES / "parts" / "0123456789abcdef"
    left.parent.mkdir(exist_ok=True)
    left.write_text('{"id": "0-0", "complaint": true}')

    assert run(job)[0] == 15

    assert pieces(tmp_path / "out") == []
    assert (tmp_path / "out" / NOTES / "done" / "part-0.jsonl.json").is_file()


def test_one_file_is_a_folder_of_one(job: FolderJob, tmp_path: Path) -> None:
    alone = replace(job, source=str(tmp_path / "in" / "first" / "part-1.jsonl"))

    assert run(alone) == (5, 0, "")
    assert [file.path for file in files_of(Place.of(job.output))] == ["part-1.jsonl"]
    assert run(alone)[2] == "1 of 1 files are done already\n"


def test_one_file_of_an_unknown_kind_or_into_a_file_is_said(job: FolderJob, tmp_path: Path) -> None:
    (tmp_path / "in" / "notes.txt").write_text("no format")
    with pytest.raises(InputError, match=r"notes\.txt"):
        run(replace(job, source=str(tmp_path / "in" / "notes.txt")))
    with pytest.raises(OutputError, match=r"would be a folder, for part-0\.jsonl in it"):
        run(replace(job, source=str(tmp_path / "in" / "part-0.jsonl"), output=str(tmp_path / "out.jsonl")))


def test_results_are_not_written_over_the_messages(job: FolderJob, tmp_path: Path) -> None:
    before = (tmp_path / "in" / "part-0.jsonl").read_text()
    for source in (job.source, f"{job.source}/part-0.jsonl"):
        with pytest.raises(OutputError, match="is the folder that is read"):
            run(replace(job, source=source, output=job.source))
    (tmp_path / "link").symlink_to(job.source)
    for output in (tmp_path / "link", tmp_path / "in" / ".." / "in"):
        with pytest.raises(OutputError, match="is the folder that is read"):
            run(replace(job, output=str(output)))
    with pytest.raises(OutputError, match="within the folder that is read"):
        run(replace(job, output=f"{job.source}/classified"))
    with pytest.raises(OutputError, match="is a file"):
        run(replace(job, output=f"{job.source}/part-0.jsonl"))
    assert (tmp_path / "in" / "part-0.jsonl").read_text() == before


def test_two_workers_at_one_file_do_it_once(job: FolderJob) -> None:
    file = files_of(Place.of(job.source))[0]
    classifier = job.load()
    assert classify_file(job, classifier, file) == classify_file(job, classifier, file)
    assert Counting.calls == [5]


def test_a_file_that_can_not_be_read_costs_only_itself(job: FolderJob, tmp_path: Path) -> None:
    (tmp_path / "in" / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "in" / "bad.jsonl").write_text('{"id": "a"}\n{"id": "b", "text": "Llegó roto."}')
    records, failed, told = run(job)
    assert (records, failed) == (17, 2)
    assert "broken.parquet: broken.parquet is not a Parquet file, or is damaged" in told
    assert "bad.jsonl: 1 of 2 records could not be classified" in told
    assert not (tmp_path / "out" / "broken.parquet").exists()
    assert pieces(tmp_path / "out") == []


def test_another_run_does_not_go_on_with_it(job: FolderJob) -> None:
    run(job)
    other = replace(job, precision="f32")
    with pytest.raises(OutputError, match=r"with another precision: .* --restart"):
        run(other)
    Counting.calls.clear()
    assert run(replace(other, anew=True))[0] == 15
    assert Counting.calls == [5, 5, 5]


def test_an_address_that_nothing_opens_and_a_folder_without_files_are_said(tmp_path: Path, job: FolderJob) -> None:
    with pytest.raises(InputError, match="can't open nowhere:// addresses"):
        Place.of("nowhere://a/b")
    with pytest.raises(InputError, match=r"has no \.jsonl"):
        run(replace(job, source=str(tmp_path / "none")))


def test_addresses_of_fsspec_are_opened(job: FolderJob) -> None:
    assert run(replace(job, output="memory://out"))[0] == 15
    assert [file.path for file in files_of(Place.of("memory://out"))] == [
        "first/part-1.jsonl",
        "part-0.jsonl",
        "part-2.jsonl",
    ]
    assert run(replace(job, output="memory://out"))[2] == "3 of 3 files are done already\n"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start an S3 server on this machine and return the address of an empty bucket."""
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "here")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    host, port = server.get_host_and_port()
    options = f"endpoint_override={host}:{port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
    try:
        Place.of(f"s3://inbox?{options}").filesystem.create_dir("inbox")
        yield f"s3://inbox/2026?{options.replace('&allow_bucket_creation=true', '')}"
    finally:
        server.stop()


@pytest.mark.acceptance
@pytest.mark.filterwarnings("ignore")
def test_object_storage_is_read_and_written(job: FolderJob, bucket: str) -> None:
    given, taken = bucket, bucket.replace("2026", "classified")
    assert run(replace(job, output=given))[0] == 15
    assert run(replace(job, source=given, output=taken))[0] == 15
    place = Place.of(taken)
    assert len(files_of(place)) == 3
    with place.filesystem.open_input_file(place / "part-0.jsonl") as file:
        assert len(file.readall().splitlines()) == 5
    parts = place.filesystem.get_file_info(f"{place.root}/{NOTES}/parts")
    assert parts.type.name != "File"
    assert run(replace(job, source=given, output=taken))[2] == "3 of 3 files are done already\n"
