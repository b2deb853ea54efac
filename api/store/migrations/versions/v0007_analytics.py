"""Daily cells of messages and cases, and the triggers that note what changed since they were counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MESSAGE: Final = (
    "channel, customer, received_at, classification, model, language, complaint, motive, severity, justice, quality, "
    "touchpoint, tone, guarantee, conduct, review, case_id"
)
_CASE: Final = (
    "opened_at, channel, customer, status, outcome, double_deviation, first_answer_due, resolution_due, closed_at, "
    "policy_version, plan"
)
_CASE_OF: Final = "SELECT 'case', {opened} FROM cases WHERE id = {row}.case_id"
_OF_MESSAGE: Final = "SELECT 'message', {received} FROM messages WHERE id = {row}.message_id"
_CASES_MESSAGES: Final = "cases JOIN messages ON messages.case_id = cases.id"
_CASE_OF_MESSAGE: Final = f"SELECT 'case', {{opened}} FROM {_CASES_MESSAGES} WHERE messages.id = {{row}}.message_id"  # noqa: S608
_TRIGGERS: Final = (
    ("messages", "INSERT", "", ("SELECT 'message', {new.received_at}",)),
    (
        "messages",
        f"UPDATE OF {_MESSAGE}",
        "",
        ("SELECT 'message', {old.received_at}", "SELECT 'message', {new.received_at}", _CASE_OF),
    ),
    ("messages", "DELETE", "", ("SELECT 'message', {old.received_at}", _CASE_OF)),
    ("feedback", "INSERT", "", (_OF_MESSAGE, _CASE_OF_MESSAGE)),
    ("feedback", "UPDATE", "", (_OF_MESSAGE, _CASE_OF_MESSAGE)),
    ("feedback", "DELETE", "", (_OF_MESSAGE, _CASE_OF_MESSAGE)),
    ("cases", "INSERT", "", ("SELECT 'case', {new.opened_at}",)),
    ("cases", f"UPDATE OF {_CASE}", "", ("SELECT 'case', {old.opened_at}", "SELECT 'case', {new.opened_at}")),
    ("cases", "DELETE", "", ("SELECT 'case', {old.opened_at}",)),
    ("steps", "INSERT", "NEW.completed_at IS NOT NULL", (_CASE_OF,)),
    (
        "steps",
        "UPDATE OF completed_at",
        "OLD.completed_at IS NOT NULL OR NEW.completed_at IS NOT NULL",
        (_CASE_OF,),
    ),
)
"""Table, event, condition, and what is noted. Labels in tables of their own come and go with their message."""


def upgrade() -> None:
    """Make the tables, note every day that there is, and let the database note what changes."""
    op.create_table(
        "cell_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cell_changes_kind_day_id"), "cell_changes", ["kind", "day", "id"])
    op.create_table(
        "daily_cells",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.String(length=36), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "day", name=op.f("pk_daily_cells")),
    )
    op.drop_index(op.f("ix_messages_received_at"), table_name="messages")
    op.create_index(op.f("ix_messages_received_at_id"), "messages", ["received_at", "id"])
    op.create_index(
        op.f("ix_messages_touchpoint_severity_received_at"), "messages", ["touchpoint", "severity", "received_at"]
    )
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"])
    day = _day(op.get_bind().dialect.name)
    for kind, table, column in (("message", "messages", "received_at"), ("case", "cases", "opened_at")):
        days = f"SELECT DISTINCT '{kind}', {day.format(column)} FROM {table}"  # noqa: S608 - names of ours
        op.execute(f"INSERT INTO cell_changes (kind, day) {days}")
    for statement in made(op.get_bind().dialect.name, {"day": day}):
        op.execute(statement)


def downgrade() -> None:
    """Drop what was made."""
    for statement in dropped(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_index(op.f("ix_cases_opened_at"), table_name="cases")
    op.drop_index(op.f("ix_messages_touchpoint_severity_received_at"), table_name="messages")
    op.drop_index(op.f("ix_messages_received_at_id"), table_name="messages")
    op.create_index(op.f("ix_messages_received_at"), "messages", ["received_at"])
    op.drop_table("daily_cells")
    op.drop_index(op.f("ix_cell_changes_kind_day_id"), table_name="cell_changes")
    op.drop_table("cell_changes")


def _day(dialect: str) -> str:
    """Return the day of a moment, as both databases write it."""
    return "substr({}, 1, 10)" if dialect == "sqlite" else "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def made(dialect: str, parts: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements that make the triggers: they note ``parts`` of a moment, each in the column of its name."""

    def parted(moment: str) -> str:
        return ", ".join(part.format(moment) for part in parts.values())

    for number, (table, event, condition, noted) in enumerate(_TRIGGERS):
        name, row = f"note_{table}_{number}", "OLD" if event == "DELETE" else "NEW"
        words = {"row": row, "opened": parted("cases.opened_at"), "received": parted("messages.received_at")}
        selects = [_filled(select, words, parted) for select in noted]
        body = " ".join(f"INSERT INTO cell_changes (kind, {', '.join(parts)}) {select};" for select in selects)
        when = f"WHEN ({condition})" if condition else ""
        if dialect == "sqlite":
            yield f"CREATE TRIGGER {name} AFTER {event} ON {table} {when} BEGIN {body} END"
        else:
            yield (f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
            yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {name}()"


def dropped(dialect: str) -> Iterator[str]:
    """Yield the statements that drop the triggers."""
    for number, (table, *_) in enumerate(_TRIGGERS):
        name = f"note_{table}_{number}"
        if dialect == "sqlite":
            yield f"DROP TRIGGER {name}"
        else:
            yield f"DROP TRIGGER {name} ON {table}"
            yield f"DROP FUNCTION {name}"


def _filled(select: str, words: dict[str, str], parted: Callable[[str], str]) -> str:
    """Put the parts of a row's moments in a statement."""
    for row in ("old", "new"):
        for column in ("received_at", "opened_at"):
            select = select.replace(f"{{{row}.{column}}}", parted(f"{row.upper()}.{column}"))
    return select.format(**words)
