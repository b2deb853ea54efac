"""An output file that survives the end of its process at any moment, and the journal that says how far it is.

Beside ``o.jsonl`` lie, while it is being made, ``.o.jsonl.part`` with the blocks and ``.o.jsonl.journal``: a first line
that describes the run, then a line a block. A block counts once its bytes, and then its line, are on the disk; what
stands after the last one that counts is cut off. ``o.jsonl`` itself is complete or not there.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Any, Final

from classifier.errors import OutputError
from classifier.formats import Format
from classifier.formats.blocks import encode, join_tables
from classifier.records import BadRecord
from classifier.types import Classification

if sys.platform != "win32":
    import fcntl

__all__ = ["Work", "identity", "open_work"]

_LAYOUT: Final = 1
_SAMPLE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Results that are on the disk: how many, how many of them failed, and where their bytes end."""

    rows: int
    failed: int
    end: int


def identity(path: Path) -> dict[str, int | str]:
    """Tell a file from its later self: size, time of the last change, SHA-256 of its first and last mebibyte."""
    found = path.stat()
    with path.open("rb") as file:
        digest = sha256(file.read(_SAMPLE))
        file.seek(max(0, found.st_size - _SAMPLE))
        digest.update(file.read(_SAMPLE))
    return {"size": found.st_size, "changed": found.st_mtime_ns, "sha256": digest.hexdigest()}


@contextmanager
def open_work(output: Path, file_format: Format, run: Mapping[str, Any], *, anew: bool = False) -> Iterator[Work]:
    """Begin ``output``, or go on with what an earlier ``run`` of the same description left; ``anew`` drops that.

    Raise ``OutputError`` if it was another run, or if another process is at it.
    """
    target = output.resolve()
    with _locked(target.with_name(f".{target.name}.journal"), output) as journal:
        lines = [] if anew else _lines(journal)
        if lines:
            _check_same(lines[0].content, _described(run), output)
        work = Work(target, file_format, journal, packed=output.suffix.lower() == ".gz")
        try:
            work.begin(lines, run)
            yield work
        finally:
            work.close()


class Work:
    """The output while it is being made. ``blocks`` are those on the disk, from this run and earlier ones."""

    def __init__(self, target: Path, file_format: Format, journal: FileIO, *, packed: bool) -> None:
        self.complete = False
        self.blocks: list[Block] = []
        self._target, self._format, self._packed = target, file_format, packed
        self._path = target.with_name(f".{target.name}.part")
        self._journal = journal
        self._part: FileIO | None = None

    @property
    def rows(self) -> int:
        """Records that are done."""
        return sum(block.rows for block in self.blocks)

    @property
    def failed(self) -> int:
        """Records that are done and could not be classified."""
        return sum(block.failed for block in self.blocks)

    def begin(self, lines: Sequence[_Line], run: Mapping[str, Any]) -> None:
        """Take up the blocks of the journal whose bytes are there, and cut off everything after them."""
        found = [(Block(**line.content), line.end) for line in lines if "rows" in line.content]
        self.complete = any("complete" in line.content for line in lines)
        if self.complete:
            self.blocks = [block for block, _ in found]
            return
        if found and not self._path.exists():
            raise OutputError(f"{self._path} is gone, which an interrupted run left: give --restart to begin anew")
        with self._explained():
            self._part = FileIO(self._path, "r+" if found else "w+")
            size = os.fstat(self._part.fileno()).st_size
            kept = [(block, end) for block, end in found if block.end <= size]
            self.blocks = [block for block, _ in kept]
            self._journal.truncate(kept[-1][1] if kept else 0)
            if not kept:
                self._note(_described(run))
            self._part.truncate(self._end)
            self._part.seek(self._end)

    def add(self, results: Sequence[Classification | BadRecord]) -> None:
        """Write one block: its bytes first, then its line."""
        assert self._part is not None, "a complete output takes no more"  # noqa: S101 - of this file, not of a user
        content = encode(results, self._format, first=not self.blocks, packed=self._packed)
        failed = sum(isinstance(result, BadRecord) for result in results)
        block = Block(len(results), failed, self._end + len(content))
        with self._explained():
            _write(self._part, content)
            self._note(asdict(block))
        self.blocks.append(block)

    def finish(self) -> None:
        """Let the output take its name, in one move, and forget the rest."""
        joined = self._path.with_suffix(".joined")
        finished = joined if self._format is Format.PARQUET else self._path
        if not self.complete:
            with self._explained():
                if self._format is Format.PARQUET:
                    with joined.open("wb") as file:
                        join_tables(self._path, [block.end for block in self.blocks], file)
                        file.flush()
                        os.fsync(file.fileno())
                if self._target.exists():
                    finished.chmod(stat.S_IMODE(self._target.stat().st_mode))
                self._note({"complete": True})
            self.complete = True
        if finished.exists():
            finished.replace(self._target)
            _sync_folder(self._target.parent)
        self._remove()

    def close(self) -> None:
        """Leave what a later run goes on from; nothing, if nothing is done."""
        if self._part is not None:
            self._part.close()
        if not self.blocks:
            self._remove()

    def _remove(self) -> None:
        self._path.unlink(missing_ok=True)
        Path(str(self._journal.name)).unlink(missing_ok=True)

    @property
    def _end(self) -> int:
        return self.blocks[-1].end if self.blocks else 0

    def _note(self, line: Mapping[str, Any]) -> None:
        _write(self._journal, json.dumps(line).encode() + b"\n")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say of a disk that is full, or gone, what is kept."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"can't write to {self._target.parent}: {error.strerror}; {self.rows:,} records are kept: "
                "make room and run the same command again, it goes on from there"
            ) from None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the journal, and where it ends."""

    content: dict[str, Any]
    end: int


@contextmanager
def _locked(path: Path, output: Path) -> Iterator[FileIO]:
    """Open the journal for this process alone."""
    try:
        file = FileIO(path, "a+")
    except OSError as error:
        raise OutputError(f"can't write to {path.parent}: {error.strerror}") from None
    with file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise OutputError(f"another process is writing {output}: wait for it, or name another file") from None
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise OutputError(f"another process has just finished {output}")
        yield file


def _lines(journal: FileIO) -> list[_Line]:
    """Read the journal, as far as its lines are whole."""
    journal.seek(0)
    found: list[_Line] = []
    end = 0
    for line in journal.readall().splitlines(keepends=True):
        end += len(line)
        try:
            content = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            content = None
        if not isinstance(content, dict):
            break
        found.append(_Line(content, end))
    return found


def _described(run: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(json.dumps({"layout": _LAYOUT, **run}))
    return described


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], output: Path) -> None:
    """Raise ``OutputError`` that names what differs from the run that was interrupted."""
    different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if different:
        raise OutputError(
            f"{output} was begun by a run with another {', '.join(different)}: run it as before to go on, "
            "or give --restart to begin anew"
        )


def _write(file: FileIO, content: bytes) -> None:
    """Write all of ``content``, and wait until it is on the disk."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Make a change of names durable, where folders can be opened."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
