"""A store as a service would have filled it, written straight into the tables: a million messages in a minute or two.

The messages are made of a few sentences written for this; their labels are drawn, so no model is needed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from api.store.database import DatabaseUrl
from api.store.tables import METADATA
from classifier.taxonomy import TASKS, TaskKind
from classifier.types import ModelInfo

TEXTS = {
    "es": (
        "El pedido llegó roto y nadie contesta. Llámenme al 612 345 678, por favor.",
        "Me cobraron dos veces la misma factura y quiero que me devuelvan el dinero.",
        "Gracias, el técnico fue puntual y muy amable.",
        "Llevo tres semanas esperando la devolución y cada vez me dicen otra cosa.",
    ),
    "pt": (
        "O pedido chegou quebrado e ninguém responde. Meu e-mail é ana@example.com.",
        "Cobraram duas vezes a mesma fatura e quero o dinheiro de volta.",
        "Obrigada, o técnico foi pontual e muito gentil.",
        "Espero a troca há três semanas e cada vez me dizem outra coisa.",
    ),
}
_CHANNELS = ("email", "chat", "whatsapp", "web", "phone")
_COUNTRIES = ("ES", "BR", "MX", "PT", "AR", "CO", "CL", None)
_SHARES = {
    "motive": (0.5, 0.3, 0.15, 0.05),
    "severity": (0.3, 0.4, 0.23, 0.07),
    "justice": (0.55, 0.3, 0.15),
    "quality": (0.4, 0.25, 0.15, 0.12, 0.08),
    "touchpoint": (0.05, 0.1, 0.2, 0.25, 0.15, 0.12, 0.1, 0.03),
    "tone": (0.4, 0.35, 0.2, 0.05),
    "conduct": (0.9, 0.02, 0.01, 0.01, 0.02, 0.01, 0.01, 0.02),
}
_RULES = ("justice.outcome", "severity.critical", "tone.angry", "guarantee", "double_deviation", "value.gold")
_PRIORITIES = ("low", "normal", "high", "urgent")
_OWNERS = ("desk", "senior_care", "billing", "crisis")
_STEPS = (("greet", "greet", 8), ("resolve", "resolve", 48), ("check", "follow_up", 168))
"""Id, stage and hours of the steps of a plan."""
_TOGETHER = 5000
_TASKS = {task.id: task for task in TASKS}
PRESENT = ModelInfo("generated", "1", "1")
_OLDER = 0.2
"""The share of messages that version 0 labelled."""
_CHANGED = 0.15
"""The share of a task's answers that a reviewer changes."""
_UNSAID = 0.1
"""The share of questions that a reviewer leaves out."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many messages over how many days before ``until``; the same ``seed`` makes the same ones.

    ``corrected`` is the share that people reviewed, ``again`` the share of these that a second person read before,
    ``cased`` the share of complaints that open a case. ``model`` labelled the messages, but for some that its version
    0 did.
    """

    messages: int
    days: int = 365
    until: datetime = datetime(2026, 11, 29, tzinfo=UTC)
    seed: int = 7
    corrected: float = 0.02
    again: float = 0.3
    cased: float = 0.6
    model: ModelInfo = PRESENT


