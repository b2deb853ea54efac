"""Files shared out over a Ray cluster by Ray Data: a pool of actors, each with one model."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from classifier.errors import MissingExtraError
from classifier.folders.files import Done, FolderJob, classify_file
from classifier.folders.places import File
from classifier.spacy_import import spare_torch

try:
    import ray
    import ray.data
except ModuleNotFoundError:
    raise MissingExtraError("--engine ray", "ray") from None

__all__ = ["on_a_cluster"]

_ALWAYS: Final = -1


class Worker:
    """An actor: loads the model once, then classifies the files that it is given, one at a time."""

    def __init__(self, job: FolderJob) -> None:
        spare_torch()
        self._job = job
        self._classifier = job.load()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Take files as columns; return what became of them as columns."""
        rows = zip(batch["path"], batch["size"], batch["changed"], strict=True)
        files = [File(str(path), int(size), int(changed) or None) for path, size, changed in rows]
        found = [asdict(classify_file(self._job, self._classifier, file)) for file in files]
        return {name: [each[name] for each in found] for name in Done.__slots__}


def on_a_cluster(job: FolderJob, files: Sequence[File], workers: int | None) -> Iterator[Done]:
    """Classify on the cluster that ``RAY_ADDRESS`` names, else on this machine's processors.

    A worker that is lost is started again, elsewhere if need be, and its file too. ``workers`` defaults to as many as
    the processors hold, ``threads`` of each.
    """
    if not files:
        return
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level=logging.WARNING)
    _quiet()
    threads = job.threads or 1
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call, unused-ignore]
    most = workers or max(1, int(resources.get("CPU", 1)) // threads)
    rows = [{"path": file.path, "size": file.size, "changed": file.changed or 0} for file in files]
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Worker,
        fn_constructor_args=(job,),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(most, len(rows))),
        num_cpus=threads,
        max_restarts=_ALWAYS,
        max_task_retries=_ALWAYS,
    )
    for row in done.iter_rows():
        yield Done(str(row["path"]), int(row["records"]), int(row["failed"]), str(row["error"]))


def _quiet() -> None:
    """Leave the progress to the command."""
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
