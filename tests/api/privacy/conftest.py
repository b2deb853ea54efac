"""A customer whose message says twelve kinds of personal data, and a model that quotes all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from api.audit import Review, review
from api.batching import Batcher
from api.intake import Incoming, Intake
from api.store import cases, messages
from api.store.database import DatabaseUrl, Store, database_url
from api.store.records import CaseRecord, MessageRecord
from api.store.tables import outbox
from classifier.types import Classification, Evidence, Fact
from tests.api.conftest import STEADY, Marked
from tests.api.workflow.conftest import open_desk

__all__ = ["CUSTOMER", "NAMES", "PERSONAL", "TEXT", "Office", "Quoting", "office", "open_desk", "said"]

CUSTOMER: Final = {
    "id": "cliente-99182", "name": "Evangelina Luz Prueba", "mail": "otra.eva@correo.example", "country": "AR",
    "value_tier": "gold",
}  # fmt: skip
PERSONAL: Final = {
    "email": "evaluz.prueba@correo.example",
    "phone": "+55 11 98765-4321",
    "cpf": "390.533.447-05",
    "cnpj": "11.222.333/0001-81",
    "rut": "12.345.678-5",
    "dni": "12345678Z",
    "nie": "X1234567L",
    "cuit": "20-12345678-6",
    "curp": "BOXW310820HNERXN09",
    "rfc": "GODE561231GR8",
    "card": "4111 1111 1111 1111",
    "iban": "ES91 2100 0418 4502 0005 1332",
}
TEXT: Final = (
    "Pedí una licuadora el 3 de mayo y nadie responde: escríbanme a {email} o al {phone}. Mi CPF es {cpf}, el CNPJ de "
    "mi tienda {cnpj}, mi RUT {rut}, mi DNI {dni}, mi NIE {nie}, mi CUIT {cuit}, mi CURP {curp}, mi RFC {rfc}, la "
    "tarjeta {card} y la cuenta {iban}. ¿?"
).format(**PERSONAL)
NAMES: Final = (CUSTOMER["name"], CUSTOMER["mail"])
"""What identifies the customer besides what the text says."""


class Quoting(Marked):
    """Rests every decision on the whole text, and takes each piece of personal data in it for a fact."""

    def _one(self, text: str, name: str) -> Classification:
        evidence = (Evidence("severity", "high", 0, len(text), text),)
        places = [(text.index(value), value) for value in PERSONAL.values() if value in text]
        facts = tuple(Fact("amount", v, {"amount": v}, start, start + len(v)) for start, v in places)
        return replace(super()._one(text, name), evidence=evidence, facts=facts)


def said(**more: Any) -> dict[str, Any]:
    """Return the body of the customer's message."""
    return {
        "channel": "email", "external_id": "<carta-7731@correo.example>", "text": TEXT, "customer": CUSTOMER,
        "thread_id": "hilo-66201", "metadata": {"producto": "licuadora", "contacto": PERSONAL["phone"]}, **more,
    }  # fmt: skip


@dataclass
class Office:
    """A store with an intake, and what can be asked of it."""

    store: Store
    url: DatabaseUrl
    intake: Intake

    async def take(self, name: str, text: str = TEXT, **more: Any) -> MessageRecord:
        accepted = await self.intake.accept(Incoming("email", name, text, **{"customer": CUSTOMER, **more}))
        return accepted.message

    async def message(self, name: str) -> MessageRecord:
        async with self.store.read() as connection:
            found = await messages.get(connection, name)
        assert found is not None
        return found

    async def case(self, name: str | None) -> CaseRecord:
        async with self.store.read() as connection:
            found = await cases.get(connection, str(name))
        assert found is not None
        return found

    async def events(self, type_: str) -> list[Any]:
        async with self.store.read() as connection:
            found = await connection.execute(sa.select(outbox.c.data).where(outbox.c.type == type_).order_by("id"))
            return list(found.scalars())

    async def audit(self) -> list[dict[str, Any]]:
        """Return what the audit finds, as if nothing could be late yet."""
        late = datetime.now(UTC) - timedelta(days=5000)
        async with self.store.read() as connection:
            return [finding.to_dict() async for finding in review(connection, Review(), late=late)]


@pytest.fixture
async def office(store: Store, database: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Office]:
    """Return an office on an empty database, of both kinds in turn."""
    batcher = Batcher(Quoting(), size=8, wait_seconds=0, capacity=64)
    yield Office(store, database_url(database, tmp_path), await Intake.start(store, batcher, STEADY, capacity=64))
    await asyncio.to_thread(batcher.close)
