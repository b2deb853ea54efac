"""Many callers, one model: texts that arrive together are classified together.

A single worker thread owns the model. Callers put their texts in a bounded queue and wait; the worker takes what is
there, up to a batch, and answers each. A full queue is an error at once, never a slow answer later. A lone caller waits
for nobody: only while several ask at a time does the first text of a batch wait for company.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
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
    answer: asyncio.Future[list[Classification]]


class Batcher:
    """Collects requests of one event loop into batches for one worker thread."""

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

        ``wait_seconds`` is how long the first request of a batch waits for others, if the batch before held several.
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
        job = _Job(request, asyncio.get_running_loop().create_future())
        with self._lock:
            if self._closed or self._waiting + len(request.texts) > self._capacity:
                raise QueueFullError(retry_after=1)
            self._waiting += len(request.texts)
            self._jobs.put(job)
        return await job.answer

    def close(self) -> None:
        """Finish what is waiting, then end the worker."""
        with self._lock:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        """Take batches until told to end."""
        ending = crowded = False
        while not ending and (first := self._jobs.get()) is not None:
            jobs, ending = self._collect(first, self._wait if crowded else 0.0)
            crowded = len(jobs) > 1
            for evidence in (False, True):
                self._run([job for job in jobs if job.request.evidence is evidence])

    def _collect(self, first: _Job, seconds: float) -> tuple[list[_Job], bool]:
        """Take what arrives within ``seconds``, up to the batch size; say whether the end was asked for."""
        jobs, count = [first], len(first.request.texts)
        deadline = time.monotonic() + seconds
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
        here: list[_Job] = []
        gone: list[_Job] = []
        for job in jobs:
            (gone if job.answer.cancelled() else here).append(job)
        self._leave(gone)
        self._answer(here)

    def _answer(self, jobs: Sequence[_Job]) -> None:
        """Classify all texts together; if that fails, each caller's apart, so that no one pays for another."""
        if not jobs:
            return
        try:
            results = iter([result for step in _steps(_joined(jobs)) for result in self._predict(step)])
        except Exception as error:
            if len(jobs) == 1:
                self._tell([(jobs[0], error)])
                return
            for job in jobs:
                self._answer([job])
            return
        self._tell([(job, [next(results) for _ in job.request.texts]) for job in jobs])

    def _tell(self, outcomes: Sequence[tuple[_Job, list[Classification] | Exception]]) -> None:
        """Wake the callers of a batch together: woken one by one, their event loop and this thread would take turns."""
        self._leave([job for job, _ in outcomes])
        with suppress(RuntimeError):  # the event loop has ended, and its callers with it
            outcomes[0][0].answer.get_loop().call_soon_threadsafe(_settle, outcomes)

    def _leave(self, jobs: Sequence[_Job]) -> None:
        """Give the jobs' places back, before their callers are told: who has an answer may ask again at once."""
        with self._lock:
            self._waiting -= sum(len(job.request.texts) for job in jobs)

    def _predict(self, step: Request) -> list[Classification]:
        began = time.perf_counter()
        effort = self._effort or (Effort.FAST if self._waiting > 2 * self._size else Effort.FULL)
        results = self._classifier.predict(
            step.texts, ids=step.ids, languages=step.languages, evidence=step.evidence, effort=effort
        )
        self._observed(len(step.texts), time.perf_counter() - began)
        return results


def _settle(outcomes: Sequence[tuple[_Job, list[Classification] | Exception]]) -> None:
    """Tell the callers who are still there."""
    for job, outcome in outcomes:
        if job.answer.done():
            continue
        if isinstance(outcome, Exception):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)


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
