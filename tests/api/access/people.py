"""People with accounts, and their browsers."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx

from api.access.accounts import Accounts
from api.access.scopes import Role
from api.store.accounts import AccountRecord
from api.store.database import Store

CHEAP: Final = {"memory_kib": 8, "passes": 1}
PASSWORD: Final = "cuatro gatos verdes"


def app_of(client: httpx.AsyncClient) -> Any:
    return client._transport.app  # type: ignore[attr-defined]


def store_of(client: httpx.AsyncClient) -> Store:
    store: Store = app_of(client).state.store
    return store


def accounts_of(client: httpx.AsyncClient) -> Accounts:
    accounts: Accounts = app_of(client).state.sign_in.accounts
    return accounts


async def add_user(client: httpx.AsyncClient, username: str, role: Role) -> AccountRecord:
    """Make an account, as the command line would."""
    made = await accounts_of(client).add(store_of(client), username, role, PASSWORD, username.title())
    app_of(client).state.keyring.expire()
    return made


def browser(client: httpx.AsyncClient, address: str = "127.0.0.1", base: str = "http://localhost") -> httpx.AsyncClient:
    """Return another browser of the same service."""
    transport = httpx.ASGITransport(app_of(client), client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url=base, headers={"accept-language": "en"})


def token_in(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


async def sign_in(
    client: httpx.AsyncClient, username: str, password: str = PASSWORD, back: str = "/"
) -> httpx.Response:
    """Fill in the form of sign-in, and send it."""
    form = await client.get("/sign-in", params={"back": back})
    data = {"username": username, "password": password, "back": back, "csrf": token_in(form.text)}
    return await client.post("/sign-in", data=data)


async def submit(client: httpx.AsyncClient, path: str, page: str = "/account", **form: str) -> httpx.Response:
    """Send a form of a page."""
    token = token_in((await client.get(page)).text)
    return await client.post(path, data={"csrf": token, **form})
