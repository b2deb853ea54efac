"""The tables. ``migrations/`` makes them; a test holds that both say the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from api.store.sealing import Part, SealedJson, SealedText

__all__ = [
    "METADATA",
    "SAMPLES",
    "UtcDateTime",
    "accounts",
    "alerts",
    "api_keys",
    "cases",
    "cell_changes",
    "daily_cells",
    "deliveries",
    "destinations",
    "erasures",
    "executors",
    "exports",
    "feedback",
    "history",
    "inbound",
    "inbox_folders",
    "inbox_mails",
    "message_labels",
    "messages",
    "outbox",
    "policies",
    "seals",
    "sessions",
    "steps",
    "tombstones",
    "writebacks",
]

METADATA: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A moment, always in UTC: SQLite forgets the zone, PostgreSQL answers in the session's."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a moment without a zone, which would mean another one on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id(*constraints: Any, name: str = "id", **options: Any) -> sa.Column[str]:
    """Return a column for one of our identifiers (a UUID)."""
    return sa.Column(name, sa.String(36), *constraints, **options)


SAMPLES: Final = sa.text(
    " AND ".join(f"substr({name}, 1, 16) = 'recupera-sample-'" for name in ("external_id", "customer_id"))
)
"""Which messages are samples, in words of which there is an index; ``store.samples`` says the same with its names."""

messages: Final = sa.Table(
    "messages",
    METADATA,
    _id(primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(512), nullable=False),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("text", SealedText, nullable=False),
    sa.Column("metadata", sa.JSON(none_as_null=True), nullable=False),
    sa.Column("customer", SealedJson(Part.CUSTOMER, none_as_null=True)),
    sa.Column("customer_id", sa.String(256)),
    sa.Column("thread_id", sa.String(512)),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("accepted_at", UtcDateTime, nullable=False),
    _id(sa.ForeignKey("cases.id"), name="case_id"),
    sa.Column("classification", SealedJson(Part.CLASSIFICATION), nullable=False),
    sa.Column("personal", sa.JSON, nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Column("language", sa.String(8)),
    sa.Column("complaint", sa.Boolean),
    sa.Column("motive", sa.String(32)),
    sa.Column("severity", sa.String(32)),
    sa.Column("justice", sa.String(32)),
    sa.Column("quality", sa.String(32)),
    sa.Column("touchpoint", sa.String(32)),
    sa.Column("tone", sa.String(32)),
    sa.Column("guarantee", sa.Boolean),
    sa.Column("conduct", sa.String(32)),
    sa.Column("review", sa.String(8), nullable=False),
    sa.Column("erased_at", UtcDateTime),
    sa.Column("sureness", sa.Float, nullable=False, server_default="1"),
    sa.UniqueConstraint("channel", "external_id"),
    sa.Index(None, "case_id"),
    sa.Index(None, "received_at", "id"),
    sa.Index(None, "touchpoint", "severity", "received_at"),
    sa.Index(None, "customer_id"),
    sa.Index(None, "thread_id", "channel"),
    *(
        sa.Index(None, label, "id")
        for label in ("complaint", "severity", "quality", "touchpoint", "tone", "conduct", "review")
    ),
    sa.Index("ix_messages_to_review", "review", "sureness", "id"),
    sa.Index("ix_messages_samples", "id", postgresql_where=SAMPLES, sqlite_where=SAMPLES),
)
"""One row a message. ``motive`` and ``justice`` hold the main label; all of them are in ``message_labels``.

