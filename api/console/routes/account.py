"""``/account``: who one is here, one's password, and the browsers in which one is signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.access.accounts import SignInError, TooManyError
from api.access.passwords import LONGEST, SHORTEST
from api.access.sessions import Caller, SignedIn, forget_cookie, keep_cookie
from api.access.signin import signed_in
from api.console.page import ConsolePage
from api.console.person import accounts_of, who
from api.console.refusals import SIGNED_OUT, RefusedError
from api.console.rendering import render, see_other
from api.console.views.account import browser_of
from api.schemas import Identifier
from api.store import accounts
from api.store.database import Store
from classifier.errors import InputError

__all__ = ["router"]

router = APIRouter(route_class=ConsolePage)


class PasswordForm(BaseModel):
    """The password as it is, and the new one, twice."""

    present: str = Field(default="", max_length=LONGEST * 4)
    password: str = Field(default="", max_length=LONGEST * 4)
    again: str = Field(default="", max_length=LONGEST * 4)


@router.get("/account")
async def account(request: Request, changed: bool = False) -> Response:  # noqa: FBT001, FBT002, RUF100 - from the address
    """Show it; where nobody needs to sign in, say how that is changed."""
    return await _page(request, changed=changed)


@router.post("/account/password")
async def change_password(request: Request, form: Annotated[PasswordForm, Form()]) -> Response:
    """Give the account another password; every browser but this one is signed out."""
    me = _me(request)
    if form.password != form.again:
        return await _page(request, failure="differ", status=422)
    known, store = accounts_of(request), _store(request)
    try:
        secret = await known.change_password(store, me.account, form.present, form.password, Caller.of(request))
    except InputError:
        return await _page(request, failure="unfit", status=422)
    except TooManyError as error:
        return await _page(request, failure="wait", wait=error.seconds, status=429)
    except SignInError:
        return await _page(request, failure="wrong", status=403)
    response = see_other("/account?changed=true")
    keep_cookie(response, request, known.settings, secret)
    return response


@router.post("/account/sessions/{session_id}/end")
async def end_one(request: Request, session_id: Identifier) -> Response:
    """Sign out of another browser."""
    me = _me(request)
    async with _store(request).write() as connection:
        await accounts.end(connection, me.account.id, session_id)
    return see_other("/account")


@router.post("/account/sessions/end")
async def end_all(request: Request) -> Response:
    """Sign out everywhere, here too."""
    me = _me(request)
    async with _store(request).write() as connection:
        await accounts.end_all(connection, me.account.id)
    response = see_other("/sign-in")
    forget_cookie(response, request, accounts_of(request).settings)
    return response


async def _page(
    request: Request, *, changed: bool = False, failure: str = "", wait: int = 0, status: int = 200
) -> Response:
    me = None if who(request).kind == "open" else _me(request)
    sessions = []
    if me is not None:
        idle = accounts_of(request).settings.idle
        async with _store(request).read() as connection:
            sessions = await accounts.sessions_of(connection, me.account.id, datetime.now(UTC), idle)
    return render(
        request,
        "account.html",
        status=status,
        headers={"Retry-After": str(wait)} if wait else None,
        me=me,
        sessions=[(session, browser_of(session.agent)) for session in reversed(sessions)],
        changed=changed,
        failure=failure,
        wait=wait,
        shortest=SHORTEST,
    )


def _me(request: Request) -> SignedIn:
    """Return who is signed in."""
    found = signed_in(request)
    if found is None:
        raise RefusedError(SIGNED_OUT)
    return found


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
