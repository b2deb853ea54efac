"""What each role may see, who looks after the accounts, and one's own."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.access.scopes import Role
from api.recovery.reading import default_policy_text
from api.store import accounts
from tests.api.access.people import CHEAP, PASSWORD, add_user, app_of, browser, sign_in, store_of, submit, token_in
from tests.api.conftest import Marked, Opener
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

EVERY_PAGE = ("/", "/moments", "/cases", "/review", "/policy", "/model", "/live", "/users", "/account")
MAY = {
    Role.AGENT: {"/cases", "/review", "/live", "/account"},
    Role.MANAGER: {"/", "/moments", "/cases", "/review", "/policy", "/live", "/account"},
    Role.ENGINEER: {"/review", "/model", "/account"},
    Role.ADMIN: set(EVERY_PAGE),
}
SEES = {Role.AGENT: True, Role.MANAGER: False, Role.ENGINEER: False, Role.ADMIN: True}
PERSONAL = "Escríbanme a ana.perez@example.org ya ¿?"


@pytest.fixture
async def console(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a program's client of a service that is open at first; then somebody of each role has an account."""
    async with open_service(Marked(), signin=CHEAP) as client:
        client.headers["accept-language"] = "en"
        yield client


async def staffed(console: httpx.AsyncClient) -> dict[str, str]:
    """Take a message in while the service is open, then make an account of each role; return where it is."""
    taken = await post(console, text=PERSONAL)
    for role in Role:
        await add_user(console, role, role)
    return taken


def linked(page: str) -> set[str]:
    """Return the pages that a page links to."""
    return {path for path in re.findall(r'href="(/[^"?#]*)', page) if path in EVERY_PAGE}


async def test_each_role_sees_its_pages_and_is_told_kindly_about_the_rest(console: httpx.AsyncClient) -> None:
    taken = await staffed(console)
    for role, may in MAY.items():
        async with browser(console) as person:
            assert (await sign_in(person, role)).headers["location"] in may
            seen = {}
            for path in EVERY_PAGE:
                answer = await person.get(path)
                seen[path] = answer.status_code
                if answer.status_code == 403:
                    assert "Your role may not see this" in answer.text
                    assert "default-src 'none'" in answer.headers["content-security-policy"]
                if answer.status_code in (200, 403):
                    assert linked(answer.text) <= may, (role, path)
            assert {path for path, status in seen.items() if status == 200} == may, role
            assert seen["/"] == (200 if "/" in may else 303)
            corrections = await person.get("/review/corrections.jsonl")
            assert (corrections.status_code == 200) == (role in (Role.ENGINEER, Role.ADMIN))
            case = await person.get(f"/cases/{taken['case_id']}")
            assert (case.status_code == 200) == ("/cases" in may)


async def test_what_identifies_a_customer_is_hidden_from_who_need_not_see_it(console: httpx.AsyncClient) -> None:
    taken = await staffed(console)
    mail = "ana.perez@example.org"
    for role, may in MAY.items():
        async with browser(console) as person:
            await sign_in(person, role)
            pages = [path for path in ("/cases", "/review", "/live") if path in may]
            pages += [f"/cases/{taken['case_id']}"] if "/cases" in may else []
            for path in pages:
                text = (await person.get(path)).text
                assert "Escríbanme" in text, (role, path)
                assert (mail in text) == SEES[role], (role, path)
            raw = await person.get(f"/v1/messages/{taken['message_id']}")
            assert raw.status_code == (200 if SEES[role] else 403)
            export = await person.get("/v1/export.csv?masked=false")
            assert (mail in export.text) == (role is Role.ADMIN)


async def test_an_engineer_reviews_but_decides_no_case(console: httpx.AsyncClient) -> None:
    taken = await staffed(console)
    async with browser(console) as person:
        await sign_in(person, Role.ENGINEER)
        kept = await submit(person, f"/review/{taken['message_id']}", complaint="yes", severity="high")
        assert kept.status_code == 303
        closed = await submit(person, f"/cases/{taken['case_id']}/close", outcome="lost")
        assert closed.status_code == 403
    async with browser(console) as admin:
        await sign_in(admin, Role.ADMIN)
        shown = (await admin.get(f"/v1/messages/{taken['message_id']}")).json()
        assert shown["feedback"][-1]["reviewer"] == "Engineer"
        assert (await admin.get(f"/v1/cases/{taken['case_id']}")).json()["status"] == "open"


async def test_a_manager_tries_a_policy_of_a_file(console: httpx.AsyncClient) -> None:
    await add_user(console, "marta", Role.MANAGER)
    await sign_in(console, "marta")
    token = token_in((await console.get("/account")).text)
    file = {"policy": ("policy.toml", default_policy_text().encode(), "text/plain")}
    assert (await console.post("/policy/backtest", files=file)).status_code == 403
    tried = await console.post("/policy/backtest", files=file, data={"csrf": token})
    assert tried.status_code == 200, tried.text


async def test_the_trail_knows_who_signed_in_and_out(console: httpx.AsyncClient) -> None:
    eva = await add_user(console, "eva", Role.ADMIN)
    async with browser(console) as person:
        await sign_in(person, "eva")
        await submit(person, "/sign-out")
    await sign_in(console, "eva")
    await app_of(console).state.trail.flush()
    told = (await console.get("/v1/trail")).json()["records"]
    kept = [(item["method"], item["route"], item["principal_id"]) for item in told]
    assert kept.count(("POST", "/sign-in", eva.id)) == 2
    assert kept.count(("POST", "/sign-out", eva.id)) == 1


