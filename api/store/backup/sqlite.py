"""Backup and restore of a SQLite database: two files, the service's and its workflows', as of one moment."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import URL

from api.store.backup.archive import EVER_THERE, Archive, Writer, being_written
from api.store.migrate import upgrade
from api.store.tables import METADATA
from api.store.workflows import workflow_file
from classifier.errors import InputError

__all__ = ["ERRORS", "dump", "load", "size"]

ERRORS: Final = (sqlite3.Error,)
"""What the driver raises."""

_STORE: Final = "recupera.db"
_WORKFLOWS: Final = "recupera-workflows.db"
_BUSY_SECONDS: Final = 30.0
_PAGES: Final = 1024
_CHUNK: Final = 1024 * 1024


def dump(url: URL, writer: Writer, folder: Path, advance: Callable[[int], None]) -> None:
    """Write both files, as they are at one moment, while others go on writing; copies are made in ``folder``.

    The two write locks are held together only until both views are open: a few milliseconds.
    """
    paths = _paths(url)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".recupera-backup-") as place, ExitStack() as stack:
        views = _views(stack, list(paths.values()))
        for name, view in zip(paths, views, strict=True):
            copy = Path(place) / name
            _copy(view, copy)
            with copy.open("rb") as file, writer.member(name) as write:
                while chunk := file.read(_CHUNK):
                    write(chunk)
                    advance(len(chunk))
            copy.unlink()


def size(url: URL) -> int:
    """Return how many bytes there are to write, about."""
    return sum(path.stat().st_size for path in _paths(url).values())


def load(url: URL, archive: Archive, *, force: bool, advance: Callable[[int], None]) -> None:
    """Put the files of a backup in the place of those that are there, brought up to date first.

    Raise ``InputError`` if a process uses them, or if they hold anything and ``force`` is not given.
    """
    main = Path(str(url.database))
    if _STORE not in archive.manifest.members:
        raise InputError("the backup holds no database")
    main.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    targets = {_STORE: main, _WORKFLOWS: workflow_file(url)}
    with _alone(url):
        if not force and not _is_empty(main):
            raise InputError(f"{main} holds messages or settings already: restore elsewhere, or replace it by --force")
        with tempfile.TemporaryDirectory(dir=main.parent, prefix=".recupera-restore-") as place:
            made = {name: Path(place) / name for name in targets if name in archive.manifest.members}
            for name, path in made.items():
                with being_written(path) as file:
                    for chunk in archive.chunks(name):
                        file.write(chunk)
                        advance(len(chunk))
            _bring_up_to_date(made[_STORE])
            _put(targets, made)


def _paths(url: URL) -> Mapping[str, Path]:
    """Return the files that are there, by their names in a backup."""
    paths = {_STORE: Path(str(url.database)), _WORKFLOWS: workflow_file(url)}
    return {name: path for name, path in paths.items() if path.is_file()}


def _views(stack: ExitStack, paths: Sequence[Path]) -> list[sqlite3.Connection]:
    """Return connections that see the files as they were while nobody could write to any."""
    with ExitStack() as holding:
        for path in paths:
            holder = holding.enter_context(closing(_connect(path)))
            holder.execute("BEGIN IMMEDIATE")
        views = [stack.enter_context(closing(_connect(path))) for path in paths]
        for view in views:
            view.execute("BEGIN")
            view.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return views


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _copy(view: sqlite3.Connection, path: Path) -> None:
    """Copy a view into a file, and have SQLite look over the copy."""
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as copy:
        view.backup(copy, pages=_PAGES)
        (said,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise InputError(f"the database {path.name} is damaged, so it was not backed up: {said}")


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Keep others out of the files, or raise ``InputError`` because one is at them: no worker, no open database."""
    main = Path(str(url.database))
    refusal = f"a service or a worker uses {main}: stop it first"
    worker = os.open(f"{main}.worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with ExitStack() as stack:
        stack.callback(os.close, worker)
        try:
            fcntl.flock(worker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(refusal) from None
        if not all(map(_is_unused, _paths(url).values())):
            raise InputError(refusal)
        yield


def _is_unused(path: Path) -> bool:
    """Say whether nobody else has a database open, and have its journal done with; what is none is unused."""
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True
    return True


def _is_empty(path: Path) -> bool:
    """Say whether there is nothing that a restore would destroy; what can't be read is not empty."""
    if not path.is_file() or path.stat().st_size == 0:
        return True
    with closing(_connect(path)) as connection:
        try:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            tables = sorted(there & (set(METADATA.tables) - EVER_THERE))
            found = (connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for name in tables)  # noqa: S608
            return bool(tables) and not any(found)
        except sqlite3.DatabaseError:
            return False


def _bring_up_to_date(path: Path) -> None:
    """Apply the migrations that are missing; no key is needed for that."""
    url = URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool, connect_args={"isolation_level": None})
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        upgrade(connection)


def _put(targets: Mapping[str, Path], made: Mapping[str, Path]) -> None:
    """Replace the files, the service's own last: workflows that it does not know are begun again from its cases."""
    for name in (_WORKFLOWS, _STORE):
        for ending in ("-wal", "-shm"):
            targets[name].with_name(targets[name].name + ending).unlink(missing_ok=True)
        if name in made:
            made[name].replace(targets[name])
        else:
            targets[name].unlink(missing_ok=True)
    folder = os.open(targets[_STORE].parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