@dataclass(slots=True)
class _Part:
    """Rows by table."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    def add(self, table: str, *row: Any) -> None:
        self.rows.setdefault(table, []).append(row)


_COLUMNS = {
    "policies": ("version", "first_used", "content"),
    "cases": (
        "id", "status", "opened_at", "updated_at", "closed_at", "channel", "customer_id", "customer", "priority",
        "owner", "first_answer_due", "resolution_due", "policy_version", "double_deviation", "complaints", "revision",
        "plan", "outcome", "next_due",
    ),
    "messages": (
        "id", "channel", "external_id", "content_hash", "text", "metadata", "customer", "customer_id", "received_at",
        "accepted_at", "case_id", "classification", "personal", "model", "language", "complaint", "motive", "severity",
        "justice", "quality", "touchpoint", "tone", "guarantee", "conduct", "review",
        "sureness",
    ),
    "message_labels": ("message_id", "task", "label"),
    "steps": ("case_id", "revision", "id", "position", "status", "due_at", "content", "completed_at"),
    "feedback": ("id", "message_id", "created_at", "reviewer", "language", "labels", "model"),
}  # fmt: skip


def fill(url: DatabaseUrl, shape: Shape) -> None:
    """Write the rows of ``shape`` into a database whose tables are there and empty."""
    writer = _into_sqlite if url.get_backend_name() == "sqlite" else _into_postgres
    writer(url, parts(shape))


def parts(shape: Shape) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """Yield rows by table, some thousand messages at a time, in an order that keys between tables allow."""
    rng = np.random.default_rng(shape.seed)
    first = _Part()
    first.add("policies", "generated 1", _at(shape.until), "{}")
    yield first.rows
    made = 0
    while made < shape.messages:
        count = min(_TOGETHER, shape.messages - made)
        yield _messages(rng, shape, made, count)
        made += count


def _messages(rng: np.random.Generator, shape: Shape, start: int, count: int) -> dict[str, list[tuple[Any, ...]]]:
    drawn: dict[str, Sequence[Any]] = {
        name: rng.choice(_TASKS[name].label_ids, count, p=np.array(shares) / sum(shares)).tolist()
        for name, shares in _SHARES.items()
    }
    drawn["second"] = rng.choice(["", *_TASKS["motive"].label_ids], count).tolist()
    drawn["third"] = rng.choice(["", "", *_TASKS["justice"].label_ids], count).tolist()
    drawn["channel"] = rng.choice(_CHANNELS, count, p=(0.35, 0.25, 0.2, 0.15, 0.05)).tolist()
    drawn["country"] = rng.choice(len(_COUNTRIES), count).tolist()
    drawn["language"] = rng.choice(("es", "pt"), count, p=(0.6, 0.4)).tolist()
    drawn["complaint"] = (rng.random(count) < 0.7).tolist()
    drawn["guarantee"] = (rng.random(count) < 0.15).tolist()
    for name in ("review", "case", "corrected", "double", "answer", "close", "text", "sure", "again"):
        drawn[name] = rng.random(count).tolist()
    drawn["readings"] = rng.random((count, 2, len(TASKS), 2)).tolist()
    span = shape.days * 86_400
    moments = np.sort(rng.random(count)) * span * count / shape.messages + span * start / shape.messages
    part = _Part()
    for place in range(count):
        received = shape.until - timedelta(seconds=span - float(moments[place]))
        _message(part, shape, start + place, received, {name: values[place] for name, values in drawn.items()})
    return part.rows


def _message(part: _Part, shape: Shape, number: int, received: datetime, drawn: dict[str, Any]) -> None:
    """Add a message, with what hangs on it."""
    name = _id(received, 0, number)
    labels = _labels(drawn)
    country, at, language = _COUNTRIES[drawn["country"]], _at(received), drawn["language"]
    customer = None if country is None else f'{{"id": "c{number % 200_000}", "country": "{country}"}}'
    cased = labels["complaint"] and drawn["case"] < shape.cased
    case_id = _id(received, 1, number) if cased else None
    if case_id:
        _case(part, case_id, received, customer, drawn)
    reviewed = drawn["corrected"] < shape.corrected
    review = "done" if reviewed else "needed" if drawn["review"] < 0.1 else "none"
    texts = TEXTS[language]
    text = texts[int(drawn["text"] * len(texts))]
    several = {task: (labels[task] or [None])[0] for task in ("motive", "justice")}
    model = replace(shape.model, version="0") if drawn["answer"] < _OLDER else shape.model
    written = _classification(name, language, labels, text, model, drawn["sure"])
    part.add(
        "messages", name, drawn["channel"], f"x{number}", "0" * 64, text, "{}", customer,
        customer and f"c{number % 200_000}", at, at, case_id, written, "[]",
        f"{model.name} {model.version}", language, labels["complaint"], several["motive"], labels["severity"],
        several["justice"], labels["quality"], labels["touchpoint"], labels["tone"], labels["guarantee"],
        labels["conduct"], review, drawn["answer"],
    )  # fmt: skip
    for task in ("motive", "justice"):
        for label in labels[task] or ():
            part.add("message_labels", name, task, label)
    readings = (drawn["again"] < shape.again, True) if reviewed else ()
    for place, read in enumerate(readings):
        if read:  # what the last one said counts; of one in six both are the same person
            reviewer = ("ana", "bruno")[place or drawn["again"] < shape.again / 6]
            said = ("es", "pt")[language == "es"] if drawn["again"] > 0.95 else None
            corrected = json.dumps(_corrected(labels, drawn["readings"][place]))
            entry = _id(received, 2 + place, number)
            part.add("feedback", entry, name, at, reviewer, said, corrected, f"{model.name} {model.version}")


def _case(part: _Part, name: str, opened: datetime, customer: str | None, drawn: dict[str, Any]) -> None:
    """Add a case: answered and closed after a while, or not yet."""
    at = _at(opened)
    due = (opened + timedelta(hours=8), opened + timedelta(days=3))
    closed = opened + timedelta(days=5 * drawn["close"]) if drawn["close"] < 0.9 else None
    outcome = None if closed is None else ("recovered", "lost", "refused")[int(drawn["double"] * 3)]
    said = {"why": "why", "finding": "finding", "says": "says", "source": "source"}
    fired = [{"rule": rule, **said} for place, rule in enumerate(_RULES) if int(drawn["answer"] * 64) >> place & 1]
    answered = opened + timedelta(hours=10 * drawn["answer"]) if drawn["answer"] < 0.8 else None
    following = None if closed else opened + timedelta(hours=_STEPS[1 if answered else 0][2])
    priority, owner = _PRIORITIES[int(drawn["review"] * 4)], _OWNERS[int(drawn["corrected"] * 4)]
    part.add(
        "cases", name, "closed" if closed else "open", at, at, closed and _at(closed), drawn["channel"], None, customer,
        priority, owner, _at(due[0]), _at(due[1]), "generated 1", drawn["double"] < 0.12, 1, 1,
        json.dumps({"priority": priority, "reasons": fired}), outcome,
        following and _at(following),
    )  # fmt: skip
    for place, (step, stage, hours) in enumerate(_STEPS, 1):
        done = answered if place == 1 else closed
        status = "done" if done else "skipped" if closed else "pending"
        content = f'{{"id": "{step}", "stage": "{stage}"}}'
        at_the_latest = _at(opened + timedelta(hours=hours))
        part.add("steps", name, 1, step, place, status, at_the_latest, content, done and _at(done))


def _labels(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return the labels by task."""
    labels: dict[str, Any] = {name: drawn[name] for name in _TASKS}
    for task, more in (("motive", "second"), ("justice", "third")):
        labels[task] = [drawn[task], *([drawn[more]] if drawn[more] not in ("", drawn[task]) else [])]
    if not labels["complaint"]:
        labels |= {task.id: None for task in TASKS if task.complaints_only}
    return labels


