"""What was read of each mailbox, and how far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "inbox_mails",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=512), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("identifier", sa.String(length=512), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("decided", sa.JSON(), nullable=False),
        sa.Column("present", sa.JSON(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tagged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_inbox_mails_message_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_mails")),
        sa.UniqueConstraint(
            "inbox", "folder", "uidvalidity", "uid", name=op.f("uq_inbox_mails_inbox_folder_uidvalidity_uid")
        ),
    )
    op.create_index(op.f("ix_inbox_mails_inbox_digest"), "inbox_mails", ["inbox", "digest"])
    op.create_index(op.f("ix_inbox_mails_inbox_state"), "inbox_mails", ["inbox", "state"])
    op.create_index(op.f("ix_inbox_mails_message_id"), "inbox_mails", ["message_id"])
    op.create_table(
        "inbox_folders",
        sa.Column("inbox", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(length=512), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("inbox", "folder", name=op.f("pk_inbox_folders")),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("inbox_folders")
    for columns in ("message_id", "inbox_state", "inbox_digest"):
        op.drop_index(op.f(f"ix_inbox_mails_{columns}"), table_name="inbox_mails")
    op.drop_table("inbox_mails")
