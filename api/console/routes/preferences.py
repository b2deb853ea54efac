"""``POST /preferences``: language, theme, and who is looking."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel

from api.access.signin import own_path
from api.console.page import ConsolePage
from api.console.preferences import LONGEST_NAME, remember
from api.console.rendering import see_other
from api.schemas import storable

__all__ = ["router"]

router = APIRouter(route_class=ConsolePage)


class PreferencesForm(BaseModel):
    """What somebody chose; what is left out stays. ``back`` is the page that they were on."""

    language: Literal["es", "pt", "en"] | None = None
    theme: Literal["auto", "light", "dark"] | None = None
    name: str | None = None
    back: str = "/"


@router.post("/preferences")
async def prefer(form: Annotated[PreferencesForm, Form()]) -> Response:
    """Keep the choice in the browser, and show the same page again."""
    response = see_other(own_path(form.back))
    for name in ("language", "theme"):
        value = getattr(form, name)
        if value is not None:
            remember(response, name, value)
    if form.name is not None:
        remember(response, "name", storable(form.name).strip()[:LONGEST_NAME])
    return response
