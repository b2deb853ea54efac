"""Sign-in by a password, its session, and what keeps others out."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from api.access.attempts import Attempts
from api.access.keys import Wanted, create
from api.access.scopes import Role, Scope
from api.access.signin import own_path
from tests.api.access.people import (
    CHEAP,
    PASSWORD,
    accounts_of,
    add_user,
    browser,
    sign_in,
    store_of,
    submit,
    token_in,
)
from tests.api.conftest import Marked, Opener
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


@pytest.fixture
async def console(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser of a service on which Ana is an agent."""
    async with open_service(Marked(), signin=CHEAP, host="0.0.0.0") as client:
        client.headers["accept-language"] = "en"
        await add_user(client, "ana", Role.AGENT)
        yield client


async def test_who_signs_in_sees_the_page_that_they_asked_for(console: httpx.AsyncClient) -> None:
    asked = await console.get("/cases?tab=over&owner=desk")
    assert asked.status_code == 303
    page = await console.get(asked.headers["location"])
    back = "/cases?tab=over&owner=desk"
    form = {"username": "Ana", "password": PASSWORD, "csrf": token_in(page.text), "back": back}
    answer = await console.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    shown = await console.get(back)
    assert "Ana" in shown.text
    assert shown.status_code == 200
    assert (await console.get("/sign-in?back=/live")).headers["location"] == "/live"


async def test_over_https_the_cookie_belongs_to_this_host_alone(console: httpx.AsyncClient) -> None:
    async with browser(console, base="https://recupera.example") as secure:
        answer = await sign_in(secure, "ana")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-recupera_session=")
        assert "Secure" in cookie
        assert (await secure.get("/cases")).status_code == 200
        secret = secure.cookies["__Host-recupera_session"]
    async with browser(console, base="https://recupera.example") as planted:
        planted.cookies.set("recupera_session", secret)
        assert (await planted.get("/cases")).status_code == 303


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "cases",
        "",
        "/" + "x" * 3000,
    ],
)
def test_no_address_leads_to_another_site(back: str) -> None:
    assert own_path(back) == "/"


async def test_after_sign_in_one_stays_on_this_site_and_on_pages_of_ones_role(console: httpx.AsyncClient) -> None:
    for back in ("//evil.example", "https://evil.example", "/users", "/v1/messages", "/sign-in/provider", "/nothing"):
        async with browser(console) as other:
            answer = await sign_in(other, "ana", back=back)
            assert (answer.status_code, answer.headers["location"]) == (303, "/cases"), back


async def test_a_wrong_name_and_a_wrong_password_are_told_alike(console: httpx.AsyncClient) -> None:
    wrong = await sign_in(console, "ana", "otra clave distinta")
    nobody = await sign_in(console, "eva", "otra clave distinta")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace('value="ana"', "") == nobody.text.replace('value="eva"', "")
    assert "recupera_session" not in console.cookies
    assert PASSWORD not in wrong.text


async def test_two_wrong_passwords_a_second_neither_slow_nor_block_a_right_one(console: httpx.AsyncClient) -> None:
    now = 0.0
    accounts = accounts_of(console)
    object.__setattr__(accounts, "attempts", Attempts(lambda: now))
    told = []
    async with browser(console, "203.0.113.9") as stranger:
        token = token_in((await stranger.get("/sign-in")).text)
        form = {"username": "ana", "password": "una clave errada", "csrf": token}
        for _ in range(120):
            told.append((await stranger.post("/sign-in", data=form)).status_code)
            now += 0.5
        waiting = await stranger.post("/sign-in", data={**form, "password": PASSWORD})
    assert told[:5] == [401] * 5
    assert told.count(429) > 100
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) > 0
    async with browser(console, "198.51.100.7") as ana:
        began = time.monotonic()
        assert (await sign_in(ana, "ana")).status_code == 303
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 403),
        ("0" * 64, {}, 403),
        ("é", {}, 403),
        ("own", {}, 303),
        ("own", {"sec-fetch-site": "cross-site"}, 403),
        ("own", {"origin": "https://evil.example"}, 403),
        ("others", {}, 403),
        ("header", {}, 303),
    ],
)
async def test_a_form_without_the_token_of_its_session_does_nothing(
    console: httpx.AsyncClient, token: str | None, headers: dict[str, str], status: int
) -> None:
    case_id = (await taken(console))["case_id"]
    await sign_in(console, "ana")
    own = token_in((await console.get("/account")).text)
    async with browser(console) as other:
        await sign_in(other, "ana")
        others = token_in((await other.get("/account")).text)
    form = {"outcome": "lost"}
    if token == "header":
        headers = {**headers, "x-csrf-token": own}
    elif token is not None:
        form["csrf"] = {"own": own, "others": others}.get(token, token)
    answer = await console.post(f"/cases/{case_id}/close", data=form, headers=headers)
    assert answer.status_code == status
    shown = await console.get(f"/v1/cases/{case_id}")
    assert shown.json()["status"] == ("closed" if status == 303 else "open")
    if status == 303:
        assert shown.json()["history"][-1]["actor"] == "Ana"


