"""When the next step of a case is due, how sure the model was of a message, and the indexes for both lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TOGETHER = 1000
_FILTERS = ["priority", "owner", "channel", "double_deviation"]


def upgrade() -> None:
    """Make column and indexes, and look up what is due next."""
    op.add_column("cases", sa.Column("next_due", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE cases SET next_due = (SELECT min(coalesce(s.due_at, cases.resolution_due, cases.opened_at)) "
        "FROM steps s WHERE s.case_id = cases.id AND s.revision = cases.revision "
        "AND coalesce(s.status, '') = 'pending')"
    )
    op.create_index("ix_cases_queue", "cases", ["status", "next_due", "id", *_FILTERS])
    op.create_index("ix_cases_newest", "cases", ["status", "id", *_FILTERS])
    op.drop_index(op.f("ix_cases_status_id"), table_name="cases")
    op.add_column("messages", sa.Column("sureness", sa.Float(), nullable=False, server_default="1"))
    _look_up_sureness(op.get_bind())
    op.create_index("ix_messages_to_review", "messages", ["review", "sureness", "id"])
    op.create_index(op.f("ix_feedback_message_id_id_reviewer"), "feedback", ["message_id", "id", "reviewer"])
    op.drop_index(op.f("ix_feedback_message_id_id"), table_name="feedback")


def downgrade() -> None:
    """Drop what was made."""
    op.create_index(op.f("ix_feedback_message_id_id"), "feedback", ["message_id", "id"])
    op.drop_index(op.f("ix_feedback_message_id_id_reviewer"), table_name="feedback")
    op.drop_index("ix_messages_to_review", table_name="messages")
    op.drop_column("messages", "sureness")
    op.create_index(op.f("ix_cases_status_id"), "cases", ["status", "id"])
    op.drop_index("ix_cases_newest", table_name="cases")
    op.drop_index("ix_cases_queue", table_name="cases")
    op.drop_column("cases", "next_due")


def _look_up_sureness(connection: sa.Connection) -> None:
    """Say of the messages that wait for a person how sure the model was; those that can't be read keep 1."""
    table = sa.table("messages", *map(sa.column, ("id", "review", "classification", "sureness")))
    waiting = sa.select(table.c.id, table.c.classification).where(table.c.review == "needed")
    change = table.update().where(table.c.id == sa.bindparam("this")).values(sureness=sa.bindparam("sure"))
    last = ""
    while rows := connection.execute(waiting.where(table.c.id > last).order_by(table.c.id).limit(_TOGETHER)).all():
        last = rows[-1].id
        connection.execute(change, [{"this": row.id, "sure": _sureness(row.classification)} for row in rows])


def _sureness(written: Any) -> float:
    """Return the product of the likelihoods of all answers."""
    try:
        read = json.loads(written) if isinstance(written, str) else written
    except ValueError:  # encrypted
        return 1.0
    product = 1.0
    for likely in _likelihoods(read) if isinstance(read, Mapping) else ():
        product *= likely
    return product


def _likelihoods(read: Mapping[str, Any]) -> Iterator[float]:
    for decision in read.values():
        if not isinstance(decision, Mapping):
            continue
        if isinstance(decision.get("probability"), float):
            yield max(decision["probability"], 1 - decision["probability"])
        elif isinstance(decision.get("probabilities"), Mapping):
            yield decision["probabilities"].get(decision.get("primary", decision.get("label")), 1.0)
