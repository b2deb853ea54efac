"""The same figures counted by SQL from the rows, one query each, written apart from what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.analytics.selection import Selection
from api.store.database import Connection

LEVELS = ("low", "moderate", "high", "critical")
_LATEST = "(SELECT max(id) FROM feedback WHERE message_id = m.id)"
_FROM = f"messages m LEFT JOIN feedback f ON f.id = {_LATEST}"
_CASES = "cases c LEFT JOIN messages m ON m.id = (SELECT min(id) FROM messages WHERE case_id = c.id)"
_GREETED = "(SELECT min(completed_at) FROM steps s WHERE s.case_id = c.id AND s.content->>'stage' = 'greet')"


def severity() -> str:
    return "coalesce(f.labels->>'severity', m.severity)"


class Direct:
    """Counts by SQL what a selection takes; ``now`` is when deadlines are looked at."""

    def __init__(self, connection: Connection, selection: Selection, now: Any) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        since, until = selection.moments
        self.values = {"since": self._at(since), "until": self._at(until), "now": self._at(now)}
        self.zone = selection.timezone
        self.narrowed = self._narrowed(selection)

    async def messages(self, condition: str = "true") -> int:
        return int(await self._scalar(f"SELECT count(*) FROM {_FROM} WHERE {self._received()} AND {condition}"))

    async def by(self, expression: str) -> dict[Any, int]:
        """Return how many messages there are by the value of an expression."""
        query = f"SELECT {expression}, count(*) FROM {_FROM} WHERE {self._received()} GROUP BY 1"
        return {row[0]: int(row[1]) for row in await self._rows(query)}

    async def by_day_and_severity(self) -> dict[tuple[str, str | None], int]:
        query = f"SELECT {self._day()}, {severity()}, count(*) FROM {_FROM} WHERE {self._received()} GROUP BY 1, 2"
        return {(str(row[0]), row[1]): int(row[2]) for row in await self._rows(query)}

    async def by_label(self, task: str) -> dict[str, int]:
        join = f"{_FROM} JOIN message_labels l ON l.message_id = m.id AND l.task = '{task}'"
        query = f"SELECT l.label, count(*) FROM {join} WHERE {self._received()} GROUP BY 1"
        return {row[0]: int(row[1]) for row in await self._rows(query)}

    async def justice_by_touchpoint(self) -> dict[tuple[str, str], int]:
        join = f"{_FROM} JOIN message_labels l ON l.message_id = m.id AND l.task = 'justice'"
        query = f"SELECT m.touchpoint, l.label, count(*) FROM {join} WHERE {self._received()} GROUP BY 1, 2"
        return {(row[0], row[1]): int(row[2]) for row in await self._rows(query)}

    async def cases(self, condition: str = "true") -> int:
        joined = f"{_CASES} LEFT JOIN feedback f ON f.id = {_LATEST}"
        where = f"{self._opened()} AND c.status <> 'cancelled' AND {condition}"
        return int(await self._scalar(f"SELECT count(*) FROM {joined} WHERE {where}"))

    async def met(self) -> Mapping[str, tuple[int, int, int]]:
        """Return by deadline how many were met, missed, and still run."""
        answered = f"coalesce({self._least(_GREETED, 'c.closed_at')}, {_GREETED}, c.closed_at)"
        found = {}
        for kind, due, done in (
            ("first_answer", "c.first_answer_due", answered),
            ("resolution", "c.resolution_due", "c.closed_at"),
        ):
            met = await self.cases(f"{done} <= {due}")
            missed = await self.cases(f"({done} > {due} OR ({done} IS NULL AND {due} < :now))")
            found[kind] = (met, missed, await self.cases(f"{done} IS NULL AND {due} >= :now"))
        return found

    async def fired(self) -> dict[str, int]:
        each = "json_each(c.plan, '$.reasons') r" if self.sqlite else "json_array_elements(c.plan->'reasons') r"
        rule = "r.value->>'rule'"
        joined = f"{_CASES} LEFT JOIN feedback f ON f.id = {_LATEST} CROSS JOIN {each}"
        where = f"{self._opened()}"
        query = f"SELECT {rule}, count(DISTINCT c.id) FROM {joined} WHERE {where} GROUP BY 1"
        return {row[0]: int(row[1]) for row in await self._rows(query)}

    def _least(self, one: str, other: str) -> str:
        return f"{'min' if self.sqlite else 'least'}({one}, {other})"

    def _at(self, moment: Any) -> Any:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if self.sqlite else moment

    def _day(self) -> str:
        if self.sqlite:
            return "date(m.received_at, '-3 hours')" if self.zone == "America/Sao_Paulo" else "date(m.received_at)"
        return f"(m.received_at AT TIME ZONE '{self.zone}')::date"

    def _received(self) -> str:
        return f"m.received_at >= :since AND m.received_at < :until AND {self.narrowed}"

    def _opened(self) -> str:
        return f"c.opened_at >= :since AND c.opened_at < :until AND {self.narrowed}"

    def _narrowed(self, selection: Selection) -> str:
        """Return the conditions of a selection."""
        found = ["true"]
        for name, wanted in (("m.channel", selection.channels), ("m.language", selection.languages)):
            if wanted:
                found.append(f"{name} IN ({_listed(wanted)})")
        if selection.countries:
            found.append(f"m.customer->>'country' IN ({_listed(selection.countries)})")
        if selection.review:
            found.append(f"m.review = '{selection.review}'")
        for task, labels in selection.labels.items():
            if task in ("motive", "justice"):
                having = f"l.message_id = m.id AND l.task = '{task}' AND l.label IN ({_listed(labels)})"
                found.append(f"EXISTS (SELECT 1 FROM message_labels l WHERE {having})")
            elif task in ("complaint", "guarantee"):
                found.append(f"m.{task} IN ({', '.join(str(label).lower() for label in labels)})")
            else:
                found.append(f"{severity() if task == 'severity' else f'm.{task}'} IN ({_listed(labels)})")
        return " AND ".join(found)

    async def _rows(self, query: str) -> Any:
        used = {name: value for name, value in self.values.items() if f":{name}" in query}
        return (await self.connection.execute(sa.text(query), used)).all()

    async def _scalar(self, query: str) -> Any:
        return (await self._rows(query))[0][0]


def _listed(words: Any) -> str:
    return ", ".join(f"'{word}'" for word in words)