``sureness`` is how likely all answers of the model are right, if one's error says nothing of another's. A message with
``erased_at`` says what was complained about and no more who or in which words.
"""

message_labels: Final = sa.Table(
    "message_labels",
    METADATA,
    _id(sa.ForeignKey("messages.id", ondelete="CASCADE"), name="message_id", primary_key=True),
    sa.Column("task", sa.String(32), primary_key=True),
    sa.Column("label", sa.String(32), primary_key=True),
    sa.Index(None, "task", "label", "message_id"),
)
"""The labels of the tasks that may have several."""

policies: Final = sa.Table(
    "policies",
    METADATA,
    sa.Column("version", sa.String(256), primary_key=True),
    sa.Column("first_used", UtcDateTime, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)
"""Every policy that a case was ever planned by, so that a running case finishes under the one it began with."""

_NOTHING_DUE: Final = sa.text("next_due IS NULL")

cases: Final = sa.Table(
    "cases",
    METADATA,
    _id(primary_key=True),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("thread_id", sa.String(512)),
    sa.Column("customer_id", sa.String(256)),
    sa.Column("customer", SealedJson(Part.CUSTOMER, none_as_null=True)),
    sa.Column("priority", sa.String(64)),
    sa.Column("owner", sa.String(256)),
    sa.Column("first_answer_due", UtcDateTime),
    sa.Column("resolution_due", UtcDateTime),
    sa.Column("policy_version", sa.String(256), sa.ForeignKey("policies.version")),
    sa.Column("double_deviation", sa.Boolean, nullable=False),
    sa.Column("complaints", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("outcome", sa.String(12)),
    sa.Column("openings", sa.Integer, nullable=False, server_default="1"),
    sa.Column("workflow_version", sa.String(32)),
    sa.Column("next_at", UtcDateTime),
    sa.Column("erased_at", UtcDateTime),
    sa.Column("next_due", UtcDateTime),
    sa.Index("ix_cases_queue", "status", "next_due", "id", "priority", "owner", "channel", "double_deviation"),
    sa.Index("ix_cases_newest", "status", "id", "priority", "owner", "channel", "double_deviation"),
    sa.Index("ix_cases_to_finish", "status", "id", postgresql_where=_NOTHING_DUE, sqlite_where=_NOTHING_DUE),
    sa.Index(None, "status", "resolution_due"),
    sa.Index(None, "customer_id"),
    sa.Index(None, "next_at"),
    sa.Index(None, "opened_at"),
)
"""One row a case. ``revision`` counts its plans; ``complaints`` the messages that complain.

``openings`` counts how often it was opened, once more than reopened; each opening has a workflow of its own. The
workflow began under ``workflow_version``, and looks at the case next at ``next_at``. ``next_due`` is when the first
step of the present plan is due that is still to do; without one, there is nothing to do.
"""

steps: Final = sa.Table(
    "steps",
    METADATA,
    _id(sa.ForeignKey("cases.id", ondelete="CASCADE"), name="case_id", primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("due_at", UtcDateTime),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("completed_at", UtcDateTime),
    sa.Column("completed_by", sa.String(128)),
    sa.Column("note", SealedText),
    sa.Index(None, "status", "due_at"),
)
"""The steps of every plan that a case has had; ``content`` is a step as the plan says it."""

feedback: Final = sa.Table(
    "feedback",
    METADATA,
    _id(primary_key=True),
    _id(sa.ForeignKey("messages.id", ondelete="CASCADE"), name="message_id", nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("reviewer", sa.String(128)),
    sa.Column("comment", SealedText),
    sa.Column("language", sa.String(8)),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("model", sa.String(256), nullable=False),
    sa.Index(None, "message_id", "id", "reviewer"),
)
"""What people corrected; ``model`` is the one that was corrected. The latest of a message counts."""

outbox: Final = sa.Table(
    "outbox",
    METADATA,
    _id(primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    _id(name="message_id"),
    _id(name="case_id"),
    sa.Column("data", SealedJson(Part.EVENT), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("done_at", UtcDateTime),
    sa.Column("key", sa.String(255)),
    sa.Index(None, "done_at", "id"),
    sa.Index(None, "message_id"),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "key", unique=True),
)
"""What must still happen outside, committed with what caused it: events to tell, workflows to start.

``key`` names what a workflow's step tells, so that the step done twice tells it once.
"""

executors: Final = sa.Table(
    "executors",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("started_at", UtcDateTime, nullable=False),
)
"""Who has executed workflows and may have left some behind."""

history: Final = sa.Table(
    "history",
    METADATA,
    _id(primary_key=True),
    _id(sa.ForeignKey("cases.id", ondelete="CASCADE"), name="case_id", nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(128)),
    _id(name="message_id"),
    sa.Column("detail", SealedJson(Part.NOTE), nullable=False),
    sa.Index(None, "case_id", "id"),
)
"""What happened to a case, in order; rows are only ever added."""

destinations: Final = sa.Table(
    "destinations",
    METADATA,
    _id(primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("url", sa.String(2048), nullable=False),
    sa.Column("subject", sa.String(256)),
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("filter", sa.JSON, nullable=False),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("rate", sa.Float, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(64)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("paused_until", UtcDateTime),
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("tokens_at", UtcDateTime, nullable=False),
)
"""Who is told of events. A deleted one keeps its row, without secrets, for the deliveries that name it.

