"""What was accepted, stored, told and received, held against each other."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.store.database import database_url
from api.store.workflows import SCHEMA, workflow_file
from tests.acceptance.crashes.client import Client
from tests.acceptance.crashes.processes import Place
from tests.acceptance.crashes.receiver import Arrival, Receiver

__all__ = ["Books", "Evidence", "Report", "come_to_rest", "firsts", "judged"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is left of a siege. ``deaths``: by point; ``missed``: what should have happened and did not."""

    place: Place
    client: Client
    receiver: Receiver
    deaths: Mapping[str, int]
    missed: Sequence[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """``counted``: what happened, to be read; ``wrong``: what must be nought."""

    counted: Mapping[str, Any]
    wrong: Mapping[str, int]
    deaths: Mapping[str, int]
    notes: Sequence[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """Say what should not be."""
        return [f"{name}: {count}" for name, count in self.wrong.items() if count] + list(self.notes)

    def table(self) -> str:
        """Return all that was counted, a line each."""
        rows = [*self.counted.items(), *self.wrong.items()]
        rows += [(f"killed: {name}", count) for name, count in sorted(self.deaths.items())]
        rows += [("FAULT", note) for note in self.failures]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


class Books:
    """The database, looked at from outside."""

    def __init__(self, place: Place) -> None:
        url = database_url(place.settings["RECUPERA_DATABASE"], place.folder)
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = sa.create_engine(url.set(drivername="sqlite") if self._is_sqlite else url, poolclass=sa.NullPool)
        self._workflows = workflow_file(url)

    def rows(self, query: str) -> list[Any]:
        """Return the rows of a query; ``workflows`` stands for the tables of the workflow library."""
        with self._engine.connect() as connection:
            if self._is_sqlite and "workflows." in query:
                connection.exec_driver_sql("ATTACH DATABASE ? AS workflows", (str(self._workflows),))
            else:
                query = query.replace("workflows.", f"{SCHEMA}.")
            return list(connection.exec_driver_sql(query))

    def left(self) -> dict[str, int]:
        """Return what is still to be done."""
        left = {
            "outbox": "SELECT count(*) FROM outbox WHERE done_at IS NULL",
            "deliveries": "SELECT count(*) FROM deliveries WHERE status = 'pending'",
            "cases": "SELECT count(*) FROM cases WHERE next_at IS NOT NULL",
            "follow-ups": "SELECT count(*) FROM workflows.workflow_status WHERE status IN ('ENQUEUED', 'DELAYED')",
            "unseen": "SELECT count(*) FROM cases c WHERE status = 'open' AND NOT EXISTS (SELECT 1 FROM outbox o "
            "WHERE o.case_id = c.id AND o.key IS NOT NULL)",
        }
        counts = {name: self.rows(query)[0][0] for name, query in left.items()}
        return {name: count for name, count in counts.items() if count}


async def come_to_rest(place: Place, still_seconds: float, *, but: Collection[str] = ()) -> str | None:
    """Wait until nothing is left to do: all plans are through, all told, all delivered; ``but`` for some of it.

    Return what is missing if for ``still_seconds`` nothing got less.
    """
    books, before, until = Books(place), {}, 0.0
    while left := {name: count for name, count in (await asyncio.to_thread(books.left)).items() if name not in but}:
        if left != before:
            before, until = left, time.monotonic() + still_seconds
        if time.monotonic() > until:
            return f"it never came to rest: {left}"
        await asyncio.sleep(0.5)
    return None


def judged(found: Evidence) -> Report:
    """Compare what the client was told, what is stored, and what arrived."""
    place, client, receiver = found.place, found.client, found.receiver
    books = Books(place)
    messages = dict(books.rows("SELECT external_id, id FROM messages"))
    (stored,) = books.rows("SELECT count(*) FROM messages")[0]
    made = books.rows("SELECT id, event_id, destination_id, status FROM deliveries")
    workflows = Counter(dict(books.rows("SELECT status, count(*) FROM workflows.workflow_status GROUP BY status")))
    arrived = defaultdict(list)
    for arrival in receiver.arrivals:
        arrived[arrival.id].append(arrival)
    audit, findings = _audited(place)
    counted = {
        "seconds": round(found.seconds),
        "messages sent": client.sent,
        "answers": dict(client.statuses),
        "messages stored": stored,
        "cases": books.rows("SELECT count(*) FROM cases")[0][0],
        "cases closed": len(client.closed),
        "workflows": dict(workflows),
        "events": books.rows("SELECT count(*) FROM outbox WHERE kind = 'event'")[0][0],
        "deliveries": len(made),
        "arrivals": len(receiver.arrivals),
        "came more than once": sum(len(arrivals) > 1 for arrivals in arrived.values()),
        "refused at first": len(receiver.refused),
        "kills": sum(found.deaths.values()),
        "audit": audit,
    }
    wrong = {
        "accepted and not there": sum(messages.get(name) != id_ for name, id_ in client.answers.items()),
        "there and never sent": len(set(messages) - set(client.answers)),
        "there more than once": stored - len(messages),
        "answered with another id": len(client.contradictions),
        "deliveries not delivered": sum(row[3] != "delivered" for row in made),
        "delivered and never arrived": sum(row[0] not in arrived for row in made),
        "arrived and not recorded": len(set(arrived) - {row[0] for row in made}),
        "events under two ids": len(made) - len({(row[1], row[2]) for row in made}),
        "ids with two bodies": sum(len({a.digest for a in several}) > 1 for several in arrived.values()),
        "signatures that don't verify": receiver.unverified,
        "messages not told of once": _told_wrongly(messages, receiver.arrivals),
        "steps and deadlines told twice": _told_twice(
            receiver.arrivals, dict(books.rows("SELECT id, openings FROM cases"))
        ),
        "out of order in a case": _disordered(receiver.arrivals),
        "workflows that failed": sum(workflows[name] for name in ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")),
        "audit findings": findings,
    }
    return Report(counted, wrong, found.deaths, list(found.missed))


def firsts(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return what arrived, by its id once: as a receiver sees it that remembers ids."""
    return list({arrival.id: arrival for arrival in reversed(arrivals)}.values())[::-1]


def _told_wrongly(messages: Mapping[str, str], arrivals: Sequence[Arrival]) -> int:
    """Count the messages whose classification was not told to the first destination exactly once."""
    told = Counter(
        a.event["message_id"] for a in firsts(arrivals) if a.path == "/all" and a.event["type"] == "message.classified"
    )
    return sum(told[name] != 1 for name in messages.values())


def _told_twice(arrivals: Sequence[Arrival], openings: Mapping[str, int]) -> int:
    """Count what a case was told more than once under different ids, its ends more often than it was opened."""
    told = Counter(
        (
            a.event["type"],
            a.event["case_id"],
            json.dumps([a.path, a.event["reason"], a.event["due_at"], a.event["step"]]),
        )
        for a in firsts(arrivals)
        if a.event["type"] in ("step.due", "case.opened", "case.closed")
        or (a.event["type"] == "case.escalated" and a.event["due_at"])
    )
    often = {(kind, case): count for case, count in openings.items() for kind in ("case.opened", "case.closed")}
    return sum(count > often.get((kind, case), 1) for (kind, case, _), count in told.items())


def _disordered(arrivals: Sequence[Arrival]) -> int:
    """Count the cases whose deliveries first came in another order than they were made in, at a destination."""
    orders = defaultdict(list)
    for arrival in firsts(arrivals):
        orders[arrival.path, arrival.event["case_id"] or arrival.event["message_id"]].append(arrival.id)
    return sum(ids != sorted(ids) for ids in orders.values())


def _audited(place: Place) -> tuple[str, int]:
    """Run ``recupera audit``; return what it looked at, and how much it found."""
    status = place.command(["audit", "--minutes", "0", "--json"], "audit.json")
    said = (place.folder / "audit.json").read_text("utf-8")
    try:
        found = json.loads(said[said.index('{"findings"') :])
    except ValueError:
        return f"exit status {status}: {said[-500:]}", 1
    codes = Counter(finding["code"] for finding in found["findings"])
    return f"exit status {status}, {dict(codes) or 'everything holds'}", max(len(found["findings"]), status)
