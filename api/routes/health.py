"""Whether the process is alive, and whether it can do its work."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.errors import problem

_PATIENCE_SECONDS: Final = 3.0
router = APIRouter(tags=["operations"])


@router.get("/livez", summary="The process answers")
async def live() -> dict[str, str]:
    """Return 200 as long as the process answers at all."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="The model is loaded and the database answers",
    responses={503: {"description": "Not yet, not now, or no longer"}},
)
async def ready(request: Request) -> JSONResponse:
    """Return 200 once messages can be taken, with the model that reads them; 503 before, after, and without a database.

    ``worker`` says whether this process sees cases through, if it has a worker at all.
    """
    service = request.app.state.service
    if service is None:
        return problem(503, "the model is being loaded", headers={"Retry-After": "1"})
    if not await service.store.answers(_PATIENCE_SECONDS):
        return problem(503, "the database can't be reached or is too busy", headers={"Retry-After": "2"})
    model = service.classifier.model
    told = {"status": "ready", "model": f"{model.name} {model.version}", "taxonomy": model.taxonomy}
    worker = request.app.state.worker
    return JSONResponse(told if worker is None else {**told, "worker": worker.told()})
