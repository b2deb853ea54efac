"""One text after the other, and many callers at once: the same client, the same texts, servers in turns."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import psutil

from benchmarks.load import at
from benchmarks.report import ROUNDS, Figure
from benchmarks.serving.servers import Running, run, servers
from benchmarks.texts import messages, of_length
from classifier import ComplaintClassifier

__all__ = ["Row", "measure"]

_ONE_BY_ONE: Final = 100
"""Texts a round of a single client; of about 60 tokens."""
_CALLERS: Final = 32
_SECONDS: Final = 6.0
"""How long a round at saturation takes."""
_SAMPLE: Final = 512


@dataclass(frozen=True, slots=True)
class Row:
    """A server: waits of one client and of 32 at once, texts a second, start-up, and resident memory."""

    name: str
    p50_ms: Figure
    p99_ms: Figure
    per_second: Figure
    busy_p99_ms: Figure
    ready_seconds: float
    megabytes: float


def measure(peers: Path | None, told: Callable[[str], None]) -> Iterator[Row | tuple[str, Figure]]:
    """Yield a row a server, then what our classifier does of the same texts without a server, in texts a second.

    Each is alone on the machine while it is asked; the others wait, loaded.
    """
    classifier = ComplaintClassifier.from_pretrained()
    texts, ones = messages(_SAMPLE, classifier.encoder), of_length(60, _ONE_BY_ONE, classifier.encoder)
    rates: list[float] = []
    with tempfile.TemporaryDirectory(prefix="recupera-serving-") as folder, ExitStack() as stack:
        weights = Path(folder) / "weights"
        if peers is not None:
            from benchmarks.serving import weights as exported

            exported.write(weights)
        running = []
        for server in servers(weights, peers):
            try:
                running.append(stack.enter_context(run(server, Path(folder))))
            except RuntimeError as error:
                told(f"{server.name}: left out: {error}")
        rounds: dict[str, list[_Round]] = {each.server.name: [] for each in running}
        for _ in range(ROUNDS):
            for each in running:
                rounds[each.server.name].append(asyncio.run(_round(each, texts, ones)))
            start = time.perf_counter()
            classifier.predict(texts)
            rates.append(len(texts) / (time.perf_counter() - start))
        for each in running:
            yield _row(each, rounds[each.server.name])
    yield "recupera predict, no server", Figure.of(rates)


@dataclass(frozen=True, slots=True)
class _Round:
    """The waits of a single client, those of many, in ms, and the texts a second of these."""

    alone: list[float]
    together: list[float]
    per_second: float


async def _round(running: Running, texts: Sequence[str], ones: Sequence[str]) -> _Round:
    """Ask one server, alone and at once."""
    connector = aiohttp.TCPConnector(limit=_CALLERS)
    async with aiohttp.ClientSession(running.url, connector=connector) as session:
        for text in ones[:10]:
            await _ask(session, running, text)
        alone = [await _ask(session, running, text) for text in ones]
        begun = time.perf_counter()

        async def caller(place: int) -> list[float]:
            waits = []
            while time.perf_counter() - begun < _SECONDS:
                waits.append(await _ask(session, running, texts[place % len(texts)]))
                place += _CALLERS
            return waits

        found = await asyncio.gather(*map(caller, range(_CALLERS)))
        took = time.perf_counter() - begun
    together = [wait for waits in found for wait in waits]
    return _Round(alone, together, len(together) / took)


async def _ask(session: aiohttp.ClientSession, running: Running, text: str) -> float:
    """Return how long an answer took, in ms."""
    start = time.perf_counter()
    async with session.post(running.server.path, json=running.server.body(text)) as answer:
        answer.raise_for_status()
        json.loads(await answer.read())
    return (time.perf_counter() - start) * 1000


def _row(running: Running, rounds: Sequence[_Round]) -> Row:
    process = psutil.Process(running.pid)
    resident = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    return Row(
        running.server.name,
        Figure.of([statistics.median(each.alone) for each in rounds]),
        Figure.of([at(sorted(each.alone), 0.99) for each in rounds]),
        Figure.of([each.per_second for each in rounds]),
        Figure.of([at(sorted(each.together), 0.99) for each in rounds]),
        running.seconds,
        resident / 1e6,
    )
