"""How a help desk's message is known that has several names, or none: by its words, and when they were said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make columns and index; what came before is known by its key alone."""
    op.add_column("inbound", sa.Column("alike", sa.String(128), nullable=True))
    op.add_column("inbound", sa.Column("named", sa.Boolean(), nullable=True))
    op.add_column("inbound", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True))
    some = sa.text("alike IS NOT NULL")
    op.create_index("ix_inbound_alike", "inbound", ["channel", "alike"], postgresql_where=some, sqlite_where=some)


def downgrade() -> None:
    """Drop what was made."""
    op.drop_index("ix_inbound_alike", table_name="inbound")
    for name in ("said_at", "named", "alike"):
        op.drop_column("inbound", name)
