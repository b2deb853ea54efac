"""Many callers, one model: texts that arrive together are classified together.

A single worker thread owns the model. Callers put their texts in a bounded queue and wait; the worker takes what is
there, up to a batch, and answers each. A full queue is an error at once, never a slow answer later.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from classifier.inference import ComplaintClassifier
from classifier.types import Classification


class QueueFullError(Exception):
    """The model has more to do than it can finish soon; come back in ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the queue of texts is full")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Request:
    """One call: its messages, and whether evidence is wanted."""

    texts: Sequence[str]
    ids: Sequence[str]
    languages: Sequence[str | None]
    evidence: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """A request and where its answer goes."""

    request: Request
    answer: Future[list[Classification]] = field(default_factory=Future)


class Batcher:
    """Collects requests into batches for one worker thread."""

    def __init__(self, classifier: ComplaintClassifier, *, size: int, wait_seconds: float, capacity: int) -> None:
        """``size`` is in texts a batch, ``capacity`` in texts that may wait."""
        self._classifier = classifier
        self._size = size
        self._wait = wait_seconds
        self._capacity = capacity
        self._waiting = 0
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="classifier", daemon=True)
        self._thread.start()

    async def classify(self, request: Request) -> list[Classification]:
        """Return the classifications of a request; raise ``QueueFullError`` if too much is waiting."""
        if not request.texts:
            return []
        with self._lock:
            if self._waiting + len(request.texts) > self._capacity:
                raise QueueFullError(retry_after=1)
            self._waiting += len(request.texts)
        job = _Job(request)
        self._jobs.put(job)
        return await asyncio.wrap_future(job.answer)

    def close(self) -> None:
        """Finish what is waiting, then end the worker."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        """Take batches until told to end."""
        while (first := self._jobs.get()) is not None:
            jobs, ending = self._collect(first)
            for evidence in (False, True):
                self._run([job for job in jobs if job.request.evidence is evidence])
            with self._lock:
                self._waiting -= sum(len(job.request.texts) for job in jobs)
            if ending:
                return

    def _collect(self, first: _Job) -> tuple[list[_Job], bool]:
        """Take what arrives within the wait, up to the batch size; say whether the end was asked for."""
        jobs, count = [first], len(first.request.texts)
        deadline = time.monotonic() + self._wait
        while count < self._size:
            try:
                job = self._jobs.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            count += len(job.request.texts)
        return jobs, False

    def _run(self, jobs: Sequence[_Job]) -> None:
        """Classify the texts of all jobs at once, and give each its part."""
        live = [job for job in jobs if job.answer.set_running_or_notify_cancel()]
        if not live:
            return
        try:
            results = self._classifier.predict(
                [text for job in live for text in job.request.texts],
                ids=[name for job in live for name in job.request.ids],
                languages=[language for job in live for language in job.request.languages],
                evidence=live[0].request.evidence,
            )
        except Exception as error:  # noqa: BLE001 - it belongs to the callers
            for job in live:
                job.answer.set_exception(error)
            return
        start = 0
        for job in live:
            end = start + len(job.request.texts)
            job.answer.set_result(results[start:end])
            start = end
