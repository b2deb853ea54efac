"""Sample messages are found by an index of their own, and the views for dashboards say what is a sample."""

# ruff: noqa: S608 - every part of every statement is written here

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from api.store.migrations.versions.v0008_views import statements

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NAMED: Final = " AND ".join(f"substr({name}, 1, 16) = 'recupera-sample-'" for name in ("external_id", "customer_id"))
_KEYS: Final = {"recupera_cases": ("case_id", "case_id")}
"""By which column of the messages a row of a view finds its own, and how the view calls it."""


def upgrade() -> None:
    """Make the index, and the views with one column more at their end."""
    some = sa.text(_NAMED)
    op.create_index("ix_messages_samples", "messages", ["id"], postgresql_where=some, sqlite_where=some)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, statement in statements(sqlite=sqlite).items():
        if sqlite:
            op.execute(f"DROP VIEW {name}")
        op.execute(_with_samples(name, statement, "CREATE VIEW" if sqlite else "CREATE OR REPLACE VIEW"))


def downgrade() -> None:
    """Make the views as they were, and drop the index."""
    for name, statement in statements(sqlite=op.get_bind().dialect.name == "sqlite").items():
        op.execute(f"DROP VIEW {name}")
        op.execute(statement)
    op.drop_index("ix_messages_samples", table_name="messages")


def _with_samples(name: str, statement: str, create: str) -> str:
    """Return a view's statement with the column ``sample``; what was granted on it is kept where it is replaced."""
    query = statement.removeprefix(f"CREATE VIEW {name} AS ")
    key, own = _KEYS.get(name, ("id", "message_id"))
    sample = f"EXISTS (SELECT 1 FROM messages s WHERE s.{key} = v.{own} AND {_NAMED})"
    return f"{create} {name} AS SELECT v.*, {sample} AS sample FROM ({query}) v"
