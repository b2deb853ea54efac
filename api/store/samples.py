"""Sample messages: told from real ones by their name, kept quiet, and removed without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from api.store.database import Connection
from api.store.tables import SAMPLES, cases, messages, outbox

__all__ = ["IS_SAMPLE", "PREFIX", "count", "is_sample", "remove", "silence"]

PREFIX: Final = "recupera-sample-"
"""What the ``external_id`` of a sample, and its customer's id, begin with."""

IS_SAMPLE: Final = sa.and_(
    messages.c.external_id.startswith(PREFIX, autoescape=True),
    messages.c.customer_id.startswith(PREFIX, autoescape=True),
)
"""Whether a row of the messages is a sample, of which nothing follows. Both names must say so: samples are deleted."""

_PART: Final = 400


async def count(connection: Connection) -> int:
    """Return how many samples there are, from their index: however many other messages there are."""
    query = sa.select(sa.func.count()).select_from(messages).where(SAMPLES)
    return int((await connection.execute(query)).scalar_one())


def is_sample(external_id: str | None, customer_id: str | None) -> bool:
    """Say whether a message of these names is a sample."""
    return all(name is not None and name.startswith(PREFIX) for name in (external_id, customer_id))


async def silence(connection: Connection, case_ids: Sequence[str], message_ids: Sequence[str]) -> None:
    """Take back what samples would have told and started: no destination hears of them, no workflow follows them."""
    about = sa.or_(outbox.c.case_id.in_(case_ids), outbox.c.message_id.in_(message_ids))
    await connection.execute(outbox.delete().where(about, outbox.c.done_at.is_(None)))
    await connection.execute(cases.update().where(cases.c.id.in_(case_ids)).values(next_at=None))


async def remove(connection: Connection) -> int:
    """Delete all samples with their cases and corrections; return how many messages there were."""
    found = (await connection.execute(sa.select(messages.c.id, messages.c.case_id).where(IS_SAMPLE))).all()
    case_ids = sorted({row.case_id for row in found if row.case_id})
    for start in range(0, len(found), _PART):
        some = [row.id for row in found[start : start + _PART]]
        await connection.execute(outbox.delete().where(outbox.c.message_id.in_(some)))
        await connection.execute(messages.delete().where(messages.c.id.in_(some)))
    for start in range(0, len(case_ids), _PART):
        part = case_ids[start : start + _PART]
        await connection.execute(outbox.delete().where(outbox.c.case_id.in_(part)))
        await connection.execute(cases.delete().where(cases.c.id.in_(part)))
    return len(found)
