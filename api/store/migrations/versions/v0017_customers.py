"""Messages are found by their customer alone: with the thread a row of the index could exceed what PostgreSQL takes."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the narrower index in the place of the other."""
    op.create_index(op.f("ix_messages_customer_id"), "messages", ["customer_id"])
    op.drop_index(op.f("ix_messages_customer_id_thread_id"), table_name="messages")


def downgrade() -> None:
    """Make the index as it was."""
    op.create_index(op.f("ix_messages_customer_id_thread_id"), "messages", ["customer_id", "thread_id"])
    op.drop_index(op.f("ix_messages_customer_id"), table_name="messages")
