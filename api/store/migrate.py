"""Brings the tables up to date, at every start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from classifier.errors import InputError

__all__ = ["check_known", "head", "upgrade", "verify"]

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x7265_6375_7065_7261
"""The advisory lock that processes starting together take in turn; the letters of the project's name."""
_NEWER: Final = "the database was made by a newer Recupera: install that version, or use another"


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Apply the migrations up to ``revision`` that are missing, within the caller's transaction: all of them or none.

    Processes that start together take turns: on SQLite by the write lock that the transaction holds, on PostgreSQL
    by an advisory lock. Raise ``InputError`` if a newer Recupera made the tables.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise InputError(_NEWER) from None


def verify(connection: sa.Connection) -> None:
    """Raise ``InputError`` unless the tables are those of this version; change nothing."""
    made = MigrationContext.configure(connection).get_current_heads()
    for revision in made:
        check_known(revision)
    if set(made) != {head()}:
        raise InputError("its tables are those of another version: start this version's service on it once")


def head() -> str:
    """Return the revision of this version's tables."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def check_known(revision: str) -> None:
    """Raise ``InputError`` if tables of a revision were made by a newer Recupera."""
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError:
        raise InputError(_NEWER) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
