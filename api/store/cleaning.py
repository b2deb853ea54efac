"""What was overwritten or deleted, gone from the disk as well: no copy left in free pages, nor in the journal."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from api.store.database import DatabaseUrl
from api.store.tables import METADATA
from api.store.workflows import workflow_file

__all__ = ["clean", "files_of", "is_of"]

_BUSY_SECONDS: Final = 30
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.1
_BESIDE: Final = ("-wal", "-shm", "-journal", ".worker.lock")
"""What SQLite and whoever uses it put beside a file, by the endings of their names."""


def files_of(url: DatabaseUrl) -> list[Path]:
    """Return the files that a SQLite database consists of, those that are there; none for PostgreSQL."""
    if url.get_backend_name() != "sqlite":
        return []
    bases = [Path(str(url.database)), workflow_file(url)]
    files = [base.with_name(base.name + ending) for base in bases for ending in ("", "-wal", "-journal")]
    return [file for file in files if file.is_file()]


def is_of(url: DatabaseUrl, path: Path) -> bool:
    """Say whether a path is one of a SQLite database's own, whether there is a file at this moment or not."""
    if url.get_backend_name() != "sqlite":
        return False
    bases = (Path(str(url.database)), workflow_file(url))
    return any(_is_one(base.with_name(base.name + ending), path) for base in bases for ending in ("", *_BESIDE))


def _is_one(file: Path, other: Path) -> bool:
    """Say whether two paths lead to the same file, or would."""
    try:
        return file.samefile(other)
    except OSError:  # one of them is not there
        return os.path.realpath(file) == os.path.realpath(other)


async def clean(url: DatabaseUrl, *, whole: bool = True) -> dict[str, str]:
    """Leave nothing behind of what is not stored any more; return what was done, by file or server.

    SQLite: the file is written anew where ``whole``, for which writers wait, and its journal is emptied; it needs as
    much room as the file has. PostgreSQL: dead rows are given free; its own journal and backups keep what they have.
    """
    if url.get_backend_name() == "sqlite":
        return await asyncio.to_thread(lambda: dict(_cleaned(url, whole=whole)))
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        async with engine.connect() as connection:
            names = ", ".join(f'"{name}"' for name in sorted(METADATA.tables))
            await connection.execute(sa.text(f"VACUUM {names}"))
    finally:
        await engine.dispose()
    return {"postgresql": "vacuumed"}


def _cleaned(url: DatabaseUrl, *, whole: bool) -> Iterator[tuple[str, str]]:
    for file in (Path(str(url.database)), workflow_file(url)):
        if file.is_file():
            with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA secure_delete = ON")
                done = _written_anew(connection) if whole else "kept"
                emptied = _is_emptied(connection)
            yield file.name, f"{done}, journal {'emptied' if emptied else 'in use: clean again later'}"


def _written_anew(connection: sqlite3.Connection) -> str:
    """Write the file anew, and say so; or why that was not possible."""
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        return f"not written anew ({error}): run it again"
    return "written anew"


def _is_emptied(connection: sqlite3.Connection) -> bool:
    """Empty the journal; whoever reads may hold it for a moment."""
    for _ in range(_TRIES):
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
            return True
        time.sleep(_PAUSE_SECONDS)
    return False
