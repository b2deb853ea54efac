"""Sign-in in a real Chromium, with and without JavaScript."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.access.accounts import Accounts
from api.access.scopes import Role
from api.settings import Settings
from api.store.database import Store
from tests.api.access.people import CHEAP, PASSWORD
from tests.integration.console.conftest import Visit, console
from tests.serving import serving

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a service on which Ana is an agent and Eva an admin, and yield its address."""
    settings = Settings(data=tmp_path_factory.mktemp("people"), signin=CHEAP)  # type: ignore[arg-type]
    staffing = threading.Thread(target=lambda: asyncio.run(_staffed(settings)))  # Playwright has a loop in this one
    staffing.start()
    staffing.join()
    with serving(console(settings)) as url:
        yield url


async def _staffed(settings: Settings) -> None:
    store, accounts = await Store.open(settings.database_url), Accounts.open(settings.signin)
    for username, role in (("ana", Role.AGENT), ("eva", Role.ADMIN)):
        await accounts.add(store, username, role, PASSWORD, username.title())
    accounts.passwords.close()
    await store.close()


def fill(page: Any, username: str, password: str = PASSWORD) -> None:
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.locator(".door button").click()


def test_somebody_signs_in_works_and_signs_out(visit: Callable[..., Visit]) -> None:
    window = visit("es")
    page = window.page
    window.go("/cases?tab=over")
    assert page.locator("h1").inner_text() == "Iniciar sesión"
    fill(page, "ana", "una clave errada")
    assert "no coinciden" in page.locator("[role=alert]").inner_text()
    fill(page, "ana")
    page.wait_for_url("**/cases?tab=over")
    assert page.locator("nav[aria-label=Páginas] a").all_inner_texts() == ["Casos", "Revisión", "En vivo"]
    page.locator(".person summary").click()
    assert "agente" in page.locator(".person .panel").inner_text()
    page.locator(".person button").click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.wait_for_url("**/sign-in?back=**")
    refusals = [said for said in window.complaints if "401" not in said]
    assert refusals == []


def test_it_works_without_a_script(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="pt")
    page = context.new_page()
    page.goto(f"{address}/users")
    fill(page, "eva")
    assert page.url == f"{address}/users"
    page.locator(".person summary").click()
    page.locator(".person button").click()
    assert page.url == f"{address}/sign-in"
    context.close()


def test_who_is_signed_out_meanwhile_is_led_to_sign_in_by_a_form(visit: Callable[..., Visit]) -> None:
    window = visit("es")
    page = window.page
    window.go("/policy")
    fill(page, "eva")
    page.wait_for_url("**/policy")
    page.locator("input[type=file]").set_input_files({"name": "p.toml", "mimeType": "text/plain", "buffer": b"x"})
    window.context.clear_cookies(name="recupera_session")
    page.locator("form[hx-post] button").click()
    page.wait_for_url("**/sign-in?back=/policy")


def test_who_is_signed_out_meanwhile_is_led_to_sign_in_by_live_messages(visit: Callable[..., Visit]) -> None:
    window = visit("es")
    page = window.page
    window.go("/live")
    fill(page, "ana")
    page.route("**/v1/events", lambda route: route.fulfill(status=401))
    window.go("/live")
    page.get_by_text("sin conexión").wait_for()
    window.context.clear_cookies(name="recupera_session")
    page.wait_for_url("**/sign-in?back=/live")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_serious(visit: Callable[..., Visit], theme: str, width: int) -> None:
    window = visit("pt", theme, width)
    window.go("/sign-in?back=/users")
    assert window.violations() == []
    assert window.overflow() <= 0
    fill(window.page, "eva")
    for path in ("/users", "/account"):
        window.go(path)
        window.page.evaluate("for (const item of document.querySelectorAll('details:not(.menu)')) item.open = true")
        assert window.violations() == [], path
        assert window.overflow() <= 0, path
    assert window.complaints == []
