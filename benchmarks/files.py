"""A Parquet file of a million messages through ``recupera classify`` with a model that costs nothing: memory and pace.

What is measured is everything but the network: reading, checking, writing, the journal. All rows of the file are in one
group, as pyarrow writes up to a million, and each text is another. In the middle the process is killed and started
again, and the output is compared with one made without that.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.texts import CORPORA, ROOT
from classifier.artifact import Artifact, find_model
from classifier.bulk import Job, Wanted, run
from classifier.formats import Format
from classifier.inference import ComplaintClassifier
from classifier.records import Columns
from classifier.types import Classification


@dataclass(frozen=True, slots=True)
class Row:
    """Resident memory in MB when so many rows were done, and rows a second until then."""

    rows: int
    megabytes: float
    per_second: float


class Cheap:
    """Classifies each text like the first one."""

    def __init__(self, rows: int, die_after: int = 0) -> None:
        self.artifact = Artifact.load(find_model())
        self.model = self.artifact.info
        self.engine = type("Engine", (), {"precision": Format.JSONL})  # any enum: it is part of the run's description
        self._answer = ComplaintClassifier.from_pretrained(threads=1).predict(_texts()[0], facts=True)[0].to_dict()
        self._marks = [rows // 10, rows // 2, rows]
        self._die_after, self._done, self._started = die_after, 0, time.perf_counter()

    def predict(self, texts: Sequence[str], *, ids: Sequence[str], **_: Any) -> list[Classification]:
        """Answer at once; print memory and pace at the marks."""
        self._done += len(texts)
        if self._marks and self._done >= self._marks[0]:
            self._marks.pop(0)
            used = psutil.Process().memory_info().rss / 1e6
            print(self._done, used, self._done / (time.perf_counter() - self._started), flush=True)
        if self._die_after and self._done >= self._die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return [Classification.from_dict({**self._answer, "id": name}) for name in ids]


def measure(rows: int) -> tuple[list[Row], bool]:
    """Return memory and pace at a tenth, half and all of ``rows``, and whether a run that was killed gave the same."""
    with tempfile.TemporaryDirectory(prefix="recupera-files-") as folder:
        source, whole, killed = (Path(folder) / f"{name}.parquet" for name in ("messages", "whole", "killed"))
        _write(source, rows)
        lines = _child(source, whole, rows, 0).splitlines()
        _child(source, killed, rows, rows // 2)
        _child(source, killed, rows, 0)
        same = _digest(whole) == _digest(killed)
    return [Row(int(n), float(used), float(pace)) for n, used, pace in map(str.split, lines)], same


def _child(source: Path, output: Path, rows: int, die_after: int) -> str:
    command = [sys.executable, "-m", "benchmarks.files", source, output, str(rows), str(die_after)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != (-signal.SIGKILL if die_after else 0):
        raise SystemExit(f"ended with {done.returncode}")
    return done.stdout


def _write(path: Path, rows: int) -> None:
    """Write messages of this project in one group, over and over, each with a number of its own."""
    texts = _texts()
    numbers = range(rows)
    columns = {"id": list(map(str, numbers)), "text": [f"{texts[n % len(texts)]} ({n})" for n in numbers]}
    pq.write_table(pa.table(columns), path, row_group_size=rows)


def _texts() -> list[str]:
    lines = (CORPORA / "es-la.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


if __name__ == "__main__":
    given, taken, count, deadly = sys.argv[1:]
    job = Job(Path(given), Format.PARQUET, Columns(), Path(taken), Format.PARQUET, Wanted(evidence=False))
    run(job, lambda: Cheap(int(count), int(deadly)), Console(stderr=True))  # type: ignore[arg-type, return-value]
