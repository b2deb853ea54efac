"""Bulk classification in processes that die on command: ``python -m tests.classifier.mortal``.

Reads an order a line, forks, lets the child do it and answers with what became of it. One interpreter starts for all of
them; the classifier is a stand-in that costs nothing.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from rich.console import Console

from classifier import bulk
from classifier.errors import RecuperaError
from classifier.formats import format_of
from classifier.records import Columns
from tests.classifier.test_card import classification

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Order:
    """A file to classify; at which change of the disk to die, how many bytes fit, after how many texts Ctrl-C comes."""

    source: str
    output: str
    die_at: int = 0
    disk: int = 0
    interrupt_after: int = 0


class End(NamedTuple):
    """How a process ended: what ``waitpid`` says, and what it said."""

    status: int
    records: int
    failed: int
    classified: int
    changes: int
    said: str


class Standing:
    """Stands in for a classifier: the answer depends on the length of the text."""

    def __init__(self, order: Order, model: Path) -> None:
        self.result = replace(classification(), facts=(), evidence=())
        self.model, self.engine = self.result.model, SimpleNamespace(precision=SimpleNamespace(value="f32"))
        self.artifact = SimpleNamespace(path=model)
        self.order, self.texts = order, 0

    def predict(self, texts: list[str], *, ids: list[str], **_: Any) -> list[Any]:
        self.texts += len(texts)
        if 0 < self.order.interrupt_after < self.texts:
            raise KeyboardInterrupt
        return [
            replace(self.result, id=name, language_probability=len(text) / 1000)
            for name, text in zip(ids, texts, strict=True)
        ]


class Disk:
    """Counts changes of the disk, each before and after it is made, and ends the process at one of them."""

    def __init__(self, die_at: int) -> None:
        self.changes, self.die_at = 0, die_at
        os.fsync = self.deadly(os.fsync)
        Path.replace = self.deadly(Path.replace)  # type: ignore[method-assign]
        Path.unlink = self.deadly(Path.unlink)  # type: ignore[method-assign]

    def deadly(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            self.step()
            result = function(*arguments, **options)
            self.step()
            return result

        return called

    def step(self) -> None:
        self.changes += 1
        if self.changes == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def obey(order: Order, model: Path) -> int:
    """Do the work and print what was done; return the exit status."""
    bulk.CHUNK_RECORDS, bulk.BLOCK_RECORDS = 8, 16  # type: ignore[misc]
    standing, disk = Standing(order, model), Disk(order.die_at)
    if order.disk:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.disk, order.disk))
    source, output = Path(order.source), Path(order.output)
    job = bulk.Job(source, format_of(source), Columns(), output, format_of(output), bulk.Wanted())
    try:
        tally = bulk.run(job, lambda: standing, Console(stderr=True, width=500))  # type: ignore[arg-type, return-value]
    except RecuperaError as error:
        sys.stderr.write(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps([tally.records, tally.failed, standing.texts, disk.changes]))
    return 0


def main() -> None:
    """Fork for each order."""
    model = Path(sys.argv[1])
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
            child = os.fork()
            if child == 0:
                os.dup2(out.fileno(), 1)
                os.dup2(told.fileno(), 2)
                status = 99
                try:
                    status = obey(Order(**json.loads(line)), model)
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(status)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out.seek(0)
            told.seek(0)
            counts = json.loads(out.read() or b"[0, 0, 0, 0]")
            print(json.dumps([status, *counts, told.read().decode()]), flush=True)  # noqa: T201


@contextmanager
def processes(model: Path) -> Iterator[Callable[[Order], End]]:
    """Start the process that forks; yield what gives it orders."""
    command = [sys.executable, "-m", "tests.classifier.mortal", str(model)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout

        def give(order: Order) -> End:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(asdict(order)) + "\n")
            process.stdin.flush()
            return End(*json.loads(process.stdout.readline()))

        yield give
        process.stdin.close()


if __name__ == "__main__":
    main()
