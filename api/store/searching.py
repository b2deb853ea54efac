"""Every row of every table, and every byte of a SQLite database's files, looked through for what should be gone."""

from __future__ import annotations

import asyncio
import json
import mmap
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from api.store.cleaning import files_of
from api.store.database import DatabaseUrl, Store
from api.store.sealing import MARK
from api.store.vault import Vault
from api.store.workflows import SCHEMA, workflow_file
from classifier.errors import InputError

__all__ = ["Beside", "Found", "Searched", "search"]

_PART: Final = 500
_TOKEN: Final = re.compile(re.escape(MARK) + r"([A-Za-z0-9_=-]+)")
_SHORTEST_IN_FILE: Final = 8
"""Values stand side by side in a file, so that what is short is found by chance."""


Row = tuple[str, str]
"""What names a row, and all of it as a text."""
Beside = Mapping[str, Callable[[], Iterator[Sequence[Row]]]]
"""More to look through, by what it is called: some rows, or lines of a file, at a time."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where something was found: a table and a row, or a file; ``kinds`` says what, never the value itself."""

    where: str
    key: str
    kinds: tuple[str, ...]


@dataclass(slots=True)
class Searched:
    """How much was looked through, and what was found."""

    tables: int = 0
    rows: int = 0
    files: int = 0
    found: list[Found] = field(default_factory=list)


async def search(
    store: Store, url: DatabaseUrl, values: Mapping[str, str], vault: Vault | None, beside: Beside | None = None
) -> Searched:
    """Look for ``values``, each with its kind, in all that is stored and ``beside`` it; what is encrypted is opened.

    In a row, letters or digits around a place mean that it is another word.
    """
    searched, needles = Searched(), _Needles(values)
    await asyncio.to_thread(_search_beside, beside or {}, needles, searched)
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(_search_sqlite, url, needles, vault, searched)
        return searched
    async for table, rows in _postgres(store):
        searched.tables += isinstance(rows, _Begin)
        if not isinstance(rows, _Begin):
            _look(table, rows, needles, vault, searched)
    return searched


class _Needles:
    """What is looked for, in every way in which it can be written down."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._forms: dict[str, tuple[str, re.Pattern[str]]] = {}
        for value, kind in values.items():
            written = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
            twice = {json.dumps(form, ensure_ascii=False)[1:-1] for form in written}
            for form in written | twice | {value.encode().hex()}:
                self._forms[form] = kind, re.compile(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])")

    def within(self, text: str) -> tuple[str, ...]:
        """Return the kinds of what a text holds."""
        return tuple(
            sorted({kind for form, (kind, exact) in self._forms.items() if form in text and exact.search(text)})
        )

    def may_be_within(self, text: str) -> bool:
        """Say, quickly, whether a text may hold one."""
        return any(form in text for form in self._forms)

    def in_file(self, file: Path) -> tuple[str, ...]:
        """Return the kinds of what the bytes of a file hold."""
        if file.stat().st_size == 0:
            return ()
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            long = [(kind, form.encode()) for form, (kind, _) in self._forms.items() if len(form) >= _SHORTEST_IN_FILE]
            return tuple(sorted({kind for kind, form in long if mapped.find(form) >= 0}))


@dataclass(frozen=True, slots=True)
class _Begin:
    """A table begins."""


def _search_beside(beside: Beside, needles: _Needles, searched: Searched) -> None:
    for name, parts in beside.items():
        searched.files += 1
        for part in parts():
            _look(name, part, needles, None, searched)


def _search_sqlite(url: DatabaseUrl, needles: _Needles, vault: Vault | None, searched: Searched) -> None:
    for file in (Path(str(url.database)), workflow_file(url)):
        if file.is_file():
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                for table in _tables(connection):
                    searched.tables += 1
                    for part in _sqlite_rows(connection, table):
                        _look(table, part, needles, vault, searched)
    for file in files_of(url):
        searched.files += 1
        if kinds := needles.in_file(file):
            searched.found.append(Found("file", file.name, kinds))


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    return [name for (name,) in connection.execute(query)]


def _sqlite_rows(connection: sqlite3.Connection, table: str) -> Iterator[Sequence[Row]]:
    cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name that the database gave
    names = [column[0] for column in cursor.description]
    place = names.index("id") if "id" in names else 0
    while rows := cursor.fetchmany(_PART):
        yield [(str(row[place]), "\x1f".join(_written(value) for value in row)) for row in rows]


def _written(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


async def _postgres(store: Store) -> AsyncIterator[tuple[str, _Begin | Sequence[Row]]]:
    async with store.read() as connection:
        listed = sa.text(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_schema IN (current_schema(), :workflows) ORDER BY 1, 2"
        )
        for schema, table in (await connection.execute(listed, {"workflows": SCHEMA})).all():
            yield table, _Begin()
            every = sa.text(f'SELECT row_to_json(t)::text FROM "{schema}"."{table}" t')  # noqa: S608
            found = await connection.stream(every)
            async for part in found.scalars().partitions(_PART):
                yield table, [(_key(row), row) for row in part]


def _key(row: str) -> str:
    values: dict[str, Any] = json.loads(row)
    return str(values.get("id") or next(iter(values.values()), ""))


def _look(table: str, rows: Sequence[Row], needles: _Needles, vault: Vault | None, searched: Searched) -> None:
    searched.rows += len(rows)
    opened = [(key, _opened(text, vault)) for key, text in rows]
    if not needles.may_be_within("\x1e".join(text for _, text in opened)):
        return
    for key, text in opened:
        if kinds := needles.within(text):
            searched.found.append(Found(table, key, kinds))


def _opened(text: str, vault: Vault | None) -> str:
    """Return a row with what is encrypted in it after it, clear; raise ``InputError`` without the key."""
    tokens = _TOKEN.findall(text) if MARK in text else []
    if vault is None or not tokens:
        return text
    clear = []
    for token in tokens:
        try:
            clear.append(vault.open_text(token))
        except InputError:
            continue  # a customer may write such a word
    return "\x1f".join([text, *clear])
