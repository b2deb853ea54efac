"""Views with lasting names for dashboards of other programs: what is stored, labels as corrected, no text, no names."""

# ruff: noqa: S608 - every part of every statement is written here

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COMPLAINTS_ONLY: Final = ("severity", "quality", "conduct")
_MAIN: Final = ("motive", "justice")
_LATEST: Final = "LEFT JOIN feedback f ON f.id = (SELECT max(id) FROM feedback WHERE message_id = m.id)"
_LISTED: Final = (
    "json_array_elements_text(CASE WHEN json_typeof(f.labels->'{task}') = 'array' THEN f.labels->'{task}' END) e"
)
_NAMES: Final = ("recupera_reviews", "recupera_cases", "recupera_labels", "recupera_messages")


def upgrade() -> None:
    """Make the views."""
    for statement in statements(sqlite=op.get_bind().dialect.name == "sqlite").values():
        op.execute(statement)


def downgrade() -> None:
    """Drop the views."""
    for name in _NAMES:
        op.execute(f"DROP VIEW {name}")


def statements(*, sqlite: bool) -> dict[str, str]:
    """Return what makes each view, by its name."""
    makers = (_messages, _labels, _cases, _reviews)
    return {name: make(sqlite=sqlite) for name, make in zip(reversed(_NAMES), makers, strict=True)}


def _flag(task: str, *, sqlite: bool) -> str:
    """Return what a person said of a task with yes and no."""
    return f"(f.labels->>'{task}')" if sqlite else f"(f.labels->>'{task}')::boolean"


def _first(task: str) -> str:
    """Return the first of a person's labels."""
    return f"(f.labels->'{task}'->>0)"


def _messages(*, sqlite: bool) -> str:
    """Return the view of messages."""
    complaint = f"coalesce({_flag('complaint', sqlite=sqlite)}, m.complaint)"
    said = {
        **{task: f"(f.labels->>'{task}')" for task in _COMPLAINTS_ONLY},
        **{task: _first(task) for task in _MAIN},
        "guarantee": _flag("guarantee", sqlite=sqlite),
    }
    columns = [
        f"CASE WHEN f.id IS NOT NULL AND NOT {complaint} THEN NULL ELSE coalesce({label}, m.{task}) END AS {task}"
        for task, label in said.items()
    ]
    columns += [f"coalesce(f.labels->>'{task}', m.{task}) AS {task}" for task in ("touchpoint", "tone")]
    return (
        "CREATE VIEW recupera_messages AS SELECT m.id AS message_id, m.case_id, m.channel, "
        "m.customer->>'country' AS country, coalesce(f.language, m.language) AS language, m.received_at, "
        f"m.accepted_at, {complaint} AS complaint, {', '.join(columns)}, m.review, f.id IS NOT NULL AS corrected, "
        f"m.model FROM messages m {_LATEST}"
    )


def _labels(*, sqlite: bool) -> str:
    """Return the view of the labels of tasks with several: a row a label."""
    each = "json_each(f.labels, '$.{task}') e" if sqlite else _LISTED
    value = "e.value" if sqlite else "e"
    complaint = _flag("complaint", sqlite=sqlite)
    kept = f"f.id IS NULL OR (f.labels->>l.task IS NULL AND {complaint})"
    of_message = f"message_labels l JOIN messages m ON m.id = l.message_id {_LATEST}"
    parts = [f"SELECT l.message_id, l.task, l.label FROM {of_message} WHERE {kept}"]
    parts += [
        f"SELECT m.id, '{task}', {value} FROM messages m {_LATEST} CROSS JOIN {each.format(task=task)} "
        f"WHERE f.labels->>'{task}' IS NOT NULL"
        for task in _MAIN
    ]
    return f"CREATE VIEW recupera_labels AS {' UNION ALL '.join(parts)}"


def _cases(*, sqlite: bool) -> str:
    """Return the view of cases, with how their deadlines went: ``met``, ``missed`` or ``open``."""
    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')" if sqlite else "now()"
    least = "min" if sqlite else "least"
    greeted = (
        "(SELECT min(s.completed_at) FROM steps s WHERE s.case_id = c.id "
        "AND s.content->>'stage' IN ('greet', 'understand'))"
    )
    answered = f"coalesce({least}({greeted}, c.closed_at), {greeted}, c.closed_at)"
    went = [
        f"CASE WHEN {due} IS NULL OR c.status = 'cancelled' THEN NULL WHEN {done} <= {due} THEN 'met' "
        f"WHEN {done} > {due} OR {due} < {now} THEN 'missed' ELSE 'open' END AS {name}"
        for name, done, due in (
            ("first_answer", answered, "c.first_answer_due"),
            ("resolution", "c.closed_at", "c.resolution_due"),
        )
    ]
    return (
        "CREATE VIEW recupera_cases AS SELECT c.id AS case_id, c.channel, c.customer->>'country' AS country, c.status, "
        "c.outcome, c.priority, c.owner, c.double_deviation, c.complaints, c.policy_version, c.opened_at, c.closed_at, "
        f"c.first_answer_due, {answered} AS answered_at, c.resolution_due, {', '.join(went)} FROM cases c"
    )


def _reviews(*, sqlite: bool) -> str:
    """Return the view of what people judged: a row a task with one label."""
    parts = []
    for task in ("complaint", "severity", "quality", "touchpoint", "tone", "guarantee", "conduct"):
        flag = task in ("complaint", "guarantee")
        said = _flag(task, sqlite=sqlite) if flag else f"(f.labels->>'{task}')"
        words = [f"CASE WHEN {value} THEN 'yes' ELSE 'no' END" for value in (f"m.{task}", said)]
        shown = words if flag else [f"m.{task}", said]
        parts.append(
            f"SELECT f.message_id, f.created_at AS reviewed_at, f.model, '{task}' AS task, {shown[0]} AS model_label, "
            f"{shown[1]} AS label, coalesce(m.{task} = {said}, {'0' if sqlite else 'false'}) AS agrees "
            f"FROM messages m JOIN feedback f ON f.id = (SELECT max(id) FROM feedback WHERE message_id = m.id) "
            f"WHERE f.labels->>'{task}' IS NOT NULL"
        )
    return f"CREATE VIEW recupera_reviews AS {' UNION ALL '.join(parts)}"
