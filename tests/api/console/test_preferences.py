import httpx
import pytest

from tests.api.console.conftest import page, submit

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("accepted", "heading"), [("es-MX", "Casos"), ("pt-PT", "Casos"), ("en", "Cases"), ("ja", "Cases")]
)
async def test_pages_speak_the_browsers_language(console: httpx.AsyncClient, accepted: str, heading: str) -> None:
    text = await page(console, "/cases", **{"accept-language": accepted})
    assert f"<h1>{heading}</h1>" in text


async def test_a_choice_is_kept_over_the_browsers(console: httpx.AsyncClient) -> None:
    answer = await submit(console, "/preferences", language="pt", theme="dark", name="Ana Ñ;=", back="/review?x=1")
    assert answer.headers["location"] == "/review?x=1"
    text = await page(console, "/review")
    assert '<html lang="pt" data-theme="dark">' in text
    assert 'name="name" value="Ana Ñ;="' in text
    assert all("samesite=lax" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb", "javascript:1"]
)
async def test_nobody_is_sent_to_another_site(console: httpx.AsyncClient, back: str) -> None:
    answer = await submit(console, "/preferences", theme="light", back=back)
    assert answer.headers["location"] == "/"


async def test_what_is_not_on_offer_is_refused(console: httpx.AsyncClient) -> None:
    assert "can't be used" in (await submit(console, "/preferences", 422, language="xx")).text


@pytest.mark.parametrize(
    "cookie",
    ["recupera_language=<b>", "recupera_theme=x", "recupera_timezone=../../etc/passwd", "recupera_timezone=%00"],
)
async def test_broken_cookies_change_nothing(console: httpx.AsyncClient, cookie: str) -> None:
    text = await page(console, "/cases", cookie=cookie)
    assert '<html lang="en" data-theme="auto">' in text
    assert 'data-timezone="UTC"' in text


async def test_times_are_shown_in_the_browsers_zone(console: httpx.AsyncClient) -> None:
    text = await page(console, "/cases", cookie="recupera_timezone=America%2FBogota")
    assert 'data-timezone="America/Bogota"' in text