``failures`` in a row and ``paused_until`` are the circuit breaker's, ``tokens`` at ``tokens_at`` the rate limit's:
here, because all workers share them.
"""

_PENDING: Final = sa.text("status = 'pending'")

deliveries: Final = sa.Table(
    "deliveries",
    METADATA,
    _id(primary_key=True),
    _id(sa.ForeignKey("destinations.id", ondelete="CASCADE"), name="destination_id", nullable=False),
    _id(sa.ForeignKey("outbox.id", ondelete="CASCADE"), name="event_id", nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    _id(name="order_key", nullable=False),
    _id(name="message_id"),
    _id(name="case_id"),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("claimed_by", sa.String(64)),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("response_status", sa.Integer),
    sa.Column("error", sa.String(256)),
    sa.Column("log", sa.JSON, nullable=False),
    sa.UniqueConstraint("event_id", "destination_id"),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "message_id", "id"),
    sa.Index(None, "status", "id"),
    sa.Index(None, "destination_id", "status", "id"),
    sa.Index(None, "destination_id", "next_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
    sa.Index(None, "destination_id", "order_key", "event_id", postgresql_where=_PENDING, sqlite_where=_PENDING),
)
"""One row an event and destination. Events of one ``order_key`` (the case) are told one after the other.

While a worker sends it, ``claimed_by`` names the worker and ``next_at`` is when another may take over.
"""

inbox_mails: Final = sa.Table(
    "inbox_mails",
    METADATA,
    _id(primary_key=True),
    sa.Column("inbox", sa.String(64), nullable=False),
    sa.Column("folder", sa.String(512), nullable=False),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("identifier", sa.String(512)),
    sa.Column("digest", sa.String(64), nullable=False),
    _id(sa.ForeignKey("messages.id", ondelete="SET NULL"), name="message_id"),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(64)),
    sa.Column("decided", sa.JSON, nullable=False),
    sa.Column("present", sa.JSON, nullable=False),
    sa.Column("read_at", UtcDateTime, nullable=False),
    sa.Column("tagged_at", UtcDateTime),
    sa.UniqueConstraint("inbox", "folder", "uidvalidity", "uid"),
    sa.Index(None, "inbox", "digest"),
    sa.Index(None, "inbox", "state"),
    sa.Index(None, "message_id"),
)
"""One row a mail and place where it was seen; no row holds a word of it.

``identifier`` is its Message-ID, ``digest`` of its content. ``decided`` are the tags that follow from its labels,
``present`` those that it bears as far as is known: a difference to what the server says is a person's doing.
"""

inbox_folders: Final = sa.Table(
    "inbox_folders",
    METADATA,
    sa.Column("inbox", sa.String(64), primary_key=True),
    sa.Column("folder", sa.String(512), primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("upto", sa.BigInteger, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
"""How far a folder was read: every mail up to the UID ``upto``, and its flags up to the change ``changes``."""

_ALIKE: Final = sa.text("alike IS NOT NULL")

inbound: Final = sa.Table(
    "inbound",
    METADATA,
    _id(primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("thread_id", sa.String(512), nullable=False),
    sa.Column("content", SealedJson(Part.ALL, none_as_null=True)),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime),
    sa.Column("claimed_by", sa.String(64)),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("outcome", sa.String(64)),
    _id(name="message_id"),
    sa.Column("alike", sa.String(128)),
    sa.Column("named", sa.Boolean),
    sa.Column("said_at", UtcDateTime),
    sa.UniqueConstraint("channel", "key"),
    sa.Index(None, "kind", "next_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
    sa.Index(None, "status", "finished_at"),
    sa.Index("ix_inbound_alike", "channel", "alike", postgresql_where=_ALIKE, sqlite_where=_ALIKE),
)
"""What help desks sent, kept before it is looked at. ``content`` is dropped once it is taken in.

