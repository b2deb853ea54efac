"""Looks for words in everything that a service writes, by other means than the service's own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import psycopg

__all__ = ["in_bytes", "in_files", "in_tables"]


def in_bytes(data: bytes | str, words: Iterable[str]) -> set[str]:
    """Return those of ``words`` that are in ``data``, also as JSON and HTML write them."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    return {word for word in words if any(form in text for form in {word, json.dumps(word)[1:-1]})}


def in_tables(database: str, words: Iterable[str], *, but: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Return by table which words its rows hold."""
    rows = _sqlite_rows(database) if database.startswith("sqlite") else _postgres_rows(database)
    found: dict[str, set[str]] = {}
    for table, row in rows:
        if table not in but and (held := in_bytes(row, words)):
            found.setdefault(table, set()).update(held)
    return found


def in_files(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """Return by file which words its bytes hold."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {file.name: held for file in files if (held := in_bytes(file.read_bytes(), words))}


def _sqlite_rows(database: str) -> list[tuple[str, str]]:
    file = Path(database.removeprefix("sqlite:///"))
    found = []
    for path in sorted(file.parent.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found += [(t, "\n".join(map(str, row))) for t in tables for row in connection.execute(f"SELECT * FROM {t}")]
    return found


def _postgres_rows(database: str) -> list[tuple[str, str]]:
    with psycopg.connect(database) as server:
        tables = server.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        return [(t, row) for schema, t in tables for (row,) in server.execute(f'SELECT t::text FROM {schema}."{t}" t')]
