"""``/sign-in``: by a password, or by the OpenID provider; and ``/sign-out``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from api.access.accounts import SignInError, TooManyError, clean_name, clean_username, known_by_provider
from api.access.passwords import LONGEST
from api.access.principal import Principal
from api.access.scopes import Role
from api.access.sessions import (
    Caller,
    begin_session,
    cookie_of,
    end_session,
    forget_cookie,
    is_https,
    keep_cookie,
    new_secret,
    principal_of,
    secret_of,
)
from api.access.signin import SignIn, own_path, signed_in
from api.access.table import find
from api.access.vouching import Begun, Person, ProviderError
from api.console.guard import HEADERS
from api.console.page import ConsolePage
from api.console.person import VISIT, accounts_of, begin_visit, destination, forms_secret
from api.console.rendering import render, see_other
from api.store import accounts
from api.store.database import Store, UnavailableError
from classifier.errors import InputError

if TYPE_CHECKING:
    from api.access.oidc import Provider

__all__ = ["router"]

_PROVIDER_COOKIE: Final = "recupera_provider"
router = APIRouter(route_class=ConsolePage)


class SignInForm(BaseModel):
    """Who somebody says they are; ``back`` is the page that they asked for."""

    username: str = Field(default="", max_length=LONGEST)
    password: str = Field(default="", max_length=LONGEST * 4)
    back: str = "/"


@router.get("/sign-in")
async def ask(request: Request, back: str = "/") -> Response:
    """Show the form."""
    known = await _sign_in(request).recognise(request)
    if known is not None:
        return see_other(destination(known, back))
    return await _form(request, own_path(back))


@router.post("/sign-in")
async def sign_in(request: Request, form: Annotated[SignInForm, Form()]) -> Response:
    """Open a session, or show the form again and say why not."""
    if forms_secret(request) is None:
        raise HTTPException(403, "this form was not sent by a page of the console")
    store, known = _store(request), accounts_of(request)
    try:
        secret = await known.sign_in(store, form.username, form.password, Caller.of(request))
    except TooManyError as error:
        return await _form(
            request, own_path(form.back), username=form.username, failure="wait", wait=error.seconds, status=429
        )
    except SignInError:
        return await _form(request, own_path(form.back), username=form.username, failure="wrong", status=401)
    async with store.read() as connection:
        account = await accounts.by_username(connection, clean_username(form.username))
    return await _welcome(request, secret, principal_of(account) if account else None, form.back)


@router.get("/sign-in/provider")
async def leave(request: Request, back: str = "/") -> Response:
    """Go to the OpenID provider."""
    provider = _provider(request)
    try:
        address, begun = await provider.begin(_redirect_uri(request), own_path(back))
    except ProviderError as error:
        return await _form(request, own_path(back), failure=error.reason, status=502)
    response = RedirectResponse(address, 303, HEADERS)
    keep_cookie(response, request, accounts_of(request).settings, begun.packed(), _PROVIDER_COOKIE)
    return response


@router.get("/sign-in/provider/back")
async def come_back(request: Request) -> Response:
    """Open a session for whom the provider vouches for."""
    provider, settings = _provider(request), accounts_of(request).settings
    back = "/"
    try:
        begun = Begun.unpacked(cookie_of(request, settings, _PROVIDER_COOKIE))
        back = begun.back
        person = await provider.end(begun, request.query_params, _redirect_uri(request))
    except ProviderError as error:
        response = await _form(request, own_path(back), failure=error.reason, status=403)
        forget_cookie(response, request, settings, _PROVIDER_COOKIE)
        return response
    secret, principal = await _admit(request, person)
    response = await _welcome(request, secret, principal, back)
    forget_cookie(response, request, settings, _PROVIDER_COOKIE)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    found = signed_in(request)
    if found is not None:
        async with _store(request).write() as connection:
            await accounts.end(connection, found.account.id, found.session.id)
    response = see_other("/sign-in")
    forget_cookie(response, request, accounts_of(request).settings)
    return response


async def _admit(request: Request, person: Person) -> tuple[str, Principal]:
    """Open a session for somebody whom the provider vouches for, whose account is made if there is none."""
    try:
        username = clean_username(person.username)
    except InputError:
        username = "openid"
    async with _store(request).write() as connection:
        account = await known_by_provider(
            connection, person.subject, username, clean_name(person.name) or username, Role(person.role)
        )
        settings = accounts_of(request).settings
        secret = await begin_session(connection, account, Caller.of(request), datetime.now(UTC), settings)
    return secret, principal_of(account)


async def _form(
    request: Request, back: str, *, username: str = "", failure: str = "", wait: int = 0, status: int = 200
) -> Response:
    """Return the page of sign-in; a browser that has no secret yet gets one for its form."""
    secret, visit = forms_secret(request), None
    if secret is None:
        secret = visit = new_secret()
    provider = _sign_in(request).provider
    async with _store(request).read() as connection:
        anybody = await accounts.any_exists(connection)
    response = render(
        request,
        "sign_in.html",
        status=status,
        headers={"Retry-After": str(wait)} if wait else None,
        secret=secret,
        back=back,
        username=username,
        failure=failure,
        wait=wait,
        provider=provider and provider.name,
        anybody=anybody or provider is not None,
    )
    if visit is not None:
        begin_visit(request, response, visit)
    return response


async def _welcome(request: Request, secret: str, principal: Principal | None, back: str) -> Response:
    """Return the way to the page that was asked for, and the new session; the one before ends, the trail is told."""
    response = see_other("/" if principal is None else destination(principal, back))
    settings, trail = accounts_of(request).settings, request.app.state.trail
    before, found = secret_of(request, settings), find(request.method, request.url.path)
    if before is not None:
        async with _store(request).write() as connection:
            await end_session(connection, before)
    if trail is not None and principal is not None and found is not None:
        request.scope.setdefault("state", {})
        await trail.note(principal, request.scope, found, response.status_code)
    keep_cookie(response, request, settings, secret)
    forget_cookie(response, request, settings, VISIT)
    return response


def _redirect_uri(request: Request) -> str:
    """Return where the provider sends people back to, as it is registered there."""
    url = request.url_for("come_back")
    return str(url.replace(scheme="https") if is_https(request, accounts_of(request).settings) else url)


def _provider(request: Request) -> Provider:
    provider = _sign_in(request).provider
    if provider is None:
        raise HTTPException(404, "there is no provider")
    return provider


def _sign_in(request: Request) -> SignIn:
    found: SignIn = request.app.state.sign_in
    return found


def _store(request: Request) -> Store:
    store: Store | None = request.app.state.store
    if store is None:
        raise UnavailableError("the database is being opened")
    return store
