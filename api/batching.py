"""Many callers, one model: texts that arrive together are classified together.

A single worker thread owns the model. Callers put their texts in a bounded queue and wait; the worker takes what is
there, up to a batch, and answers each. A full queue is an error at once, never a slow answer later.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from classifier.cascade import Effort
from classifier.types import Classification

__all__ = ["Batcher", "Predictor", "QueueFullError", "Request"]

_CHARACTERS: Final = 200_000
"""Texts of more than this together are classified in several steps: memory stays bounded."""


class Predictor(Protocol):
    """What the worker needs of a ``ComplaintClassifier``."""

    def predict(
        self,
        texts: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        languages: Sequence[str | None] | None = None,
        evidence: bool = False,
        effort: Effort | str = Effort.FULL,
    ) -> list[Classification]:
        """Classify texts, in their order."""


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

    def __init__(
        self,
        classifier: Predictor,
        *,
        size: int,
        wait_seconds: float,
        capacity: int,
        effort: Effort | None = None,
        observed: Callable[[int, float], None] = lambda _texts, _seconds: None,
    ) -> None:
        """``size`` is in texts a batch, ``capacity`` in texts that may wait.

        Without ``effort`` a text gets the whole model, in haste only while more texts wait than two batches hold.
        ``observed`` is told, in the worker thread, how many texts the model was given and how long it took.
        """
        self._classifier = classifier
        self._observed = observed
        self._size = size
        self._wait = wait_seconds
        self._capacity = capacity
        self._effort = effort
        self._waiting = 0
        self._closed = False
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="classifier", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many texts wait for the model or are with it."""
        return self._waiting

    async def classify(self, request: Request) -> list[Classification]:
        """Return the classifications of a request; raise ``QueueFullError`` if too much is waiting."""
        if not request.texts:
            return []
        job = _Job(request)
        with self._lock:
            if self._closed or self._waiting + len(request.texts) > self._capacity:
                raise QueueFullError(retry_after=1)
            self._waiting += len(request.texts)
            self._jobs.put(job)
        return await asyncio.wrap_future(job.answer)

    def close(self) -> None:
        """Finish what is waiting, then end the worker."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        """Take batches until told to end."""
        ending = False
        while not ending and (first := self._jobs.get()) is not None:
            jobs, ending = self._collect(first)
            for evidence in (False, True):
                self._run([job for job in jobs if job.request.evidence is evidence])

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
        """Answer the callers who are still there."""
        here = []
        for job in jobs:
            if job.answer.set_running_or_notify_cancel():
                here.append(job)
            else:
                self._leave(job)
        self._answer(here)

    def _answer(self, jobs: Sequence[_Job]) -> None:
        """Classify all texts together; if that fails, each caller's apart, so that no one pays for another."""
        if not jobs:
            return
        try:
            results = [result for step in _steps(_joined(jobs)) for result in self._predict(step)]
        except Exception as error:
            if len(jobs) == 1:
                self._leave(jobs[0])
                jobs[0].answer.set_exception(error)
                return
            for job in jobs:
                self._answer([job])
            return
        rest = iter(results)
        for job in jobs:
            self._leave(job)
            job.answer.set_result([next(rest) for _ in job.request.texts])

    def _leave(self, job: _Job) -> None:
        """Give the job's places back, before its caller is told: who has an answer may ask again at once."""
        with self._lock:
            self._waiting -= len(job.request.texts)

    def _predict(self, step: Request) -> list[Classification]:
        began = time.perf_counter()
        effort = self._effort or (Effort.FAST if self._waiting > 2 * self._size else Effort.FULL)
        results = self._classifier.predict(
            step.texts, ids=step.ids, languages=step.languages, evidence=step.evidence, effort=effort
        )
        self._observed(len(step.texts), time.perf_counter() - began)
        return results


def _joined(jobs: Sequence[_Job]) -> Request:
    """Make one request of several."""
    requests = [job.request for job in jobs]
    return Request(
        texts=[text for request in requests for text in request.texts],
        ids=[name for request in requests for name in request.ids],
        languages=[language for request in requests for language in request.languages],
        evidence=requests[0].evidence,
    )


def _steps(whole: Request) -> Iterator[Request]:
    """Cut a request so that no part has many more characters than the limit."""
    start = characters = 0
    for place, text in enumerate(whole.texts, 1):
        characters += len(text)
        if characters >= _CHARACTERS or place == len(whole.texts):
            part = slice(start, place)
            yield Request(whole.texts[part], whole.ids[part], whole.languages[part], whole.evidence)
            start, characters = place, 0
