"""``/users``: who may sign in, and as what."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.access.accounts import remove, set_role
from api.access.passwords import LONGEST, SHORTEST
from api.access.scopes import Role
from api.access.trail import concerns
from api.console.page import ConsolePage
from api.console.person import accounts_of, who
from api.console.rendering import render, see_other
from api.errors import ConflictError, NotFoundError
from api.schemas import Identifier
from api.store import accounts
from api.store.database import Store
from classifier.errors import InputError

__all__ = ["router"]

router = APIRouter(route_class=ConsolePage)


class NewUser(BaseModel):
    """Somebody who shall be able to sign in."""

    username: str = Field(default="", max_length=LONGEST)
    name: str = Field(default="", max_length=LONGEST)
    password: str = Field(default="", max_length=LONGEST * 4)
    role: Role = Role.AGENT


class Changed(BaseModel):
    """What is to be different about a user; a form sends what it is about."""

    role: Role | None = None
    password: str = Field(default="", max_length=LONGEST * 4)


@router.get("/users")
async def users(request: Request, done: Literal["", "added", "role", "password", "remove"] = "") -> Response:
    """Show all accounts."""
    return await _page(request, done=done)


@router.post("/users")
async def add(request: Request, form: Annotated[NewUser, Form()]) -> Response:
    """Make an account; the first one, made while the service is open, is an admin's, and closes it."""
    first = who(request).kind == "open"
    if first and form.role is not Role.ADMIN:
        return await _page(request, failure="first", form=form, status=422)
    try:
        made = await accounts_of(request).add(_store(request), form.username, form.role, form.password, form.name)
    except InputError:
        return await _page(request, failure="unfit", form=form, status=422)
    except ConflictError:
        return await _page(request, failure="taken", form=form, status=409)
    concerns(request, account_id=made.id)
    request.app.state.keyring.expire()
    return see_other("/sign-in?back=/users" if first else "/users?done=added")


@router.post("/users/{account_id}/{change}")
async def change(
    request: Request,
    account_id: Identifier,
    change: Literal["role", "password", "remove"],
    form: Annotated[Changed, Form()],
) -> Response:
    """Give a user another role or password, or remove them; nobody does that to their own account."""
    store = _store(request)
    if account_id == who(request).id:
        return await _page(request, failure="own", status=409)
    async with store.write() as connection:
        account = await accounts.get(connection, account_id)
        if account is None:
            raise NotFoundError("there is no such account")
        if change == "remove":
            await remove(connection, account)
        elif change == "role" and form.role is not None:
            await set_role(connection, account, form.role)
    if change == "password":
        try:
            await accounts_of(request).set_password(store, account, form.password)
        except InputError:
            return await _page(request, failure="unfit", status=422)
    return see_other(f"/users?done={change}")


async def _page(
    request: Request, *, done: str = "", failure: str = "", form: NewUser | None = None, status: int = 200
) -> Response:
    async with _store(request).read() as connection:
        found = await accounts.every(connection)
    return render(
        request,
        "users.html",
        status=status,
        users=found,
        me=who(request),
        roles=tuple(Role),
        done=done,
        failure=failure,
        form=form or NewUser(role=Role.AGENT if found else Role.ADMIN),
        shortest=SHORTEST,
    )


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