def _corrected(labels: dict[str, Any], chances: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return what a reviewer says: most answers as they were, some others, some not at all."""
    said: dict[str, Any] = {}
    for task, (chance, choice) in zip(TASKS, chances, strict=True):
        if said.get("complaint") is False and task.complaints_only:
            continue
        label = labels[task.id]
        if chance < _CHANGED:
            label = (True, False)[int(choice * 2)] if task.kind is TaskKind.FLAG else _any(task.label_ids, choice)
            label = [label] if task.kind is TaskKind.MULTI else label
        if label is not None and (task.id == "complaint" or chance < 1 - _UNSAID):
            said[task.id] = label
    return said


def _any(labels: Sequence[str], choice: float) -> str:
    return labels[int(choice * len(labels))]


def _classification(name: str, language: str, labels: dict[str, Any], text: str, model: ModelInfo, sure: float) -> str:
    """Return the JSON of a classification with these labels, of each task about as ``sure``."""
    written: dict[str, Any] = {"id": name, "language": language, "language_probability": 0.99}
    for place, (task, label) in enumerate(labels.items()):
        kind, share = _TASKS[task].kind, round(0.5 + (sure + place / 9) % 1 / 2, 4)
        if label is None:
            written[task] = None
        elif kind is TaskKind.FLAG:
            written[task] = {"label": label, "probability": share if label else round(1 - share, 4)}
        elif kind is TaskKind.MULTI:
            written[task] = {"primary": label[0], "labels": label, "probabilities": dict.fromkeys(label, share)}
        else:
            more = {"score": 1.0} if kind is TaskKind.ORDINAL else {}
            written[task] = {"label": label, "probabilities": {label: share}, **more}
    evidence = {"task": "severity", "label": labels["severity"], "start": 0, "end": len(text), "text": text}
    written["evidence"] = [evidence] if labels["severity"] else []
    written |= {"facts": [], "review": {"needed": False, "reasons": []}}
    written["model"] = asdict(model)
    return json.dumps(written, ensure_ascii=False)


def _id(moment: datetime, kind: int, number: int) -> str:
    """Return an identifier that sorts by its moment, as those of the service do."""
    stamp = f"{int(moment.timestamp() * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7000-8000-{kind:04x}{number:08x}"


def _at(moment: datetime) -> str:
    """Return a moment in UTC as SQLite's tables hold it; PostgreSQL's session is set to UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _into_sqlite(url: DatabaseUrl, rows: Iterator[dict[str, list[tuple[Any, ...]]]]) -> None:
    """Write the rows without indexes and triggers, which are made again at the end: four times as quick."""
    connection = sqlite3.connect(str(url.database), isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    dropped = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    made = connection.execute(dropped).fetchall()
    for kind, name, _ in made:
        connection.execute(f"DROP {kind} {name}")
    for part in rows:
        connection.execute("BEGIN IMMEDIATE")
        for table in _ordered(part):
            columns = _COLUMNS[table]
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", part[table])
        connection.execute("COMMIT")
    for _, _, statement in made:
        connection.execute(statement)
    for kind, table, moment in (("message", "messages", "received_at"), ("case", "cases", "opened_at")):
        days = f"SELECT DISTINCT '{kind}', substr({moment}, 1, 10) FROM {table}"
        connection.execute(f"INSERT INTO cell_changes (kind, day) {days}")
    connection.close()


def _into_postgres(url: DatabaseUrl, rows: Iterator[dict[str, list[tuple[Any, ...]]]]) -> None:
    import psycopg

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        for part in rows:
            for table in _ordered(part):
                with cursor.copy(f"COPY {table} ({', '.join(_COLUMNS[table])}) FROM STDIN") as copy:
                    for row in part[table]:
                        copy.write_row(row)
            connection.commit()
        connection.autocommit = True
        cursor.execute("ANALYZE")


def _ordered(part: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """Return the tables in an order that keys between them allow."""
    return [table.name for table in METADATA.sorted_tables if table.name in part]
