"""Pages from templates: every value is escaped, and none of its characters hides or turns text around."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.access.sessions import CSRF_FIELD, form_token
from api.console.formats import Formats
from api.console.guard import HEADERS
from api.console.names import Names
from api.console.person import home, masks, may_open, token_of, who
from api.console.preferences import Preferences
from api.console.text import excerpt, letter, masked, visible
from api.console.translation import locale_of, translations
from api.console.views.filters import PAGES, also, kept
from classifier.taxonomy import SEVERITY, TASK_BY_ID

__all__ = ["asset", "fragment", "is_partial", "render", "see_other", "text_of"]

NAVIGATION: Final = (
    ("overview", "/"),
    ("moments", "/moments"),
    ("cases", "/cases"),
    ("review", "/review"),
    ("policy", "/policy"),
    ("model", "/model"),
    ("live", "/live"),
)


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    secret: str | None = None,
    **context: Any,
) -> Response:
    """Return a page, or the part of one, in the reader's language, theme and time zone.

    Its forms carry the token of the session, or of ``secret``.
    """
    liked, principal = Preferences.of(request), who(request)
    page = _environment(liked.language).get_template(template)
    shared = {
        "liked": liked,
        "names": Names(liked.language),
        "fmt": Formats(locale_of(liked.language), liked.zone, datetime.now(UTC)),
        "path": request.url.path,
        "query": request.url.query,
        "filtered": kept(request.url.path, request.query_params.multi_items()),
        "mask": masks(request),
        "principal": principal,
        "samples": getattr(request.state, "samples", 0),
        "home": home(principal),
        "may": lambda address: may_open(principal, address),
        "csrf": _token_field(form_token(secret) if secret else token_of(request)),
    }
    return HTMLResponse(page.render(shared | context), status, {**HEADERS, **(headers or {})})


def fragment(request: Request, template: str, **context: Any) -> str:
    """Return a part of a page as text, to be sent by other means than an answer."""
    return bytes(render(request, template, **context).body).decode()


def is_partial(request: Request) -> bool:
    """Say whether a script asks for a part of the page that it shows."""
    return request.headers.get("hx-request-type") == "partial"


def see_other(path: str) -> Response:
    """Answer a form with the page to look at now."""
    return RedirectResponse(path, 303, HEADERS)


def text_of(request: Request, text: str, **values: Any) -> str:
    """Return one of our texts in the reader's language, with values in its places."""
    said = translations(Preferences.of(request).language).gettext(text)
    return said % values if values else said


@cache
def asset(name: str) -> str:
    """Return the address of a file of ours; another content has another one, so that browsers may keep it."""
    content = files("api.console").joinpath("static", *name.split("/")).read_bytes()
    return f"/assets/{name}?v={sha256(content).hexdigest()[:12]}"


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("api.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["also"] = also
    environment.filters["excerpt"] = excerpt
    environment.filters["letter"] = letter
    environment.filters["private"] = lambda text, mask: masked(text, mask=mask)
    environment.globals |= {
        "asset": asset,
        "navigation": NAVIGATION,
        "filtered_pages": PAGES,
        "severities": SEVERITY.label_ids,
        "tasks": TASK_BY_ID,
    }
    return environment


def _token_field(token: str) -> Markup:
    """Return the field by which a form shows that it is of this session."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token) if token else Markup("")


def _finalize(value: Any) -> Any:
    if isinstance(value, Markup):
        return Markup(visible(str(value)))  # noqa: S704, RUF100 - it was escaped before, and nothing is taken back
    return visible(value) if isinstance(value, str) else value
