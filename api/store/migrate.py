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

__all__ = ["upgrade", "verify"]

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x7265_6375_7065_7261
"""The advisory lock that processes starting together take in turn; the letters of the project's name."""


def upgrade(connection: sa.Connection) -> None:
    """Apply the migrations that are missing, within the caller's transaction: all of them or none.

    Processes that start together take turns: on SQLite by the write lock that the transaction holds, on PostgreSQL
    by an advisory lock. Raise ``InputError`` if a newer Recupera made the tables.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise InputError("the database was made by a newer Recupera: install that version, or use another") from None


def verify(connection: sa.Connection) -> None:
    """Raise ``InputError`` unless the tables are those of this version; change nothing."""
    made = set(MigrationContext.configure(connection).get_current_heads())
    if made != set(ScriptDirectory.from_config(_config()).get_heads()):
        raise InputError("its tables are those of another version: start this version's service on it once")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
