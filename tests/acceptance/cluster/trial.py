"""Starts the processes, kills one of each while messages come in, and waits until nothing is left to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import psutil

from benchmarks.load import at
from tests.acceptance.cluster.client import Spread
from tests.acceptance.cluster.commands import Commands
from tests.acceptance.crashes.judging import Evidence, Report, come_to_rest, firsts
from tests.acceptance.crashes.processes import Orders, Place, prepare
from tests.acceptance.crashes.receiver import Receiver, listening
from tests.acceptance.crashes.siege import EVENTS, free_port
from tests.acceptance.postgres import Server

__all__ = ["Options", "Outcome", "Phase", "failures", "run"]

_START_SECONDS = 600
_STILL_SECONDS = 300
_TAKEN_OVER_SECONDS = 60
_AWAY_SECONDS = 1.0
"""For how long a service that was killed, or the database, stays away."""
_HOURS_AWAY = ("cases", "follow-ups", "unseen")
"""What is left of plans whose days are days: it is not waited for."""


class Process(Protocol):
    """A service or a worker."""

    @property
    def pid(self) -> int | None: ...
    def is_alive(self) -> bool: ...
    def kill(self) -> None: ...
    def join(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """How much, and of how many; ``texts`` to send to the real commands, without any to stand-ins in a hurry."""

    messages: int = 300
    services: int = 3
    workers: int = 3
    seed: int = 7
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the trial: how many seconds each message took, and all of them together."""

    name: str
    took: Sequence[float]
    seconds: float

    def row(self) -> list[str]:
        """Return name, messages, messages a second, and the waits in ms: p50, p95, p99, the longest."""
        waits = [at(sorted(self.took), share) for share in (0.5, 0.95, 0.99, 1)]
        rate = f"{len(self.took) / self.seconds:.1f}"
        return [self.name, str(len(self.took)), rate, *(f"{wait * 1000:,.0f}" for wait in waits)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left, and how fast it was: until the first was killed, and to the end.

    ``worked``: ms of a processor that a message took until then, of each kind of process. Other programs on the machine
    make all slower, and this hardly more.
    """

    evidence: Evidence
    phases: Sequence[Phase]
    worked: Mapping[str, float]

    def table(self) -> str:
        """Return throughput and latency as Markdown, and the processors' work in a line."""
        head = ["", "messages", "messages/s", "p50, ms", "p95, ms", "p99, ms", "longest, ms"]
        rows = [head, ["---", *["---:"] * 6], *(phase.row() for phase in self.phases)]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        each = ", ".join(f"{kind} {ms:.0f} ms" for kind, ms in self.worked.items())
        return "\n".join([*lines, "", f"a processor's time a message, all alive: {each}"])


def failures(outcome: Outcome, report: Report) -> list[str]:
    """Return what is wrong, the order within a case by events.

    ``Report`` goes by the ids of deliveries, which here several services make: a later one may have the lower id.
    """
    found = [each for each in report.failures if not each.startswith("out of order")]
    orders = defaultdict(list)
    for arrival in firsts(outcome.evidence.receiver.arrivals):
        orders[arrival.event["case_id"] or arrival.event["message_id"]].append(arrival.event["id"])
    disordered = sum(ids != sorted(ids) for ids in orders.values())
    return [*found, *([f"events out of order in {disordered} cases"] if disordered else [])]


@dataclass(slots=True)
class _Trial:
    options: Options
    place: Place
    server: Server
    receiver: Receiver
    ports: list[int]
    client: Spread
    deaths: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    running: dict[str, Process] = field(default_factory=dict)
    worked: dict[str, float] = field(default_factory=dict)

    async def run(self) -> list[Phase]:
        """Start all, post and kill, let it come to rest; return how fast the posting was."""
        try:
            for number, port in enumerate(self.ports):
                self._start(f"api-{number}", port)
                await self._ready(port)  # one after the other: the first makes the tables
            for number in range(self.options.workers):
                self._start(f"worker-{number}")
            await self._subscribe()
            for number in range(self.options.workers):
                await self._until(
                    lambda name=f"worker-{number}": "workflows run as" in self.place.log(name), _START_SECONDS
                )
            phases = await self._post()
            await self._rest()
            return phases
        finally:
            for process in self.running.values():
                process.kill()
                process.join()

    def _start(self, name: str, port: int = 0) -> None:
        self.running[name] = self.place.start(Orders("serve" if port else "work", name, port))

    async def _ready(self, port: int) -> None:
        async with httpx.AsyncClient(timeout=5) as http:

            async def ready() -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
                except httpx.HTTPError:
                    return False

            await self._until(ready, _START_SECONDS)

    async def _until(self, condition: Any, seconds: float) -> None:
        """Wait for a condition."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            if time.monotonic() > end:
                raise TimeoutError("\n".join(self.place.log(name)[-500:] for name in self.running))
            await asyncio.sleep(0.05)

    async def _subscribe(self) -> None:
        """Have the receiver told of everything."""
        async with httpx.AsyncClient(base_url=self.client.urls[0], timeout=30) as http:
            url = f"http://127.0.0.1:{self.receiver.port}/all"
            body = {"name": "all", "url": url, "events": EVENTS, "concurrency": 16, "rate": 1000}
            answer = await http.post("/v1/destinations", json=body)
            self.receiver.secrets["/all"] = answer.raise_for_status().json()["secret"]

    async def _post(self) -> list[Phase]:
        """Post everything; kill a service, a worker and the database on the way."""
        phases: list[Phase] = []
        before = self._work()
        began, quarter = time.monotonic(), self.options.messages // 4
        posting = asyncio.create_task(self.client.run())
        deaths = (self._kill_service, self._kill_worker, self._kill_database)
        for number, death in enumerate(deaths, 1):
            self.client.allowed = number * quarter
            await self._until(
                lambda: len(self.client.answers) >= self.client.allowed - 4 or posting.done(), _STILL_SECONDS
            )
            if not phases:
                phases.append(Phase("all alive", list(self.client.took), time.monotonic() - began))
                answered = len(self.client.answers)
                self.worked = {k: (ms - before[k]) / answered for k, ms in self._work().items()}
            self.client.allowed += quarter  # what comes next arrives while something is dead
            await death()
        self.client.allowed = max(self.options.messages, self.client.allowed)
        self.client.ended = True
        await posting
        return [*phases, Phase("in all, one of each killed", self.client.took, time.monotonic() - began)]

    def _work(self) -> dict[str, float]:
        """Return the ms that the processors have worked for each kind of process."""
        pids: dict[str, list[Any]] = {"services": [], "workers": [], "database": [self.server.pid]}
        for name, process in self.running.items():
            pids["services" if name.startswith("api") else "workers"].append(process.pid)
        return {kind: sum(map(_worked_ms, of_kind)) for kind, of_kind in pids.items()}

    async def _kill_service(self) -> None:
        self._kill("api-0")
        await asyncio.sleep(_AWAY_SECONDS)
        self._start("api-0", self.ports[0])

    async def _kill_worker(self) -> None:
        """Kill a worker that does not come back: the others take over."""
        self._kill("worker-0")

    async def _kill_database(self) -> None:
        self.server.kill()
        self.deaths["postgres"] += 1
        await asyncio.sleep(_AWAY_SECONDS)
        await asyncio.to_thread(self.server.start)

    def _kill(self, name: str) -> None:
        process = self.running.pop(name)
        if not process.is_alive():
            self.missed.append(f"{name} was dead already")
        process.kill()
        process.join()
        self.deaths[name] += 1

    async def _rest(self) -> None:
        """Wait until nothing is left to do, and see that the work of the dead was taken over."""
        if missing := await come_to_rest(self.place, _STILL_SECONDS, but=_HOURS_AWAY if self.options.texts else ()):
            self.missed.append(missing)
            return
        try:
            await self._until(
                lambda: any("executor worker-0 is gone" in self.place.log(name) for name in self.running),
                _TAKEN_OVER_SECONDS,
            )
        except TimeoutError:
            self.missed.append("nobody took over from the worker that was killed")


def _worked_ms(pid: int) -> float:
    """Return the ms of a process and all it started, of those that ended too."""
    first, worked = psutil.Process(pid), 0.0
    for each in (first, *first.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended just now: the first has its times
            worked += sum(each.cpu_times()[:4])  # user, system, and those of children that ended
    return 1000 * worked


def run(options: Options, server: Server, folder: Path) -> Outcome:
    """Run it in a folder on a database; return what is left."""
    prepare()  # what is left is audited by a process of these too
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "RECUPERA_DATABASE": server.address,
        "RECUPERA_DELIVERY_ALLOW": "127.0.0.1",
        "RECUPERA_DELIVERY_TIMEOUT_SECONDS": "5",
        "RECUPERA_WORKER_INSIDE": "false",
        "OMP_NUM_THREADS": "1",
    }
    with listening() as receiver:
        ports, began = [free_port() for _ in range(options.services)], time.monotonic()
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        client = Spread(urls[0], random.Random(options.seed), urls=urls, texts=options.texts)
        place = (Commands if options.texts else Place)(folder, settings)
        trial = _Trial(options, place, server, receiver, ports, client)
        phases = asyncio.run(trial.run())
        evidence = Evidence(place, client, receiver, trial.deaths, trial.missed, time.monotonic() - began)
        return Outcome(evidence, phases, trial.worked)
