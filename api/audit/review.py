"""Goes through a store, from messages to deliveries, and yields what does not hold as it is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.audit import checks
from api.audit.findings import Code, Finding, Level
from api.audit.remedies import Remedies
from api.store import audit as store
from api.store import plans
from api.store.database import Connection
from api.workflow.agenda import workflow_id

__all__ = ["Review", "review"]


@dataclass(slots=True)
class Review:
    """What was looked at, and how many findings there are of each kind.

    ``unjudged`` counts pairs of an event and a destination that was changed after the event was told: what it asked
    for then is not known.
    """

    looked_at: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    unjudged: int = 0
    found: Counter[Code] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(count for code, count in self.found.items() if code.level is Level.ERROR)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "looked_at": self.looked_at,
            "deliveries": self.deliveries,
            "unjudged": self.unjudged,
            "found": {str(code): count for code, count in self.found.items()},
            "errors": self.errors,
        }


async def review(
    connection: Connection, into: Review, *, late: datetime, advance: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Finding]:
    """Yield findings and count them in ``into``; whatever was due before ``late`` must have been done.

    ``advance`` is told how many more messages, cases and events were looked at.
    """
    async for finding in _all(connection, into, late, advance):
        into.found[finding.code] += 1
        yield finding


async def _all(
    connection: Connection, into: Review, late: datetime, advance: Callable[[int], None]
) -> AsyncIterator[Finding]:
    into.looked_at = await store.count(connection)
    workflows = await store.has_workflows(connection)
    into.deliveries = await store.delivery_counts(connection)
    async for one, *others in store.twice_received(connection):
        yield Finding(Code.TWICE_RECEIVED, "it came twice", {"message": one, "other": others[0]})
    async for message in store.messages_of(connection):
        for finding in checks.check_message(message):
            yield finding
        advance(1)
    async for case in store.cases_of(connection, workflow_id if workflows else None):
        for finding in checks.check_case(case, late=late, workflows=workflows):
            yield finding
        advance(1)
    async for finding in _events(connection, into, late, advance):
        yield finding
    remedies = Remedies()
    async for planned in plans.planned(connection, plans.PlannedFilter()):
        remedies.enter(planned)
    for finding in remedies.findings():
        yield finding


async def _events(
    connection: Connection, into: Review, late: datetime, advance: Callable[[int], None]
) -> AsyncIterator[Finding]:
    async for entry in store.late_entries(connection, late):
        yield checks.check_entry(entry)
    destinations = await store.destinations_of(connection)
    async for told in store.events_of(connection):
        into.unjudged += sum(
            to.created_at <= told.event.created_at and to.id not in told.made and not checks.is_judged(to, told.event)
            for to in destinations
        )
        for finding in checks.check_event(told, destinations):
            yield finding
        advance(1)
    async for delivery in store.broken_deliveries(connection):
        yield checks.check_broken(delivery)
    for waiting in await store.late_deliveries(connection, late):
        yield checks.check_late(waiting)