async def test_a_page_of_a_session_that_is_over_is_not_called_foreign(console: httpx.AsyncClient) -> None:
    case_id = (await taken(console))["case_id"]
    await sign_in(console, "ana")
    form = {"outcome": "lost", "csrf": token_in((await console.get(f"/cases/{case_id}")).text)}
    await submit(console, "/sign-out")
    await sign_in(console, "ana")
    headers = {"HX-Request-Type": "partial"}
    answer = await console.post(f"/cases/{case_id}/close", data=form, headers=headers)
    assert answer.status_code == 403
    assert "The session that this page was opened in is over, so nothing was done." in answer.text
    assert '<a href="">' in answer.text


async def taken(console: httpx.AsyncClient) -> dict[str, str]:
    """Have a program with a key hand in a message."""
    async with store_of(console).write() as connection:
        _, key = await create(connection, Wanted("crm", (Scope.INGEST,)), by="test", now=datetime.now(UTC))
    async with browser(console) as program:
        program.headers["authorization"] = f"Bearer {key}"
        return await post(program)


async def test_the_form_of_sign_in_is_tied_to_its_browser(console: httpx.AsyncClient) -> None:
    form = {"username": "ana", "password": PASSWORD}
    async with browser(console) as attacker:
        form["csrf"] = token_in((await attacker.get("/sign-in")).text)
    assert (await console.post("/sign-in", data=form)).status_code == 403
    await console.get("/sign-in")
    assert (await console.post("/sign-in", data=form)).status_code == 403
    assert "recupera_session" not in console.cookies


async def test_a_secret_that_was_planted_opens_nothing_and_is_replaced(console: httpx.AsyncClient) -> None:
    console.cookies.set("recupera_session", "planted", domain="localhost.local")
    assert (await console.get("/cases")).status_code == 303
    await sign_in(console, "ana")
    assert "planted" not in {cookie.value for cookie in console.cookies.jar}
    first = console.cookies["recupera_session"]
    async with browser(console) as again:
        again.cookies.set("recupera_session", first)
        assert (await again.get("/cases")).status_code == 200


async def test_who_signs_out_is_out(console: httpx.AsyncClient) -> None:
    await sign_in(console, "ana")
    secret = console.cookies["recupera_session"]
    assert (await submit(console, "/sign-out")).headers["location"] == "/sign-in"
    assert "recupera_session" not in console.cookies
    console.cookies.set("recupera_session", secret)
    assert (await console.get("/cases")).status_code == 303
    assert (await console.get("/v1/cases")).status_code == 401


async def test_a_session_changes_nothing_outside_of_pages_without_its_token(console: httpx.AsyncClient) -> None:
    case_id = (await taken(console))["case_id"]
    await sign_in(console, "ana")
    token = token_in((await console.get("/account")).text)
    path = f"/v1/cases/{case_id}/close"
    assert (await console.post(path, json={"outcome": "lost"})).status_code == 401
    foreign = {"x-csrf-token": token, "sec-fetch-site": "same-site"}
    assert (await console.post(path, json={"outcome": "lost"}, headers=foreign)).status_code == 403
    assert (await console.post(path, json={"outcome": "lost"}, headers={"x-csrf-token": token})).status_code == 200


async def test_a_script_whose_session_is_over_is_led_to_sign_in(console: httpx.AsyncClient) -> None:
    headers = {"HX-Request-Type": "partial", "Referer": "http://localhost/cases/7?x=1"}
    answer = await console.post("/cases/7/close", headers=headers)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?back=/cases/7%3Fx%3D1")
    for elsewhere in ("https://evil.example/cases", "http://["):
        headers["Referer"] = elsewhere
        assert (await console.post("/cases/7/close", headers=headers)).headers["hx-redirect"] == "/sign-in?back=/"


async def test_the_page_of_sign_in_has_the_policy_of_all_pages_and_takes_no_novels(console: httpx.AsyncClient) -> None:
    page = await console.get("/sign-in?back=/%22%3E%3Cscript%3E")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "<script>" not in page.text
    form = {"username": "x" * 100_000, "password": "x" * 100_000, "csrf": token_in(page.text)}
    assert (await console.post("/sign-in", data=form)).status_code == 422


async def test_without_an_account_the_page_says_how_the_first_is_made(open_service: Opener) -> None:
    async with open_service(Marked(), signin=CHEAP, host="0.0.0.0") as client:
        answer = await client.get("/cases")
        assert answer.status_code == 303
        page = await client.get(answer.headers["location"], headers={"accept-language": "pt"})
    assert "recupera users add" in page.text
    assert "Ainda não há nenhuma conta" in page.text
