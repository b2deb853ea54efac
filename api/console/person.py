"""Who looks at the console, what they may open, and what of a customer they are shown."""

from __future__ import annotations

from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import Response

from api.access.accounts import Accounts
from api.access.principal import OPEN, Principal
from api.access.sessions import CSRF_FIELD, CSRF_HEADER, form_token, is_form_token, keep_cookie, secret_of
from api.access.signin import own_path
from api.access.table import allows, find

__all__ = [
    "VISIT",
    "accounts_of",
    "begin_visit",
    "destination",
    "forms_secret",
    "home",
    "masks",
    "may_open",
    "require_token",
    "token_of",
    "who",
]

VISIT: Final = "recupera_visit"
"""The cookie that ties the form of sign-in to the browser that it was sent to."""

PAGES: Final = ("/", "/moments", "/cases", "/review", "/policy", "/model", "/live")


def who(request: Request) -> Principal:
    """Return who looks, as the guard found."""
    principal: Principal = getattr(request.state, "principal", OPEN)
    return principal


def accounts_of(request: Request) -> Accounts:
    """Return what is needed to sign in."""
    accounts: Accounts = request.app.state.sign_in.accounts
    return accounts


def may_open(principal: Principal, path: str) -> bool:
    """Say whether somebody may open a page, by the guard's own table."""
    found = find("GET", path.partition("?")[0])
    return found is not None and allows(found.rule, principal)


def home(principal: Principal) -> str:
    """Return the first page that somebody may open."""
    return next((path for path in PAGES if may_open(principal, path)), "/account")


def destination(principal: Principal, wanted: str) -> str:
    """Return the page to show after sign-in: that which was asked for, if it is one of ours that they may open."""
    path = own_path(wanted)
    found = find("GET", path.partition("?")[0])
    is_page = found is not None and found.rule.page and not path.startswith("/sign-in")
    return path if is_page and may_open(principal, path) else home(principal)


def masks(request: Request) -> bool:
    """Say whether what identifies a customer is hidden: from roles that need not see it always, else as it is set."""
    principal, setting = who(request), request.app.state.console.mask
    if not principal.sees_personal:
        return True
    return bool(principal.kind != "user" if setting is None else setting)


def forms_secret(request: Request) -> str | None:
    """Return what the token of a form is derived from: the session's secret, before sign-in that of the visit."""
    settings = accounts_of(request).settings
    return secret_of(request, settings) or secret_of(request, settings, VISIT)


def token_of(request: Request) -> str:
    """Return the token that the forms of a page carry; empty where there is no session to be abused."""
    secret = forms_secret(request)
    return "" if secret is None else form_token(secret)


async def require_token(request: Request) -> None:
    """Refuse what does not carry the token of the session, in the form or in a header."""
    secret = None if request.method in ("GET", "HEAD") else forms_secret(request)
    if secret is None:
        return
    token = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(token, str) or not is_form_token(secret, token):
        raise HTTPException(403, "this form does not belong to the session")


def begin_visit(request: Request, response: Response, secret: str) -> None:
    """Keep the secret of a visit in the browser."""
    keep_cookie(response, request, accounts_of(request).settings, secret, VISIT)
