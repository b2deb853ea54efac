"""Backup and restore of a PostgreSQL database by COPY, as of one moment; the client programs aren't needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.engine import URL

from api.store.backup.archive import EVER_THERE, Archive, Writer
from api.store.migrate import upgrade, verify
from api.store.tables import METADATA
from api.store.workflows import SCHEMA
from classifier.errors import InputError

__all__ = ["ERRORS", "dump", "load", "size"]

ERRORS: Final = (psycopg.Error,)
"""What the driver raises."""

_VERSIONS: Final = "alembic_version"
_LIBRARY: Final = "dbos_migrations"
_SCHEMAS: Final = {"store": None, "workflows": SCHEMA}
"""The schema of each part of a backup; without a name the first one of the connection."""


def dump(url: URL, writer: Writer, _folder: Path, advance: Callable[[int], None]) -> None:
    """Write every row of both schemas as of one moment, while others go on writing; no copy is made meanwhile."""
    with _engine(url).connect() as connection:
        view = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        verify(view)
        for part, table in _tables(view):
            columns = _stored(table)
            with writer.member(f"{part}/{table.name}", columns) as write, _cursor(view) as cursor:
                statement = sql.SQL("COPY {} ({}) TO STDOUT").format(_named(table), _listed(columns))
                with cursor.copy(statement) as rows:
                    for row in rows:
                        write(bytes(row))
                        advance(len(row))


def size(url: URL) -> int:
    """Return how many bytes there are to write, about."""
    with _engine(url).connect() as connection:
        sizes = (sa.func.pg_table_size(str(_plain(table))) for _, table in _tables(connection))
        return sum(int(connection.execute(sa.select(one)).scalar_one()) for one in sizes)


def load(url: URL, archive: Archive, *, force: bool, advance: Callable[[int], None]) -> None:
    """Put the rows of a backup in the place of those that are there: all in one transaction, brought up to date.

    Raise ``InputError`` if another process of Recupera is connected, or if the tables hold anything and ``force`` is
    not given.
    """
    engine = _engine(url)
    with engine.begin() as connection:
        _check(connection, force=force)
    _make_library_tables(url)
    with engine.begin() as connection:
        _check(connection, force=force)
        _drop(connection)
        upgrade(connection, archive.manifest.revision)
        tables = {f"{part}/{table.name}": table for part, table in _tables(connection)}
        unknown = sorted(set(archive.manifest.members) - set(tables))
        if unknown:
            raise InputError(f"{unknown[0]} in the backup is no table that this version knows: install the newer one")
        for member, table in tables.items():
            _fill(connection, table, member, archive, advance)
        upgrade(connection)


def _engine(url: URL) -> sa.Engine:
    return sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool)


def _tables(connection: sa.Connection) -> list[tuple[str, sa.Table]]:
    """Return the tables of both parts as they are, each after those that it refers to."""
    found = []
    for part, schema in _SCHEMAS.items():
        there = sa.MetaData()
        only = None if schema else (lambda name, _: name in METADATA.tables)
        there.reflect(connection, schema=schema, only=only)
        found += [(part, table) for table in there.sorted_tables if table.name != _LIBRARY]
    return found


def _stored(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns if column.computed is None]


def _check(connection: sa.Connection, *, force: bool) -> None:
    """Raise ``InputError`` if it must not be restored into this database."""
    others = connection.execute(
        sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name = 'recupera' AND backend_type = 'client backend'"
        )
    ).scalar_one()
    if others:
        raise InputError(f"a service or a worker uses the database ({others} connections): stop it first")
    there = set(sa.inspect(connection).get_table_names())
    asked = [METADATA.tables[name] for name in sorted(there & set(METADATA.tables) - EVER_THERE)]
    if not force and any(connection.execute(sa.select(sa.literal(1)).select_from(t).limit(1)).first() for t in asked):
        raise InputError("the database holds messages or settings already: restore elsewhere, or replace it by --force")


def _make_library_tables(url: URL) -> None:
    """Have the workflow library make its tables, or bring them up to date, as a start of the service would."""
    from dbos import DBOS

    DBOS.migrate(url.render_as_string(hide_password=False), schema=SCHEMA)


def _drop(connection: sa.Connection) -> None:
    """Drop the service's tables, what hangs on them, and the rows of the workflow library."""
    there = set(sa.inspect(connection).get_table_names())
    functions = connection.execute(
        sa.text(
            "SELECT DISTINCT t.tgfoid::regprocedure::text FROM pg_trigger t WHERE NOT t.tgisinternal "
            "AND t.tgrelid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) name)"
        ),
        {"names": sorted(METADATA.tables)},
    ).scalars()
    for function in functions.all():
        connection.exec_driver_sql(f"DROP FUNCTION {function} CASCADE")
    for name in sorted(there & {*METADATA.tables, _VERSIONS}):
        connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
    library = [table for part, table in _tables(connection) if part == "workflows"]
    if library:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(_plain(table) for table in library)}")


def _fill(
    connection: sa.Connection, table: sa.Table, member: str, archive: Archive, advance: Callable[[int], None]
) -> None:
    """Write the rows of one table, without what its triggers would do, and let its counters go on after them."""
    found = archive.manifest.members.get(member)
    unknown = set(found.columns) - set(table.columns.keys()) if found else set()
    if unknown:
        raise InputError(f"{member} in the backup has columns that this version does not know: install the newer one")
    connection.execute(table.delete())
    if found is None or not found.size:
        return
    connection.exec_driver_sql(f"ALTER TABLE {_plain(table)} DISABLE TRIGGER USER")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_named(table), _listed(found.columns))
    with _cursor(connection) as cursor, cursor.copy(statement) as rows:
        for chunk in archive.chunks(member):
            rows.write(chunk)
            advance(len(chunk))
    connection.exec_driver_sql(f"ALTER TABLE {_plain(table)} ENABLE TRIGGER USER")
    for column in table.columns:
        _count_on(connection, table, column.name)


def _count_on(connection: sa.Connection, table: sa.Table, column: str) -> None:
    """Set the counter of a column, if it has one, past the highest number that is there."""
    counter = connection.execute(sa.select(sa.func.pg_get_serial_sequence(_plain(table), column))).scalar()
    if counter is not None:
        highest = sa.select(sa.func.max(table.c[column])).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(counter, sa.func.coalesce(highest, 1))))


def _plain(table: sa.Table) -> str:
    """Return the name of a table, quoted."""
    name = f'"{table.name}"'
    return name if table.schema is None else f'"{table.schema}".{name}'


def _named(table: sa.Table) -> sql.Identifier:
    return sql.Identifier(table.name) if table.schema is None else sql.Identifier(table.schema, table.name)


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _cursor(connection: sa.Connection) -> psycopg.Cursor[Any]:
    """Return a cursor of the driver, within the transaction of a connection."""
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()
