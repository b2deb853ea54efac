"""Messages whose text is their labels, taken in and planned by the default policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from api.audit import Review, review
from api.batching import Request
from api.cases import complete_step
from api.intake import Accepted, Incoming, Intake
from api.planning import PolicyPlanner
from api.recovery import default_policy
from api.store import cases, outbox
from api.store.database import Store
from api.store.records import CaseRecord, OutboxRecord, StepRecord
from api.workflow.turn import Look, look
from classifier.types import Classification
from tests.api.recovery.cases import classified

__all__ = ["GRAVE", "MILD", "PLANNER", "Counter"]

GRAVE: Mapping[str, Any] = {"severity": "critical", "touchpoint": "fulfilment", "guarantee": True}
MILD: Mapping[str, Any] = {
    "severity": "low", "justice": ["procedural"], "motive": ["venting"], "touchpoint": "support", "tone": "calm",
}  # fmt: skip
PLANNER = PolicyPlanner(default_policy())


class _AtOnce:
    """Reads the labels of a text, without waiting for company."""

    async def classify(self, request: Request) -> list[Classification]:
        named = zip(request.texts, request.ids, strict=True)
        return [replace(classified(**json.loads(text)), id=name) for text, name in named]


@dataclass
class Counter:
    """Where customers write, and what can be asked of their cases."""

    store: Store
    intake: Intake
    taken: int = 0
    more: dict[str, Any] = field(default_factory=lambda: {"customer": {"id": "ana", "country": "ES"}})

    @classmethod
    async def opened(cls, store: Store) -> Self:
        return cls(store, await Intake.start(store, _AtOnce(), PLANNER, capacity=10))  # type: ignore[arg-type]

    async def write(self, labels: Mapping[str, Any] | None = None, **more: Any) -> Accepted:
        """Take a message of these labels in."""
        self.taken += 1
        sent = Incoming("email", str(self.taken), json.dumps(dict(labels or {})), **{**self.more, **more})
        return await self.intake.accept(sent)

    async def complain(self, labels: Mapping[str, Any] | None = None, **more: Any) -> CaseRecord:
        case = (await self.write(labels, **more)).case
        assert case is not None
        return case

    async def case(self, case_id: str) -> CaseRecord:
        async with self.store.read() as connection:
            found = await cases.get(connection, case_id)
        assert found is not None
        return found

    async def steps(self, case: CaseRecord) -> dict[str, StepRecord]:
        """Return the steps of the present plan."""
        async with self.store.read() as connection:
            now = await cases.get(connection, case.id)
            assert now is not None
            return {s.id: s for s in await cases.steps_of(connection, case.id) if s.revision == now.revision}

    async def do(self, case: CaseRecord, *names: str) -> None:
        async with self.store.write() as connection:
            for name in names:
                await complete_step(connection, case.id, name, by="erp", note="Hecho.", now=datetime.now(UTC))

    async def look(self, case: CaseRecord, now: datetime | None = None) -> Look:
        return await look(self.store, case.id, (await self.case(case.id)).openings, now or datetime.now(UTC))

    async def told(self, case: CaseRecord, type_: str = "step.due") -> list[OutboxRecord]:
        async with self.store.read() as connection:
            return [told for told in await outbox.of_case(connection, case.id) if told.type == type_]

    async def unsound(self) -> list[str]:
        """Return what the audit finds; no workflow and no delivery is at work here."""
        late = datetime.now(UTC) - timedelta(days=1)
        async with self.store.read() as connection:
            return [f"{found.code} {found.message}" async for found in review(connection, Review(), late=late)]

    async def history(self, case: CaseRecord) -> list[str]:
        async with self.store.read() as connection:
            return [happened.event for happened in await cases.history_of(connection, case.id)]
