"""The same figures counted by SQL, one query each, written apart from what they are held against.

``flatten`` copies what is stored into plain tables once, labels as a person corrected them; ``Direct`` counts there.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import sqlalchemy as sa

from api.analytics.selection import Selection
from api.store.database import Connection

LEVELS: Final = ("low", "moderate", "high", "critical")
FLAGS: Final = ("complaint", "guarantee")
SINGLE: Final = ("severity", "quality", "touchpoint", "tone", "conduct")
SEVERAL: Final = ("motive", "justice")
OF_COMPLAINTS: Final = ("severity", "quality", "guarantee", "conduct")

_LATEST = "(SELECT max(id) FROM feedback WHERE message_id = m.id)"
_FROM = f"messages m LEFT JOIN feedback f ON f.id = {_LATEST}"
_GREETED = "(SELECT min(completed_at) FROM steps s WHERE s.case_id = c.id AND s.content->>'stage' = 'greet')"


async def flatten(connection: Connection) -> None:
    """Make the tables ``direct_messages``, ``_labels``, ``_judged``, ``_read`` and ``_cases``."""
    sqlite = connection.dialect.name == "sqlite"
    for name, query in _tables(sqlite=sqlite).items():
        await connection.execute(sa.text(f"CREATE TABLE {name} AS {query}"))
    for index in ("direct_messages (id)", "direct_messages (received_at)", "direct_labels (message_id)"):
        await connection.execute(sa.text(f"CREATE INDEX ON {index}" if not sqlite else _named(index)))


def _named(index: str) -> str:
    return f"CREATE INDEX ix_{index.translate(str.maketrans(' ()', '___'))} ON {index}"


def _tables(*, sqlite: bool) -> dict[str, str]:
    least = "min" if sqlite else "least"
    given = {task: f"(f.labels->>'{task}')" + ("" if sqlite else "::boolean") for task in FLAGS}
    given |= {task: f"(f.labels->>'{task}')" for task in SINGLE}
    complaint = f"coalesce({given['complaint']}, m.complaint)"
    labels = {task: f"coalesce({said}, m.{task})" for task, said in given.items()}
    none = f"f.id IS NOT NULL AND {complaint} IS FALSE"
    labels |= {task: f"CASE WHEN {none} THEN NULL ELSE {labels[task]} END" for task in OF_COMPLAINTS}
    columns = ", ".join(f"{label} AS {task}" for task, label in labels.items())
    each = {
        task: f"json_each(f.labels, '$.{task}') e" if sqlite else f"json_array_elements_text(f.labels->'{task}') e"
        for task in SEVERAL
    }
    value = "e.value" if sqlite else "e"
    corrected = [
        f"SELECT f.message_id, '{task}' AS task, {value} AS label FROM feedback f CROSS JOIN {each[task]} WHERE f.id = "
        f"(SELECT max(id) FROM feedback g WHERE g.message_id = f.message_id) AND f.labels->>'{task}' IS NOT NULL"
        for task in SEVERAL
    ]
    kept = f"({none}) IS NOT TRUE AND f.labels->>l.task IS NULL"
    answered = f"coalesce({least}({_GREETED}, c.closed_at), {_GREETED}, c.closed_at)"
    return {
        "direct_messages": "SELECT m.id, m.channel, m.customer->>'country' AS country, m.received_at, m.review, "
        f"coalesce(f.language, m.language) AS language, f.id AS correction, f.model AS judged, {columns} FROM {_FROM}",
        "direct_labels": f"SELECT l.message_id, l.task, l.label FROM message_labels l JOIN messages m ON "
        f"m.id = l.message_id LEFT JOIN feedback f ON f.id = {_LATEST} WHERE {kept} "
        f"UNION ALL {' UNION ALL '.join(corrected)}",
        "direct_judged": " UNION ALL ".join(_judged(given, each, value)),
        "direct_read": "SELECT f.message_id, f.reviewer, t.task, CASE WHEN t.task IN ('motive', 'justice') "
        "THEN f.labels->t.task->>0 ELSE f.labels->>t.task END AS label FROM feedback f CROSS JOIN "
        f"({' UNION ALL '.join(f'SELECT {chr(39)}{task}{chr(39)} AS task' for task in (*FLAGS, *SINGLE, *SEVERAL))}) t "
        "WHERE f.labels->>t.task IS NOT NULL AND f.id = (SELECT max(id) FROM feedback g "
        "WHERE g.message_id = f.message_id AND g.reviewer = f.reviewer)",
        "direct_cases": f"SELECT c.id, c.opened_at, c.status, c.double_deviation, c.first_answer_due, "
        f"c.resolution_due, c.closed_at, {answered} AS answered_at, "
        "(SELECT min(id) FROM messages WHERE case_id = c.id) AS message_id FROM cases c",
    }


def _judged(given: dict[str, str], each: dict[str, str], value: str) -> list[str]:
    """Return the queries of what people judged: did they leave the ``whole``, the ``main`` label; how sure was it."""
    found = []
    for task, said in given.items():
        share = f"CAST(m.classification->'{task}'->>'probability' AS double precision)"
        sure = f"0.5 + abs({share} - 0.5)" if task in FLAGS else _share(task, f"m.classification->'{task}'->>'label'")
        right = f"coalesce(m.{task} = {said}, false)"
        found.append((task, right, right, f"m.{task} IS NOT NULL", sure, f"{said} IS NOT NULL"))
    for task, listed in each.items():
        first = f"m.classification->'{task}'->'labels'->>0"
        model = f"SELECT l.label FROM message_labels l WHERE l.message_id = m.id AND l.task = '{task}'"
        person = f"SELECT {value} FROM {listed}"
        missing, more = f"{model} AND l.label NOT IN ({person})", f"{person} WHERE {value} NOT IN ({model})"
        whole = f"NOT EXISTS ({missing}) AND NOT EXISTS ({more})"
        main, said = f"coalesce({first} = (f.labels->'{task}'->>0), false)", f"f.labels->>'{task}' IS NOT NULL"
        found.append((task, whole, main, f"m.{task} IS NOT NULL", _share(task, first), said))
    return [
        f"SELECT m.id AS message_id, '{task}' AS task, {whole} AS whole, {main} AS main, {answered} AS answered, "
        f"{sure} AS sure FROM messages m JOIN feedback f ON f.id = {_LATEST} WHERE {said}"
        for task, whole, main, answered, sure, said in found
    ]


def _share(task: str, label: str) -> str:
    return f"CAST(m.classification->'{task}'->'probabilities'->>({label}) AS double precision)"


class Direct:
    """Counts by SQL what a selection takes; ``now`` is when deadlines are looked at."""

    def __init__(self, connection: Connection, selection: Selection, now: Any) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        since, until = selection.moments
        self.values = {"since": self._at(since), "until": self._at(until), "now": self._at(now)}
        self.zone = selection.timezone
        narrowed = " AND ".join(self._narrowed(selection))
        self.received = f"m.received_at >= :since AND m.received_at < :until AND {narrowed}"
        self.opened = f"c.opened_at >= :since AND c.opened_at < :until AND {narrowed}"

    async def messages(self, condition: str = "true") -> int:
        query = f"SELECT count(*) FROM direct_messages m WHERE {self.received} AND {condition}"
        return int((await self._rows(query))[0][0])

    async def by(self, *columns: str) -> dict[Any, int]:
        """Return how many messages there are by the values of columns."""
        query = f"SELECT {', '.join(columns)}, count(*) FROM direct_messages m WHERE {self.received} GROUP BY "
        rows = await self._rows(query + ", ".join(map(str, range(1, len(columns) + 1))))
        return {row[0] if len(columns) == 1 else tuple(row[:-1]): int(row[-1]) for row in rows}

    async def by_label(self, task: str) -> dict[str, int]:
        """Return how many messages have each label of a task, as the figures name it."""
        if task in FLAGS:
            return {
                str(bool(label)): count for label, count in (await self.by(f"m.{task}")).items() if label is not None
            }
        if task in SINGLE:
            return {label: count for label, count in (await self.by(f"m.{task}")).items() if label is not None}
        joined = "direct_messages m JOIN direct_labels l ON l.message_id = m.id"
        query = f"SELECT l.label, count(*) FROM {joined} WHERE l.task = '{task}' AND {self.received} GROUP BY 1"
        return {row[0]: int(row[1]) for row in await self._rows(query)}

    async def by_day(self, *columns: str) -> dict[Any, int]:
        return {(str(row[0]), *row[1:]): count for row, count in (await self.by(self.day(), *columns)).items()}

    async def justice_by_touchpoint(self) -> dict[tuple[str, str], int]:
        joined = "direct_messages m JOIN direct_labels l ON l.message_id = m.id AND l.task = 'justice'"
        query = f"SELECT m.touchpoint, l.label, count(*) FROM {joined} WHERE {self.received} GROUP BY 1, 2"
        return {(row[0], row[1]): int(row[2]) for row in await self._rows(query)}

    async def cases(self, condition: str = "true") -> int:
        joined = "direct_cases c LEFT JOIN direct_messages m ON m.id = c.message_id"
        where = f"{self.opened} AND c.status <> 'cancelled' AND {condition}"
        return int((await self._rows(f"SELECT count(*) FROM {joined} WHERE {where}"))[0][0])

    async def deadlines(self) -> dict[str, tuple[int, int, int]]:
        """Return by deadline how many were met, missed, and still run."""
        found = {}
        for kind, due, done in (
            ("first_answer", "c.first_answer_due", "c.answered_at"),
            ("resolution", "c.resolution_due", "c.closed_at"),
        ):
            met = await self.cases(f"{done} <= {due}")
            missed = await self.cases(f"({done} > {due} OR ({done} IS NULL AND {due} < :now))")
            found[kind] = (met, missed, await self.cases(f"{done} IS NULL AND {due} >= :now"))
        return found

    async def fired(self) -> dict[str, int]:
        each = "json_each(p.plan, '$.reasons') r" if self.sqlite else "json_array_elements(p.plan->'reasons') r"
        joined = "direct_cases c JOIN cases p ON p.id = c.id LEFT JOIN direct_messages m ON m.id = c.message_id"
        query = f"SELECT r.value->>'rule', count(DISTINCT c.id) FROM {joined} CROSS JOIN {each} WHERE {self.opened}"
        return {row[0]: int(row[1]) for row in await self._rows(f"{query} GROUP BY 1")}

    async def judged(self, *columns: str, where: str = "true") -> list[Any]:
        """Return columns of what people judged, of the messages of the selection."""
        joined = "direct_judged j JOIN direct_messages m ON m.id = j.message_id"
        return await self._rows(f"SELECT {', '.join(columns)} FROM {joined} WHERE {self.received} AND {where}")

    async def judged_by(self, group: str, right: str, where: str = "true") -> dict[Any, tuple[int, int]]:
        """Return by a value how many answers people left as they were, of those that they judged."""
        columns = (group, f"sum(CASE WHEN {right} THEN 1 ELSE 0 END)", "count(*)")
        rows = await self.judged(*columns, where=f"{where} GROUP BY 1")
        return {str(row[0]): (int(row[1]), int(row[2])) for row in rows}

    async def read_twice(self) -> dict[str, list[tuple[str, str]]]:
        """Return by task the main labels that two people gave a message."""
        joined = "direct_read a JOIN direct_read b ON b.message_id = a.message_id AND b.task = a.task"
        joined += " AND a.reviewer < b.reviewer JOIN direct_messages m ON m.id = a.message_id"
        found = defaultdict(list)
        for task, one, other in await self._rows(
            f"SELECT a.task, a.label, b.label FROM {joined} WHERE {self.received}"
        ):
            found[task].append((one, other))
        return dict(found)

    def week(self) -> str:
        """Return the Monday of a message's week."""
        day = self.day()
        return f"date({day}, 'weekday 0', '-6 days')" if self.sqlite else f"date_trunc('week', {day})::date"

    def _at(self, moment: Any) -> Any:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if self.sqlite else moment

    def day(self) -> str:
        """Return a message's day in the selection's time zone."""
        if self.sqlite:
            return "date(m.received_at, '-3 hours')" if self.zone == "America/Sao_Paulo" else "date(m.received_at)"
        return f"(m.received_at AT TIME ZONE '{self.zone}')::date"

    def _narrowed(self, selection: Selection) -> list[str]:
        """Return the conditions of a selection."""
        plain = {"channel": selection.channels, "language": selection.languages, "country": selection.countries}
        found = ["true", *(f"m.{name} IN ({_listed(wanted)})" for name, wanted in plain.items() if wanted)]
        if selection.review:
            found.append(f"m.review = '{selection.review}'")
        for task, labels in selection.labels.items():
            if task in SEVERAL:
                having = f"l.message_id = m.id AND l.task = '{task}' AND l.label IN ({_listed(labels)})"
                found.append(f"EXISTS (SELECT 1 FROM direct_labels l WHERE {having})")
            elif task in FLAGS:
                found.append(f"m.{task} IN ({', '.join(str(label).lower() for label in labels)})")
            else:
                found.append(f"m.{task} IN ({_listed(labels)})")
        return found

    async def _rows(self, query: str) -> Any:
        used = {name: value for name, value in self.values.items() if f":{name}" in query}
        return (await self.connection.execute(sa.text(query), used)).all()


def _listed(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in words)
