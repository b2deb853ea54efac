"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "policies",
        sa.Column("version", sa.String(length=256), nullable=False),
        sa.Column("first_used", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("thread_id", sa.String(length=512), nullable=True),
        sa.Column("customer_id", sa.String(length=256), nullable=True),
        sa.Column("customer", sa.JSON(), nullable=True),
        sa.Column("priority", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=256), nullable=True),
        sa.Column("first_answer_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.String(length=256), nullable=True),
        sa.Column("double_deviation", sa.Boolean(), nullable=False),
        sa.Column("complaints", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["policy_version"], ["policies.version"], name=op.f("fk_cases_policy_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_customer_id"), "cases", ["customer_id"], unique=False)
    op.create_index(op.f("ix_cases_status_id"), "cases", ["status", "id"], unique=False)
    op.create_index(op.f("ix_cases_status_resolution_due"), "cases", ["status", "resolution_due"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_case_id_id"), "outbox", ["case_id", "id"], unique=False)
    op.create_index(op.f("ix_outbox_done_at_id"), "outbox", ["done_at", "id"], unique=False)
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=True),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_history_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_case_id_id"), "history", ["case_id", "id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("customer", sa.JSON(), nullable=True),
        sa.Column("customer_id", sa.String(length=256), nullable=True),
        sa.Column("thread_id", sa.String(length=512), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("classification", sa.JSON(), nullable=False),
        sa.Column("personal", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=256), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("complaint", sa.Boolean(), nullable=True),
        sa.Column("motive", sa.String(length=32), nullable=True),
        sa.Column("severity", sa.String(length=32), nullable=True),
        sa.Column("justice", sa.String(length=32), nullable=True),
        sa.Column("quality", sa.String(length=32), nullable=True),
        sa.Column("touchpoint", sa.String(length=32), nullable=True),
        sa.Column("tone", sa.String(length=32), nullable=True),
        sa.Column("guarantee", sa.Boolean(), nullable=True),
        sa.Column("conduct", sa.String(length=32), nullable=True),
        sa.Column("review", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_messages_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_messages_channel_external_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_messages_idempotency_key")),
    )
    op.create_index(op.f("ix_messages_case_id"), "messages", ["case_id"], unique=False)
    op.create_index(op.f("ix_messages_complaint_id"), "messages", ["complaint", "id"], unique=False)
    op.create_index(op.f("ix_messages_conduct_id"), "messages", ["conduct", "id"], unique=False)
    op.create_index(op.f("ix_messages_customer_id_thread_id"), "messages", ["customer_id", "thread_id"], unique=False)
    op.create_index(op.f("ix_messages_quality_id"), "messages", ["quality", "id"], unique=False)
    op.create_index(op.f("ix_messages_received_at"), "messages", ["received_at"], unique=False)
    op.create_index(op.f("ix_messages_review_id"), "messages", ["review", "id"], unique=False)
    op.create_index(op.f("ix_messages_severity_id"), "messages", ["severity", "id"], unique=False)
    op.create_index(op.f("ix_messages_thread_id_channel"), "messages", ["thread_id", "channel"], unique=False)
    op.create_index(op.f("ix_messages_tone_id"), "messages", ["tone", "id"], unique=False)
    op.create_index(op.f("ix_messages_touchpoint_id"), "messages", ["touchpoint", "id"], unique=False)
    op.create_table(
        "steps",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.String(length=128), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_steps_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "revision", "id", name=op.f("pk_steps")),
    )
    op.create_index(op.f("ix_steps_status_due_at"), "steps", ["status", "due_at"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_feedback_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_message_id_id"), "feedback", ["message_id", "id"], unique=False)
    op.create_table(
        "message_labels",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("task", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_labels_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "task", "label", name=op.f("pk_message_labels")),
    )
    op.create_index(
        op.f("ix_message_labels_task_label_message_id"), "message_labels", ["task", "label", "message_id"], unique=False
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_index(op.f("ix_message_labels_task_label_message_id"), table_name="message_labels")
    op.drop_table("message_labels")
    op.drop_index(op.f("ix_feedback_message_id_id"), table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(op.f("ix_steps_status_due_at"), table_name="steps")
    op.drop_table("steps")
    op.drop_index(op.f("ix_messages_touchpoint_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_tone_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_thread_id_channel"), table_name="messages")
    op.drop_index(op.f("ix_messages_severity_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_review_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_received_at"), table_name="messages")
    op.drop_index(op.f("ix_messages_quality_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_customer_id_thread_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_conduct_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_complaint_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_case_id"), table_name="messages")
    op.drop_table("messages")
    op.drop_index(op.f("ix_history_case_id_id"), table_name="history")
    op.drop_table("history")
    op.drop_index(op.f("ix_outbox_message_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_done_at_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_case_id_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_cases_status_resolution_due"), table_name="cases")
    op.drop_index(op.f("ix_cases_status_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_customer_id"), table_name="cases")
    op.drop_table("cases")
    op.drop_table("policies")
