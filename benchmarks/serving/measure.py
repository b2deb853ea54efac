"""One text after the other, and many callers at once: the same client, the same texts, servers in turns."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks.load import at
from benchmarks.report import ROUNDS, Figure, ratios
from benchmarks.serving.servers import Running, Server, run, servers
from benchmarks.texts import messages, of_length
from classifier import ComplaintClassifier

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Found", "Row", "Turn", "measure", "rows"]

_ONE_BY_ONE: Final = 100
"""Texts a turn of a single caller; of about 60 tokens."""
_CALLERS: Final = 32
_SECONDS: Final = 6.0
"""How long a turn at saturation takes."""
_SAMPLE: Final = 512


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of a server gave: waits of a single caller and of many, in ms, and the texts a second of these."""

    alone: Sequence[float]
    together: Sequence[float]
    per_second: float


@dataclass(frozen=True, slots=True)
class Row:
    """A server: waits of one caller and of 32 at once, texts a second, start-up, and resident memory.

    ``of_offline`` is its share of the texts a second that our classifier does without a server. The others say how many
    times better ours is: in texts a second, and in the 99 % wait of one caller and of many; ``None`` for ours.
    """

    name: str
    p50_ms: Figure
    p99_ms: Figure
    per_second: Figure
    busy_p99_ms: Figure
    ready_seconds: Figure
    megabytes: float
    of_offline: Figure
    ours_per_second: Figure | None
    ours_p99: Figure | None
    ours_busy_p99: Figure | None


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, ours first; the texts a second of our classifier alone; and which servers are missing, and why."""

    rows: Sequence[Row]
    offline: Figure
    left_out: Sequence[str]


def measure(peers: Path | None) -> Found:
    """Ask each server in turns, alone on the machine while it is asked; the others wait, loaded."""
    classifier = ComplaintClassifier.from_pretrained()
    texts, ones = messages(_SAMPLE, classifier.encoder), of_length(60, _ONE_BY_ONE, classifier.encoder)
    offline: list[float] = []
    left_out = [] if peers else ["without the peers: make bench-peers installs them"]
    with tempfile.TemporaryDirectory(prefix="recupera-serving-") as name, ExitStack() as stack:
        folder = Path(name)
        if peers is not None:
            from benchmarks.serving import weights

            weights.write(folder / "weights")
        ours, *others = servers(folder / "weights", peers)
        starts = {ours.name: [_start(ours, folder) for _ in range(ROUNDS - 1)]}
        running = []
        for server in (ours, *others):
            try:
                running.append(stack.enter_context(run(server, folder)))
            except RuntimeError as error:
                left_out.append(f"{server.name} is left out: {error}")
            else:
                starts.setdefault(server.name, []).append(running[-1].seconds)
        turns: dict[str, list[Turn]] = {each.server.name: [] for each in running}
        for _ in range(ROUNDS):
            for each in running:
                turns[each.server.name].append(asyncio.run(_turn(each, texts, ones)))
            begun = time.perf_counter()
            classifier.predict(texts)
            offline.append(len(texts) / (time.perf_counter() - begun))
        memory = {each.server.name: _resident(each) for each in running}
    return Found(rows(turns, offline, starts, memory), Figure.of(offline), left_out)


def rows(
    turns: Mapping[str, Sequence[Turn]],
    offline: Sequence[float],
    starts: Mapping[str, Sequence[float]],
    memory: Mapping[str, float],
) -> list[Row]:
    """Return a row a server, the first ours; ratios are those within each turn."""
    rates = {name: [turn.per_second for turn in found] for name, found in turns.items()}
    alone = {name: [at(sorted(turn.alone), 0.99) for turn in found] for name, found in turns.items()}
    busy = {name: [at(sorted(turn.together), 0.99) for turn in found] for name, found in turns.items()}
    ours = next(iter(turns))
    return [
        Row(
            name,
            Figure.of([statistics.median(turn.alone) for turn in found]),
            Figure.of(alone[name]),
            Figure.of(rates[name]),
            Figure.of(busy[name]),
            Figure.of(starts[name]),
            memory[name],
            ratios(rates[name], offline),
            *(
                (None, None, None)
                if name == ours
                else (
                    ratios(rates[ours], rates[name]),
                    ratios(alone[name], alone[ours]),
                    ratios(busy[name], busy[ours]),
                )
            ),
        )
        for name, found in turns.items()
    ]


def _start(server: Server, folder: Path) -> float:
    """Start a server and end it; return the seconds until it was ready."""
    with run(server, folder) as started:
        return started.seconds


async def _turn(running: Running, texts: Sequence[str], ones: Sequence[str]) -> Turn:
    """Ask one server, alone and at once."""
    import aiohttp

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
    return Turn(alone, together, len(together) / took)


async def _ask(session: aiohttp.ClientSession, running: Running, text: str) -> float:
    """Return how long an answer took, in ms."""
    start = time.perf_counter()
    async with session.post(running.server.path, json=running.server.body(text)) as answer:
        answer.raise_for_status()
        json.loads(await answer.read())
    return (time.perf_counter() - start) * 1000


def _resident(running: Running) -> float:
    """Return the memory of a server and all it started, in MB."""
    process = psutil.Process(running.pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6
