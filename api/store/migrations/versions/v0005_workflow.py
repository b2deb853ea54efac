"""What the workflow of a case keeps: when to look again, what was told once, who executes workflows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table of executors."""
    op.add_column("cases", sa.Column("openings", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("cases", sa.Column("workflow_version", sa.String(length=32), nullable=True))
    op.add_column("cases", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_cases_next_at"), "cases", ["next_at"])
    op.add_column("outbox", sa.Column("key", sa.String(length=255), nullable=True))
    op.create_index(op.f("ix_outbox_key"), "outbox", ["key"], unique=True)
    op.create_table(
        "executors",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executors")),
    )


def downgrade() -> None:
    """Drop the columns and the table."""
    op.drop_table("executors")
    op.drop_index(op.f("ix_outbox_key"), table_name="outbox")
    op.drop_column("outbox", "key")
    op.drop_index(op.f("ix_cases_next_at"), table_name="cases")
    for column in ("next_at", "workflow_version", "openings"):
        op.drop_column("cases", column)
