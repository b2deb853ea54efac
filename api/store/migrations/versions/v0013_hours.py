"""The hour of a change, so that only its rows are counted again; and an index for cases without a step to do."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from api.store.migrations.versions.v0007_analytics import dropped, made

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DAY: Final = {"sqlite": "substr({}, 1, 10)", "postgresql": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"}
_HOUR: Final = {
    "sqlite": "CAST(substr({}, 12, 2) AS INTEGER)",
    "postgresql": "CAST(extract(hour FROM {} AT TIME ZONE 'UTC') AS SMALLINT)",
}


def upgrade() -> None:
    """Make column and index; what was noted without an hour stands for the whole day."""
    op.add_column("cell_changes", sa.Column("hour", sa.SmallInteger(), nullable=True))
    dialect = op.get_bind().dialect.name
    _noting({"day": _DAY[dialect], "hour": _HOUR[dialect]})
    nothing_due = sa.text("next_due IS NULL")
    op.create_index(
        "ix_cases_to_finish", "cases", ["status", "id"], postgresql_where=nothing_due, sqlite_where=nothing_due
    )


def downgrade() -> None:
    """Drop what was made."""
    op.drop_index("ix_cases_to_finish", table_name="cases")
    _noting({"day": _DAY[op.get_bind().dialect.name]})
    op.drop_column("cell_changes", "hour")


def _noting(parts: dict[str, str]) -> None:
    """Have the triggers note these parts of a moment."""
    dialect = op.get_bind().dialect.name
    for statement in (*dropped(dialect), *made(dialect, parts)):
        op.execute(statement)
