"""Help-desk webhooks at a steady rate against the real service: how soon they are answered, and whether any is lost."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import RECUPERA, free_port, running, without_ours
from benchmarks.texts import CORPORA

_SECRET = "the webhook's secret"
_SETTINGS = '[channels.chatwoot]\nsecret_env = "WEBHOOK_SECRET"\n'


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it. ``answered`` in time order, in seconds; ``drained`` seconds after the last was sent."""

    sent: int
    accepted: int
    stored: int
    answered: list[float]
    drained: float

    @property
    def lost(self) -> int:
        """How many were accepted and are nowhere."""
        return self.accepted - self.stored

    def figures(self) -> dict[str, float]:
        """Return what to print."""
        ordered = sorted(self.answered)
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "stored": self.stored,
            "lost": self.lost,
            "answer p50, ms": statistics.median(ordered) * 1000,
            "answer p99, ms": ordered[int(len(ordered) * 0.99)] * 1000,
            "answer max, ms": ordered[-1] * 1000,
            "all classified after the last, s": self.drained,
        }


def measure(
    rate: float = 50, seconds: float = 60, *, model: Path | None = None, kill_after: float | None = None
) -> Report:
    """Send ``rate`` webhooks a second; with ``kill_after`` the service is killed once and started again."""
    with tempfile.TemporaryDirectory(prefix="recupera-webhooks-") as name:
        folder = Path(name)
        (folder / "recupera.toml").write_text(_SETTINGS, encoding="utf-8")
        return asyncio.run(_measure(folder, rate, seconds, model, kill_after))


async def _measure(folder: Path, rate: float, seconds: float, model: Path | None, kill_after: float | None) -> Report:
    payloads = _payloads(int(rate * seconds))
    if kill_after is None:
        with _serving(folder, model) as (url, _):
            return await _send_all(url, payloads, rate)
    first = int(rate * kill_after)
    with _serving(folder, model) as (url, process):
        begun = await _send(url, payloads[:first], rate)
        process.kill()
    with _serving(folder, model) as (url, _):
        rest = await _send_all(url, payloads[first:], rate, expected=sum(ok for ok, _ in begun))
    accepted = rest.accepted + sum(ok for ok, _ in begun)
    return Report(len(payloads), accepted, rest.stored, [*(t for _, t in begun), *rest.answered], rest.drained)


async def _send_all(url: str, payloads: list[bytes], rate: float, expected: int = 0) -> Report:
    """Send, then wait until everything is stored, or nothing more is for a while."""
    answers = await _send(url, payloads, rate)
    accepted, end = sum(ok for ok, _ in answers), time.perf_counter()
    stored, moved = -1, time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while stored < accepted + expected and time.perf_counter() - moved < 60:
            await asyncio.sleep(0.5)
            found = await _stored(client)
            if found != stored:
                stored, moved = found, time.perf_counter()
    return Report(len(payloads), accepted, stored, [taken for _, taken in answers], moved - end)


async def _send(url: str, payloads: list[bytes], rate: float) -> list[tuple[bool, float]]:
    """Send each at its time, whatever became of those before; return whether it was accepted, and how long it took."""
    begun = time.perf_counter()
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)  # a help desk opens one for each

    async def one(client: httpx.AsyncClient, place: int, body: bytes) -> tuple[bool, float]:
        await asyncio.sleep(max(0.0, begun + place / rate - time.perf_counter()))
        start = time.perf_counter()
        response = await client.post("/v1/channels/chatwoot", content=body, headers=_signed(body))
        return response.status_code == 202, time.perf_counter() - start

    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        return await asyncio.gather(*(one(client, place, body) for place, body in enumerate(payloads)))


async def _stored(client: httpx.AsyncClient) -> int:
    """Count the messages of the channel."""
    count, cursor = 0, None
    while True:
        query = {"channel": "chatwoot", "limit": 200} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/messages", params=query)).raise_for_status().json()
        count, cursor = count + len(page["messages"]), page["next_cursor"]
        if cursor is None:
            return count


@contextmanager
def _serving(folder: Path, model: Path | None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the service in a folder; yield its address and its process."""
    port = free_port()
    command = [*RECUPERA, "serve", "--port", str(port), *(["--model", str(model)] if model else [])]
    url = f"http://127.0.0.1:{port}"
    environment = {**without_ours(os.environ), "WEBHOOK_SECRET": _SECRET}
    with running(command, f"{url}/readyz", folder, environment) as process:
        yield url, process


def _payloads(count: int) -> list[bytes]:
    """Return Chatwoot events, each another message, three to a conversation."""
    lines = [line for path in sorted(CORPORA.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [json.loads(line)["text"] for line in lines]
    return [json.dumps(_event(number, texts[number % len(texts)])).encode() for number in range(count)]


def _event(number: int, text: str) -> dict[str, Any]:
    return {
        "event": "message_created",
        "id": number + 1,
        "content": text,
        "message_type": "incoming",
        "private": False,
        "sender": {"id": number // 3, "type": "contact"},
        "conversation": {"id": number // 3 + 1, "channel": "Channel::Whatsapp"},
        "account": {"id": 1},
    }


def _signed(body: bytes) -> dict[str, str]:
    moment = str(int(time.time()))
    digest = hmac.new(_SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Chatwoot-Timestamp": moment, "X-Chatwoot-Signature": f"sha256={digest}"}
