"""Where the workflow library keeps its own tables: a file beside a SQLite database, a schema of a PostgreSQL one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL

__all__ = [
    "SCHEMA",
    "WorkflowDatabase",
    "close_workflow_database",
    "connecting",
    "workflow_database",
    "workflow_file",
]

WorkflowDatabase = sa.Engine
"""What the workflow library takes."""

SCHEMA: Final = "recupera_workflow"
_NAMED: Final = {"application_name": "recupera"}
"""How every connection to PostgreSQL is called, so that a restore sees who is still there."""
_GIVEN_UP: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}
"""When a server is gone: after some ten seconds without a sign of it. A machine that died refuses no connection."""
_BUSY_MS: Final = 30_000


def connecting(url: URL) -> dict[str, Any]:
    """Return how every connection to PostgreSQL is made; when one is given up its address may say otherwise."""
    return _NAMED | {name: value for name, value in _GIVEN_UP.items() if name not in url.query}


def workflow_file(url: URL) -> Path:
    """Return the file beside a SQLite database that workflows are kept in."""
    main = Path(str(url.database))
    return main.with_name(f"{main.stem}-workflows{main.suffix}")


def workflow_database(url: URL, *, connections: int = 8) -> WorkflowDatabase:
    """Return a database for the workflow library, which is synchronous, on the database of the service.

    On SQLite a file of its own, so that workflows never keep an incoming message waiting. A power failure may cost
    that file its last moments (``synchronous = NORMAL``), nothing else may; what is lost is begun again from the
    cases, which are synchronised fully.
    """
    if url.get_backend_name() == "postgresql":
        options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True, "connect_args": connecting(url)}
        return sa.create_engine(url, pool_size=connections, max_overflow=4, **options)
    engine = sa.create_engine(
        URL.create("sqlite", database=str(workflow_file(url))),
        hide_parameters=True,
        pool_size=connections,
        connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    return engine


def close_workflow_database(engine: WorkflowDatabase) -> None:
    """Close it for good: a thread of the library that is still at it fails now, instead of trying for ever."""
    event.listen(engine, "do_connect", _refuse)
    event.listen(engine, "checkin", _discard)
    engine.dispose()


def _refuse(*_: object) -> None:
    raise RuntimeError("the workflows have stopped")


def _discard(_connection: object, record: Any) -> None:
    """Close what comes back late: nobody would ever take it again."""
    record.invalidate()


def _prepare(connection: Any, _record: object) -> None:
    """Set what the library sets on an engine of its own, and a journal that readers don't wait for."""
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"busy_timeout = {_BUSY_MS}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
