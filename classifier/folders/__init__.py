"""Folders of files, here or in object storage: each file is classified whole, once, by whichever worker takes it.

``places`` finds folders and files; ``files`` classifies one file and notes that it is done; here is the run over all;
``ray_pool`` shares the files out over a Ray cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from classifier.bulk import Tally
from classifier.errors import InputError, OutputError
from classifier.folders.files import Done, FolderJob, check_run, clear, done_before, on_this_machine
from classifier.folders.places import File, Place, files_of, has_format, is_hidden
from classifier.progress import say, shown

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Engine", "FolderJob", "run_folder"]

Engine = Literal["local", "ray"]


def run_folder(job: FolderJob, engine: Engine, workers: int | None, console: Console) -> Tally:
    """Classify each file of a folder that isn't done yet into a file of the same name in the output folder.

    One file is a folder of one. A file that can't be read is told on ``console``, the others go on. Pieces that workers
    left who died go at the end: no two runs into one folder at the same time. Raise ``InputError`` if there is no file,
    and ``OutputError`` if the output was begun by another kind of run, or would be written over the input.
    """
    source, output = Place.read(job.source), Place.of(job.output)
    _check_output(job, source, output)
    files = files_of(source)
    if not files:
        raise InputError(f"{job.source} has no .jsonl, .csv or .parquet file")
    check_run(job, output)
    before = [done for file in files if (done := done_before(output, file)) is not None]
    finished = {done.path for done in before}
    pending = [file for file in files if file.path not in finished]
    if before:
        say(console, f"{len(before):,} of {len(files):,} files are done already")
    tally = Tally(sum(done.records for done in before), sum(done.failed for done in before))
    try:
        _follow(tally, files, before, _pool(engine)(job, pending, workers), console)
    finally:
        clear(output)
    return tally


def _check_output(job: FolderJob, source: Place, output: Place) -> None:
    """Raise ``OutputError`` if the results would lie where no folder of results can."""
    if source.only and has_format(job.output):
        raise OutputError(f"{job.output} would be a folder, for {source.only} in it: name one without that ending")
    if output.is_file:
        raise OutputError(f"{job.output} is a file: name a folder for the results")
    if source.filesystem != output.filesystem:
        return
    if source.real == output.real:
        raise OutputError(f"{job.output} is the folder that is read: name another for the results")
    within = output.real.removeprefix(f"{source.real}/")
    if not source.only and within != output.real and not is_hidden(within):
        raise OutputError(f"{job.output} is within the folder that is read: its results would be read the next time")


def _pool(engine: Engine) -> Callable[[FolderJob, Sequence[File], int | None], Iterator[Done]]:
    if engine == "local":
        return on_this_machine
    from classifier.folders.ray_pool import on_a_cluster

    return on_a_cluster


def _follow(tally: Tally, files: Sequence[File], before: Sequence[Done], run: Iterator[Done], console: Console) -> None:
    """Count what is done, in records and in bytes, and tell what failed."""
    sizes = {file.path: file.size for file in files}
    whole = max(1, sum(sizes.values()))
    read = sum(sizes[done.path] for done in before)
    with shown(console, tally.records) as show:
        for done in run:
            tally.records += done.records
            tally.failed += done.failed
            read += sizes[done.path]
            if done.error:
                tally.failed += 1
                say(console, f"{done.path}: {done.error}")
            elif done.failed:
                say(console, f"{done.path}: {done.failed:,} of {done.records:,} records could not be classified")
            show(tally.records, read / whole)
