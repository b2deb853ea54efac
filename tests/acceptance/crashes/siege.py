"""Kills the service and its workers again and again, at chosen points and at any moment, while a client posts."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.crashes.client import Client
from tests.acceptance.crashes.judging import Evidence, come_to_rest
from tests.acceptance.crashes.points import POINTS, TABLES_MADE, TAKEN_OVER, Point, Role
from tests.acceptance.crashes.processes import Orders, Place, prepare
from tests.acceptance.crashes.receiver import Receiver, listening

__all__ = ["EVENTS", "Options", "besiege", "free_port"]

EVENTS = ["message.classified", "case.opened", "case.escalated", "step.due", "case.closed", "review.needed"]
Tell = Callable[[str], object]

_START_SECONDS = 120
_POINT_SECONDS = 90
_STILL_SECONDS = 180
_STALLED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """How much; ``workers`` apart from the service, none where it sees cases through itself.

    ``kills``: at random moments, of the service; each worker is killed half as often. ``points``: all, by default.
    """

    messages: int = 1000
    kills: int = 10
    workers: int = 0
    shipped: bool = False
    seed: int = 7
    points: Sequence[Point] = POINTS


@dataclass(slots=True)
class _Siege:
    """One run. ``deaths`` are those that happened, by their point; ``missed`` the points that nobody passed."""

    options: Options
    place: Place
    port: int
    receiver: Receiver
    chance: random.Random
    client: Client
    tell: Tell
    deaths: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    running: dict[str, BaseProcess] = field(default_factory=dict)
    moved: float = 0.0

    async def run(self) -> None:
        """Kill as agreed, then let everything come to rest."""
        agendas = self._agendas()
        share = max(1, self.options.messages // (sum(map(len, agendas.values())) + 1))
        posting = asyncio.create_task(self._post_all(agendas, share))
        try:
            await posting
            if missing := await come_to_rest(self.place, _STILL_SECONDS):
                self.missed.append(missing)
        finally:
            posting.cancel()
            for process in self.running.values():
                process.kill()
                process.join()

    async def _post_all(self, agendas: dict[str, list[Point | None]], share: int) -> None:
        service, *workers = agendas
        await self._first_start(service)
        await self._subscribe()
        self.client.allowed = share
        posting = asyncio.create_task(self.client.run())
        pushing = asyncio.create_task(self._push(share))
        try:
            await asyncio.gather(*(self._kill_through(name, agenda, share) for name, agenda in agendas.items()))
            if len(workers) > 1:
                await self._take_over(*workers[:2])
            self.client.allowed = max(self.client.allowed, self.options.messages)
            self.client.ended = True
            await posting
        finally:
            pushing.cancel()
            posting.cancel()

    def _agendas(self) -> dict[str, list[Point | None]]:
        """Return for each process where it is to die, in turn; ``None`` is at a random moment."""
        names = ["service", *(f"worker-{number + 1}" for number in range(self.options.workers))]
        agendas: dict[str, list[Point | None]] = {name: [] for name in names}
        of_workers = names[1:] or names
        for number, point in enumerate(self.options.points):
            name = "service" if point.role is Role.SERVICE else of_workers[number % len(of_workers)]
            agendas[name].append(point)
        for name, agenda in agendas.items():
            agenda += [None] * (self.options.kills if name == "service" else self.options.kills // 2)
            self.chance.shuffle(agenda)
        return agendas

    async def _first_start(self, service: str) -> None:
        """Die while the tables are made, then start and wait until it is ready."""
        process = self._start(service, TABLES_MADE)
        await asyncio.to_thread(process.join, _START_SECONDS)
        self._note(process, TABLES_MADE.name)
        self._start(service)
        await self._ready(service, _START_SECONDS)

    async def _subscribe(self) -> None:
        """Have the receiver told of everything, and once more of what is grave."""
        async with httpx.AsyncClient(base_url=self.client.url, timeout=30) as http:
            for name, wanted in (("all", None), ("grave", {"severity": ["critical"]})):
                url = f"http://127.0.0.1:{self.receiver.port}/{name}"
                body: dict[str, Any] = {"name": name, "url": url, "events": EVENTS, "concurrency": 16}
                answer = await http.post("/v1/destinations", json=body | ({"filter": wanted} if wanted else {}))
                self.receiver.secrets[f"/{name}"] = answer.raise_for_status().json()["secret"]

    async def _kill_through(self, name: str, agenda: Sequence[Point | None], share: int) -> None:
        """Have one process die as its agenda says, and live on after that."""
        for point in agenda:
            await self._stop(name)
            process = self._start(name, point)
            if point is None:
                await self._live(name)
                process.kill()
            await asyncio.to_thread(process.join, _POINT_SECONDS)
            self._note(process, point.name if point else f"{name}, at a random moment")
            self.client.allowed += share
            self.moved = time.monotonic()
        await self._stop(name)
        self._start(name)

    async def _take_over(self, dying: str, heir: str) -> None:
        """Have one worker die, and another while it takes over; then let it finish, and the first come back."""
        await self._stop(dying)
        await self._stop(heir)
        process = self._start(heir, TAKEN_OVER)
        await asyncio.to_thread(process.join, _POINT_SECONDS)
        self._note(process, TAKEN_OVER.name)
        self._start(heir)
        until = time.monotonic() + _POINT_SECONDS
        while f"executor {dying} is gone" not in self.place.log(heir):
            if time.monotonic() > until:
                self.missed.append("nobody took over")
                break
            await asyncio.sleep(0.1)
        self._start(dying)

    async def _live(self, name: str) -> None:
        """Let a process live for a random while: now and then it is still starting."""
        if self.chance.random() < 0.25:
            await asyncio.sleep(self.chance.uniform(0.1, 1.5))
            return
        await self._ready(name, _START_SECONDS)
        await asyncio.sleep(self.chance.uniform(0.0, 1.5))

    async def _ready(self, name: str, seconds: float) -> None:
        """Wait until a process does its work."""
        until = time.monotonic() + seconds
        async with httpx.AsyncClient(base_url=self.client.url, timeout=5) as http:
            while time.monotonic() < until:
                if name == "service":
                    try:
                        if (await http.get("/readyz")).status_code == 200:
                            return
                    except httpx.HTTPError:
                        pass
                elif "workflows run as executor" in self.place.log(name):
                    return
                await asyncio.sleep(0.05)
        raise TimeoutError(f"{name} did not start:\n{self.place.log(name)[-2000:]}")

    async def _push(self, share: int) -> None:
        """Let more messages in when nothing dies any more: a point may want another one to be passed."""
        self.moved = time.monotonic()
        while self.options.points or self.options.kills:
            await asyncio.sleep(0.1)
            is_stalled = time.monotonic() - self.moved > _STALLED_SECONDS
            if is_stalled and self.client.sent >= self.client.allowed:
                self.client.allowed += max(1, share // 4)
                self.moved = time.monotonic()

    async def _stop(self, name: str) -> None:
        """Kill what runs under a name."""
        process = self.running.pop(name, None)
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.join)

    def _start(self, name: str, point: Point | None = None) -> BaseProcess:
        role = "serve" if name == "service" else "work"
        orders = Orders(role, name, self.port, self.options.shipped)
        if point is not None:
            passes = 1 if point in (TABLES_MADE, TAKEN_OVER) else self.chance.randint(1, 3)
            orders = replace(orders, point=point.name, passes=passes)
        self.running[name] = process = self.place.start(orders)
        return process

    def _note(self, process: BaseProcess, how: str) -> None:
        """Keep how a process ended, and that it did not where it should have."""
        if process.exitcode == -signal.SIGKILL:
            self.deaths[how] += 1
        else:
            self.missed.append(f"{how} (exit status {process.exitcode})")
        past = self.deaths.total() + len(self.missed)
        self.tell(f"{past} ends, {self.client.sent:,} of {self.options.messages:,} messages sent: {how}")


def besiege(options: Options, database: str | None, folder: Path, *, tell: Tell = lambda _: None) -> Evidence:
    """Run in a folder, on a database or on a SQLite file in it; return what is left of it. ``tell`` hears each end."""
    prepare()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "RECUPERA_DATABASE": database or f"sqlite:///{folder}/recupera.db",
        "RECUPERA_DELIVERY_ALLOW": "127.0.0.1",
        "RECUPERA_DELIVERY_TIMEOUT_SECONDS": "5",
        "RECUPERA_WORKER_INSIDE": "false" if options.workers else "true",
        "OMP_NUM_THREADS": "1",
    }
    with listening() as receiver:
        port, chance, begun = free_port(), random.Random(options.seed), time.monotonic()
        place = Place(folder, settings)
        client = Client(f"http://127.0.0.1:{port}", chance)
        siege = _Siege(options, place, port, receiver, chance, client, tell)
        asyncio.run(siege.run())
        return Evidence(place, client, receiver, siege.deaths, siege.missed, time.monotonic() - begun)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
