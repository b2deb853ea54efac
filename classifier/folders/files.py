"""One file of a folder: classified whole, moved to its name in one step, then noted as done.

A worker that dies leaves at most a piece under ``_recupera/parts``, which counts for nothing, and which goes when the
run ends, or the next one into the same folder. Two workers that take the same file, because one was believed dead,
write the same content. So each input record has exactly one output record.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa
from pyarrow import fs

from classifier.artifact import FILES, find_model
from classifier.bulk import Wanted, classify_records
from classifier.errors import InputError, OutputError
from classifier.folders.places import NOTES, File, Place
from classifier.formats import format_of, open_records
from classifier.formats.output import WRITERS
from classifier.inference import ComplaintClassifier
from classifier.records import BadRecord, Columns

__all__ = ["Done", "FolderJob", "check_run", "classify_file", "clear", "done_before", "on_this_machine"]

_PARTS: Final = f"{NOTES}/parts"


@dataclass(frozen=True, slots=True)
class FolderJob:
    """What is read and written, paths or addresses, and by which model; ``threads`` are those of one worker."""

    source: str
    output: str
    columns: Columns
    wanted: Wanted
    model: str | None = None
    precision: str = "auto"
    threads: int | None = None
    anew: bool = False

    def load(self) -> ComplaintClassifier:
        """Return the model, ready to classify."""
        return ComplaintClassifier.from_pretrained(self.model, precision=self.precision, threads=self.threads)

    def description(self) -> dict[str, Any]:
        """Return what the results depend on, beside the files."""
        sums = (find_model(self.model) / FILES.checksums).read_bytes()
        return {
            "columns": list(self.columns.names),
            "choice of what is wanted": asdict(self.wanted),
            "model": sha256(sums).hexdigest(),
            "precision": self.precision,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a file; ``error`` is empty unless the file as a whole could not be read or written."""

    path: str
    records: int = 0
    failed: int = 0
    error: str = ""


def check_run(job: FolderJob, output: Place) -> None:
    """Note in the output what kind of run it is; raise ``OutputError`` if it was begun by another."""
    described = job.description()
    before = None if job.anew else _read(output, f"{NOTES}/run.json")
    if before is None:
        if job.anew and output.filesystem.get_file_info(output / NOTES).type == fs.FileType.Directory:
            output.filesystem.delete_dir(output / NOTES)
        _write(output, f"{NOTES}/run.json", described)
        return
    different = [name for name, value in described.items() if before.get(name) != value]
    if different:
        raise OutputError(
            f"{job.output} was begun by a run with another {', '.join(different)}: run it as before to go on, "
            "or give --restart to begin anew"
        )


def done_before(output: Place, file: File) -> Done | None:
    """Return what became of a file that is done, as it is now; ``None`` if it isn't."""
    note = _read(output, _note(file))
    if note is None or note["input"] != asdict(file):
        return None
    if output.filesystem.get_file_info(output / file.path).type != fs.FileType.File:
        return None
    return Done(file.path, note["records"], note["failed"])


def classify_file(job: FolderJob, classifier: ComplaintClassifier, file: File) -> Done:
    """Classify one file, unless it is done; what fails of it as a whole is in the answer."""
    source, output = Place.read(job.source), Place.of(job.output)
    before = done_before(output, file)
    if before is not None:
        return before
    part = f"{_PARTS}/{secrets.token_hex(8)}"
    try:
        with _dropped_on_failure(output, part):
            content = source.filesystem.open_input_file(source / file.path)
            done = _write_part(job, classifier, file, content, (output, part))
            _settle(output, part, file.path)
        _write(output, _note(file), {"input": asdict(file), "records": done.records, "failed": done.failed})
    except (InputError, OSError, pa.ArrowException) as error:
        return Done(file.path, error=str(error))
    return done


def clear(output: Place) -> None:
    """Remove the pieces that workers left who died: they hold results, and nobody goes on with them."""
    if output.filesystem.get_file_info(output / _PARTS).type == fs.FileType.Directory:
        output.filesystem.delete_dir(output / _PARTS)


def on_this_machine(job: FolderJob, files: Sequence[File], _workers: int | None) -> Iterator[Done]:
    """Classify one file after the other."""
    if files:
        classifier = job.load()
        for file in files:
            yield classify_file(job, classifier, file)


def _write_part(
    job: FolderJob, classifier: ComplaintClassifier, file: File, content: BinaryIO, to: tuple[Place, str]
) -> Done:
    """Write the results under the name of a part."""
    file_format, (output, part) = format_of(Path(file.path)), to
    _create_parent(output, part)
    records = failed = 0
    with (
        content,
        open_records(content, file_format, job.columns, name=file.path) as reading,
        output.filesystem.open_output_stream(output / part, compression=None) as raw,
    ):
        packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if file.path.lower().endswith(".gz") else None
        writer = WRITERS[file_format](cast("BinaryIO", packed or raw))
        for result in classify_records(classifier, reading.records, job.wanted):
            writer.write(result)
            records += 1
            failed += isinstance(result, BadRecord)
        writer.close()
        if packed is not None:
            packed.close()
    return Done(file.path, records, failed)


@contextmanager
def _dropped_on_failure(output: Place, part: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if output.filesystem.get_file_info(output / part).type == fs.FileType.File:
            output.filesystem.delete_file(output / part)
        raise


def _settle(output: Place, part: str, path: str) -> None:
    """Move a part to its name; here, once it is on the disk."""
    if isinstance(output.filesystem, fs.LocalFileSystem):
        with Path(output / part).open("rb") as file:
            os.fsync(file.fileno())
    _create_parent(output, path)
    output.filesystem.move(output / part, output / path)


def _note(file: File) -> str:
    return f"{NOTES}/done/{file.path}.json"


def _read(place: Place, path: str) -> dict[str, Any] | None:
    """Return a note; ``None`` if there is none, or half of one."""
    try:
        with place.filesystem.open_input_file(place / path) as file:
            content: dict[str, Any] = json.load(BytesIO(file.readall()))
    except (FileNotFoundError, ValueError):
        return None
    return content


def _write(place: Place, path: str, content: object) -> None:
    _create_parent(place, path)
    with place.filesystem.open_output_stream(place / path, compression=None) as file:
        file.write(json.dumps(content).encode())


def _create_parent(place: Place, path: str) -> None:
    place.filesystem.create_dir((place / path).rpartition("/")[0], recursive=True)