Where a message is told by several names, or by none, ``alike`` are its ticket and a digest of its words.
"""

writebacks: Final = sa.Table(
    "writebacks",
    METADATA,
    _id(sa.ForeignKey("messages.id", ondelete="CASCADE"), name="message_id", primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("thread_id", sa.String(512), nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("shown", sa.JSON, nullable=False),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("written_at", UtcDateTime),
    sa.Index(None, "channel", "thread_id", "message_id"),
)
"""What was written to a help desk because of a message: ``tags`` of its own, ``shown`` all of ours on its thread."""

_OPEN: Final = sa.text("status = 'open'")

alerts: Final = sa.Table(
    "alerts",
    METADATA,
    _id(primary_key=True),
    sa.Column("dimension", sa.String(64), nullable=False),
    sa.Column("value", sa.String(256), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("raised_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("expected", sa.Float, nullable=False),
    sa.Column("upper", sa.Integer, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("examples", SealedJson(Part.ALL), nullable=False),
    sa.Index("uq_alerts_open", "dimension", "value", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
    sa.Index(None, "status", "id"),
    sa.Index(None, "closed_at"),
)
"""Rises of complaints, by slice: one open alert a slice at most."""

cell_changes: Final = sa.Table(
    "cell_changes",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("hour", sa.SmallInteger),
    sa.Index(None, "kind", "day", "id"),
    sqlite_autoincrement=True,
)
"""Hours of days (UTC, ``2026-11-29``) whose messages or cases changed since they were counted; triggers write it.

Without an hour it is the whole day.
"""

daily_cells: Final = sa.Table(
    "daily_cells",
    METADATA,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("revision", sa.String(36), nullable=False),
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
)
"""What figures are counted from, a row a day: how many messages, or cases, of each kind (``api.analytics.layout``)."""

accounts: Final = sa.Table(
    "accounts",
    METADATA,
    _id(primary_key=True),
    sa.Column("username", sa.String(128), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password", sa.String(256)),
    sa.Column("subject", sa.String(512)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("password_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.UniqueConstraint("username"),
    sa.UniqueConstraint("subject"),
)
"""People who sign in: by a password, of which a hash is stored, or by an OpenID provider that knows their subject."""

sessions: Final = sa.Table(
    "sessions",
    METADATA,
    _id(primary_key=True),
    _id(sa.ForeignKey("accounts.id", ondelete="CASCADE"), name="account_id", nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("began_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(256), nullable=False),
    sa.UniqueConstraint("digest"),
    sa.Index(None, "account_id", "id"),
    sa.Index(None, "ends_at"),
)
"""Browsers in which somebody is signed in; ``digest`` is all that is kept of the secret in the cookie."""

api_keys: Final = sa.Table(
    "api_keys",
    METADATA,
    _id(primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("prefix", sa.String(12), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("requests", sa.Integer),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.String(128), nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("used_at", UtcDateTime),
    _id(name="rotated_from"),
    sa.UniqueConstraint("prefix"),
)
"""Keys of programs; none of them can be told from its row. No row is ever deleted: it says that there was a key."""

server_secrets: Final = sa.Table(
    "server_secrets",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("secret", sa.JSON, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
)
"""Secrets of the service itself, the same for all of its processes; encrypted where there is a key for that."""

trail: Final = sa.Table(
    "trail",
    METADATA,
    _id(primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("principal_kind", sa.String(8), nullable=False),
    sa.Column("principal_id", sa.String(36), nullable=False),
    sa.Column("principal_name", sa.String(128), nullable=False),
    sa.Column("method", sa.String(8), nullable=False),
    sa.Column("route", sa.String(128), nullable=False),
    sa.Column("object_id", sa.String(64)),
    sa.Column("objects", sa.JSON, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Index(None, "at"),
    sa.Index(None, "object_id", "id"),
    sa.Index(None, "principal_id", "id"),
)
"""Who read or changed what: a row a request, without anything of its content."""

erasures: Final = sa.Table(
    "erasures",
    METADATA,
    _id(primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("actor", sa.String(128)),
    sa.Column("report", sa.JSON, nullable=False),
)
"""What was erased, where and how much of it, and whether it was found gone; never of whom."""

exports: Final = sa.Table(
    "exports",
    METADATA,
    _id(primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("path", sa.String(4096), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("rows", sa.BigInteger),
    sa.Column("masked", sa.Boolean, nullable=False),
    sa.Column("made_by", sa.String(128), nullable=False),
)
"""Files with customers' words that commands wrote, one row a path of a machine, so that an erasure reaches them.

``rows`` is how many lines were written, NULL until the file is complete. Paths are clear: the operator's own words.
"""

tombstones: Final = sa.Table(
    "tombstones",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""The names of erased messages, hashed: one that is delivered once more does not come back."""

seals: Final = sa.Table(
    "seals",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
)
"""A word encrypted by the key that messages are encrypted by: a start without that key fails at once."""
