"""The interactive reference at ``/docs``, from files that came with the installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import swagger_ui_bundle
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

__all__ = ["add_reference", "as_openapi_30"]

_DESCRIPTION: Final = "docs/openapi-3.0.json"


def add_reference(app: FastAPI) -> None:
    """Serve Swagger UI.

    The bundled one reads OpenAPI 3.0, so it gets the description of 3.1 (``/openapi.json``) translated.
    """
    app.mount("/docs/assets", StaticFiles(directory=Path(swagger_ui_bundle.swagger_ui_path)), name="reference-assets")

    @app.get("/docs", include_in_schema=False)
    async def reference() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=_DESCRIPTION,
            title="Recupera",
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="docs/assets/favicon-32x32.png",
        )

    @app.get(f"/{_DESCRIPTION}", include_in_schema=False)
    async def description() -> JSONResponse:
        return JSONResponse({**as_openapi_30(app.openapi()), "openapi": "3.0.3"})


def as_openapi_30(node: Any) -> Any:
    """Translate what 3.1 says otherwise than 3.0: ``null`` among the types, and lists of examples."""
    if isinstance(node, list):
        return [as_openapi_30(item) for item in node]
    if not isinstance(node, dict):
        return node
    translated = {key: as_openapi_30(value) for key, value in node.items()}
    options = translated.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        del translated["anyOf"]
        rest = [option for option in options if option != {"type": "null"}]
        translated |= {"nullable": True, **({"allOf": rest} if len(rest) == 1 else {"anyOf": rest})}
    if isinstance(translated.get("examples"), list):
        translated["example"] = translated.pop("examples")[0]
    return translated