async def test_an_open_console_says_so_and_is_closed_by_the_first_account(console: httpx.AsyncClient) -> None:
    assert "Open: no sign-in" in (await console.get("/cases")).text
    assert "/users" in linked((await console.get("/account")).text)
    first = {"username": "ana", "name": "Ana Souza", "password": PASSWORD}
    assert "must be an administrator" in (await console.post("/users", data={**first, "role": "agent"})).text
    made = await console.post("/users", data={**first, "role": "admin"})
    assert (made.status_code, made.headers["location"]) == (303, "/sign-in?back=/users")
    assert (await console.get("/cases")).status_code == 303
    assert (await console.post("/users", data={**first, "username": "eva", "role": "admin"})).status_code == 303
    assert (await console.get("/v1/cases")).status_code == 401
    await sign_in(console, "ana")
    page = (await console.get("/users")).text
    assert "Ana Souza" in page
    assert "eva" not in page
    assert "Open: no sign-in" not in page


async def test_an_admin_looks_after_the_accounts(console: httpx.AsyncClient) -> None:
    ids = {role: (await add_user(console, role, role)).id for role in Role}
    await sign_in(console, Role.ADMIN)

    async def change(path: str, **form: str) -> httpx.Response:
        return await submit(console, path, "/users", **form)

    new = {"username": "Bia", "name": "<b>Bia</b>", "role": "agent", "password": PASSWORD}
    assert (await change("/users", **new)).headers["location"] == "/users?done=added"
    assert "already" in (await change("/users", **new)).text
    assert (await change("/users", **{**new, "username": "b c"})).status_code == 422
    assert (await change("/users", **{**new, "username": "caio", "password": "corta"})).status_code == 422
    assert "&lt;b&gt;Bia" in (await console.get("/users?done=added")).text
    async with browser(console) as agent:
        await sign_in(agent, Role.AGENT)
        assert (await agent.get("/model")).status_code == 403
        await change(f"/users/{ids[Role.AGENT]}/role", role="engineer")
        assert (await agent.get("/model")).status_code == 200
        await change(f"/users/{ids[Role.AGENT]}/password", password="otra clave distinta")
        assert (await agent.get("/model")).status_code == 303
        assert (await sign_in(agent, Role.AGENT, "otra clave distinta")).status_code == 303
        await change(f"/users/{ids[Role.AGENT]}/remove")
        assert (await agent.get("/model")).status_code == 303
        assert (await sign_in(agent, Role.AGENT, "otra clave distinta")).status_code == 401
    own = await change(f"/users/{ids[Role.ADMIN]}/remove")
    assert (own.status_code, "their own account" in own.text) == (409, True)
    assert (await change("/users/nobody/remove")).status_code == 404
    async with store_of(console).read() as connection:
        assert len(await accounts.every(connection)) == 4


async def test_ones_own_password_and_browsers_are_ones_own_to_change(console: httpx.AsyncClient) -> None:
    await add_user(console, "ana", Role.AGENT)
    await sign_in(console, "ana")
    async with browser(console) as phone, browser(console) as desk:
        phone.headers["user-agent"] = "Mozilla/5.0 (Android 16) Firefox/145.0"
        await sign_in(phone, "ana")
        await sign_in(desk, "ana")
        page = (await console.get("/account")).text
        assert "Firefox · Android" in page
        ends = re.findall(r'action="(/account/sessions/[^"]+/end)"', page)
        assert len(ends) == 2
        for path in ends[:1]:
            assert (await submit(console, path)).status_code == 303
        assert sorted([(await phone.get("/cases")).status_code, (await desk.get("/cases")).status_code]) == [200, 303]
        form = {"present": PASSWORD, "password": "cinco perros azules", "again": "cinco perros azules"}
        for changed, status in (({"present": "no es esa clave"}, 403), ({"again": "x"}, 422), ({}, 303)):
            answer = await submit(console, "/account/password", **{**form, **changed})
            assert answer.status_code == status
        assert [(await each.get("/cases")).status_code for each in (console, phone, desk)] == [200, 303, 303]
        assert (await sign_in(phone, "ana", "cinco perros azules")).status_code == 303
        assert (await submit(console, "/account/sessions/end")).headers["location"] == "/sign-in"
        assert [(await each.get("/cases")).status_code for each in (console, phone)] == [303, 303]


async def test_nobody_ends_a_session_of_somebody_else(console: httpx.AsyncClient) -> None:
    ana = await add_user(console, "ana", Role.AGENT)
    await add_user(console, "bia", Role.AGENT)
    await sign_in(console, "ana")
    async with store_of(console).read() as connection:
        (own,) = await accounts.sessions_of(connection, ana.id, datetime.now(UTC), timedelta(hours=1))
    async with browser(console) as bia:
        await sign_in(bia, "bia")
        assert (await submit(bia, f"/account/sessions/{own.id}/end")).status_code == 303
    assert (await console.get("/cases")).status_code == 200


@pytest.mark.parametrize("masked", [True, False])
async def test_a_setting_hides_from_all_or_shows_to_who_may_see(open_service: Opener, masked: bool) -> None:
    async with open_service(Marked(), signin=CHEAP, console={"mask": masked}) as client:
        await post(client, text=PERSONAL)
        assert ("ana.perez@example.org" in (await client.get("/cases")).text) is not masked
        for role in (Role.AGENT, Role.MANAGER):
            await add_user(client, role, role)
            async with browser(client) as person:
                await sign_in(person, role)
                shown = "ana.perez@example.org" in (await person.get("/cases")).text
                assert shown is (role is Role.AGENT and not masked)
