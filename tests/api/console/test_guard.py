import re
from typing import Any

import httpx
import pytest

from tests.api.conftest import Marked, Opener
from tests.api.console.conftest import PAGES, page
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

FORM = {"language": "pt", "back": "/cases"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, 403),
        ({"origin": "http://localhost"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({}, 303),
    ],
)
async def test_a_form_of_another_site_is_refused(open_service: Opener, headers: dict[str, str], status: int) -> None:
    async with open_service(Marked()) as client:
        answer = await client.post("/preferences", data=FORM, headers=headers)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 303)


async def test_a_case_can_not_be_closed_from_another_site(console: httpx.AsyncClient) -> None:
    case_id = (await post(console))["case_id"]
    evil = {"sec-fetch-site": "cross-site"}
    answer = await console.post(f"/cases/{case_id}/close", data={"outcome": "lost"}, headers=evil)
    assert answer.status_code == 403
    assert (await console.get(f"/v1/cases/{case_id}")).json()["status"] == "open"


async def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(console: httpx.AsyncClient) -> None:
    case_id = (await post(console, text="Dudo. ¿?"))["case_id"]
    for path in (*PAGES, f"/cases/{case_id}", "/cases/none"):
        answer = await console.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", answer.text), path
        addresses = re.findall(r'(?:src|href|action|hx-post)="([^"]*)"', answer.text)
        assert all(a.startswith(("/", "#", "https://")) for a in addresses), addresses
        assert all(a.startswith("/") for a in re.findall(r'(?:src|action|hx-post)="([^"]*)"', answer.text))


async def test_what_a_page_is_made_with_is_kept_by_browsers(console: httpx.AsyncClient) -> None:
    text = await page(console, "/live")
    assets = re.findall(r'"(/assets/[^"]+)"', text)
    assert len(assets) >= 6
    for address in assets:
        answer = await console.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await console.get("/assets/../mount.py")).status_code == 404
    assert (await console.get("/assets/%2e%2e/mount.py")).status_code == 404


async def test_a_script_is_told_of_an_error_by_a_part_of_a_page(console: httpx.AsyncClient) -> None:
    answer = await console.post("/cases/none/close", data={}, headers={"HX-Request-Type": "partial"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert 'class="notice bad"' in answer.text
    assert answer.headers["hx-retarget"] == "find .refusal"


async def test_the_console_can_be_left_out(open_service: Opener) -> None:
    settings: dict[str, Any] = {"console": {"enabled": False}}
    async with open_service(Marked(), **settings) as client:
        assert (await client.get("/cases")).status_code == 404
        assert (await client.get("/livez")).status_code == 200
