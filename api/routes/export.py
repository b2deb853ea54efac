"""``/v1/export``: messages with their labels as a file, however many."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.access.principal import Asking
from api.analytics.export import FORMATS, export
from api.analytics.query import SelectionQuery
from api.errors import problems
from api.service import Loaded

__all__ = ["router"]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {form.media_type.partition(";")[0]: {} for form in FORMATS.values()}},
    **problems({422: "A filter is wrong", 503: "The service is loading"}),
}

router = APIRouter(tags=["analytics"])


class ExportQuery(SelectionQuery):
    """Filters of an export, and whether personal data is masked."""

    masked: Annotated[
        bool, Field(description="No customer's nor sender's identifiers, and `<PHONE>` and the like in the texts.")
    ] = True


@router.get(
    "/v1/export.{form}",
    summary="Messages and their labels as CSV, JSON lines or Parquet",
    response_class=StreamingResponse,
    responses=_RESPONSES,
)
async def download(
    form: Literal["csv", "jsonl", "parquet"], query: Annotated[ExportQuery, Query()], service: Loaded, asking: Asking
) -> StreamingResponse:
    """Stream the messages of the period, the oldest first; masked in any case for people who need not see who wrote."""
    writer, selection = FORMATS[form](), query.to_selection()
    name = f"recupera-{selection.since}-{selection.until}.{form}"
    return StreamingResponse(
        export(service.store, selection, writer, masked=query.masked or not asking.sees_personal),
        media_type=writer.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )
