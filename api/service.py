"""What the routes use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from api.batching import Batcher
from api.intake import Intake
from api.store.database import Store
from classifier import ComplaintClassifier

__all__ = ["Loaded", "Service", "loaded"]


@dataclass(frozen=True, slots=True)
class Service:
    """Present once the model is loaded and the database open."""

    classifier: ComplaintClassifier
    batcher: Batcher
    store: Store
    intake: Intake


async def loaded(request: Request) -> Service:
    """Return the service; ask to come back while it is loading."""
    service: Service | None = request.app.state.service
    if service is None:
        raise HTTPException(503, "the model is being loaded", headers={"Retry-After": "1"})
    return service


Loaded = Annotated[Service, Depends(loaded)]
