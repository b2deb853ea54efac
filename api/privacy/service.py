"""Erasures as the service does them when it is asked over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from api.privacy.erasing import erase_customer, erase_message
from api.privacy.report import Report, proven, would_be
from api.store.database import DatabaseUrl, Store
from api.store.vault import Vault

__all__ = ["Eraser", "Erasing", "erasing"]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Present once the database is open."""

    store: Store
    url: DatabaseUrl
    vault: Vault | None

    async def erase(self, *, customer_id: str | None, message_id: str | None, actor: str | None, dry: bool) -> Report:
        """Erase a customer or a message and prove it; raise ``NotFoundError`` if there is no such message."""
        now = datetime.now(UTC)
        if customer_id is not None:
            erased = await erase_customer(self.store, customer_id, at=now, actor=actor, dry=dry)
        else:
            erased = await erase_message(self.store, str(message_id), at=now, actor=actor, dry=dry)
        if dry:
            return await would_be(self.store, erased)
        return await proven(self.store, self.url, self.vault, erased, at=now, actor=actor)


async def erasing(request: Request) -> Eraser:
    """Return what erases; ask to come back while the database is being opened."""
    eraser: Eraser | None = request.app.state.eraser
    if eraser is None:
        raise HTTPException(503, "the service is starting", headers={"Retry-After": "1"})
    return eraser


Erasing = Annotated[Eraser, Depends(erasing)]
