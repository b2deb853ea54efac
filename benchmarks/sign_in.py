"""A right password while somebody guesses: two wrong ones a second for a minute, against the real service.

The guesses name the same account and come from another address of this machine, 127.0.0.9.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from benchmarks.load import at
from benchmarks.processes import RECUPERA, free_port, running, without_ours

__all__ = ["Row", "measure"]

_SECONDS: Final = 60
_GUESSES: Final = 2.0
_SIGN_INS: Final = 1.0
"""A second, one after the other."""
_TOKEN: Final = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Row:
    """How right passwords fared: how many were let in at once, and how long that took, in ms."""

    what: str
    guesses: int
    sign_ins: int
    let_in: int
    p50_ms: float
    longest_ms: float


def measure(seconds: float = _SECONDS) -> list[Row]:
    """Sign in again and again, first in peace, then while somebody guesses."""
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory(prefix="recupera-sign-in-") as folder:
        data = Path(folder) / "data"
        environment = {**without_ours(os.environ), "RECUPERA_DATA": str(data)}
        add = [*RECUPERA, "users", "add", "ana", "--role", "admin", "--data", str(data)]
        subprocess.run(add, input=f"{password}\n", text=True, env=environment, check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        url, command = f"http://127.0.0.1:{port}", [*RECUPERA, "serve", "--data", str(data), "--port", str(port)]
        with running(command, f"{url}/readyz", Path(folder), environment):
            return [
                asyncio.run(_row("in peace", url, password, seconds, guesses=0)),
                asyncio.run(_row("while two a second are guessed", url, password, seconds, guesses=_GUESSES)),
            ]


async def _row(what: str, url: str, password: str, seconds: float, *, guesses: float) -> Row:
    end = time.monotonic() + seconds
    sent, waits = await asyncio.gather(_guess(url, guesses, end), _sign_in(url, password, end))
    right = sorted(wait for wait, is_in in waits if is_in) or [float("nan")]
    let_in = sum(is_in for _, is_in in waits)
    return Row(what, sent, len(waits), let_in, at(right, 0.5), right[-1])


async def _guess(url: str, rate: float, end: float) -> int:
    """Send wrong passwords at a steady rate; return how many."""
    sent: list[asyncio.Task[object]] = []
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))
    async with aiohttp.ClientSession(url, connector=connector, cookie_jar=_jar()) as session:
        token = await _token(session)
        while rate and time.monotonic() < end:
            sent.append(asyncio.create_task(_post(session, token, secrets.token_urlsafe(12))))
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*sent)
    return len(sent)


async def _sign_in(url: str, password: str, end: float) -> Sequence[tuple[float, bool]]:
    """Sign in once a second, each time as another browser; return how long each took, and whether it was let in."""
    found = []
    while time.monotonic() < end:
        async with aiohttp.ClientSession(url, cookie_jar=_jar()) as session:
            token = await _token(session)
            start = time.perf_counter()
            status = await _post(session, token, password)
            found.append(((time.perf_counter() - start) * 1000, status == 303))  # noqa: PLR2004, RUF100
        await asyncio.sleep(1 / _SIGN_INS)
    return found


def _jar() -> aiohttp.CookieJar:
    return aiohttp.CookieJar(unsafe=True)  # it takes cookies of addresses without a name


async def _token(session: aiohttp.ClientSession) -> str:
    """Return the token of the form."""
    async with session.get("/sign-in") as page:
        found = _TOKEN.search(await page.text())
    if found is None:
        raise RuntimeError("the page of sign-in has no form")
    return found[1]


async def _post(session: aiohttp.ClientSession, token: str, password: str) -> int:
    form = {"username": "ana", "password": password, "csrf": token}
    async with session.post("/sign-in", data=form, allow_redirects=False) as answer:
        return answer.status
