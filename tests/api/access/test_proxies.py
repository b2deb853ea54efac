"""Behind a proxy each is who they are: the wrong passwords of a stranger are not those of everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.access.scopes import Role
from api.commands.serve import server_config
from api.settings import Settings, read_settings
from classifier.errors import InputError
from tests.api.access.people import CHEAP, add_user, app_of, sign_in
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

PROXY, STRANGER, ANA = "172.18.0.1", "203.0.113.9", "198.51.100.7"


@pytest.fixture
async def served(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a service on which Ana is an agent."""
    async with open_service(Marked(), signin=CHEAP, host="0.0.0.0") as client:
        await add_user(client, "ana", Role.AGENT)
        yield client


@asynccontextmanager
async def browsing(
    served: httpx.AsyncClient, proxies: tuple[str, ...], forwarded: str | None, sender: str = PROXY
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser whose requests ``sender`` passes on, through all that ``recupera serve`` puts before them."""
    config = server_config(app_of(served), proxies)
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(sender, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as person:
        person.headers["accept-language"] = "en"
        if forwarded is not None:
            person.headers["x-forwarded-for"] = forwarded
        yield person


async def guess(served: httpx.AsyncClient, proxies: tuple[str, ...], forwarded: str | None, sender: str = PROXY) -> int:
    """Guess Ana's password until one has to wait; return the last status."""
    async with browsing(served, proxies, forwarded, sender) as stranger:
        return [(await sign_in(stranger, "ana", f"adivinanza {n} de otro")).status_code for n in range(6)][-1]


@pytest.mark.parametrize("proxies", [(PROXY,), ("172.16.0.0/12", "fd00::/8")])
@pytest.mark.parametrize("forwarded", [STRANGER, f"{ANA}, {STRANGER}"], ids=["plain", "pretending"])
async def test_a_stranger_who_guesses_keeps_nobody_out(
    served: httpx.AsyncClient, proxies: tuple[str, ...], forwarded: str
) -> None:
    assert await guess(served, proxies, forwarded) == 429
    async with browsing(served, proxies, ANA) as ana:
        assert (await sign_in(ana, "ana")).status_code == 303


async def test_a_proxy_on_this_machine_is_believed_beside_the_others(served: httpx.AsyncClient) -> None:
    for proxies in ((), (PROXY,)):
        assert await guess(served, proxies, STRANGER, "127.0.0.1") == 429
        async with browsing(served, proxies, ANA, "127.0.0.1") as ana:
            assert (await sign_in(ana, "ana")).status_code == 303


async def test_who_comes_by_a_proxy_that_is_not_named_shares_its_count(served: httpx.AsyncClient) -> None:
    assert await guess(served, (), STRANGER) == 429
    async with browsing(served, (), ANA) as ana:
        assert (await sign_in(ana, "ana")).status_code == 429


async def test_who_is_no_proxy_is_not_believed(served: httpx.AsyncClient) -> None:
    """Else a stranger would guess on under a new address each time."""
    statuses = [await guess(served, (PROXY,), f"192.0.2.{n}", STRANGER) for n in range(2)]

    assert statuses == [429, 429]


@pytest.mark.parametrize("wrong", ["*", "proxy.example", "172.16.0.1/12", "172.16.0.0/99", "/run/proxy.sock"])
async def test_what_is_no_network_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECUPERA_ACCESS_PROXIES", f"10.0.0.1,{wrong}")
    with pytest.raises(InputError, match=r"access\.proxies: write addresses"):
        read_settings({})


async def test_the_environment_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().access.proxies == ()
    monkeypatch.setenv("RECUPERA_ACCESS_PROXIES", "10.0.0.1, 172.16.0.0/12,fd00::/8")

    assert Settings().access.proxies == ("10.0.0.1", "172.16.0.0/12", "fd00::/8")
