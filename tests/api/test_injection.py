"""What strangers put into names, headers and addresses: a line of the log stays one, a page one, a path stays in."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api.observability import JsonFormatter
from tests.api.conftest import Marked, Opener

pytestmark = pytest.mark.anyio

LINES = "x\r\n2026 ERROR forged\x1b[31m\u202eevil\u2028y\x00"
TAG = "<img src=x onerror=alert(1)>"
EVIL = f'"><script>alert(1)</script>{TAG}\u202e'
PAGES = ("/", "/moments", "/cases", "/review", "/policy", "/model", "/live")
HERE = httpx.URL("http://localhost")
SPOOFS = re.compile("[\u202a-\u202e\u2066-\u2069\x1b\x07]")


@pytest.fixture
async def client(open_service: Opener, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    generic = {"verify": "token", "secret_env": "HOOK", "map": {"external_id": "id", "text": "text"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", "s3creto")
        async with open_service(Marked(), channels={"generic": generic}) as client:
            client.headers.update({"sec-fetch-site": "same-origin", "accept-language": "en"})
            yield client


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Return what is logged, as it is written where no terminal is."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def test_lines_of_the_log_can_not_be_forged(client: httpx.AsyncClient, logged: io.StringIO) -> None:
    body = {"channel": LINES[:60], "external_id": LINES, "text": LINES, "thread_id": LINES, "customer": {"id": LINES}}
    assert (await client.post("/v1/messages", json=body)).status_code == 201
    hostile = "x%0d%0aforged%1b%5b31m%e2%80%ae"
    for path in (f"/v1/messages/{hostile}", f"/{hostile}", f"/v1/cases/{hostile}?cursor={hostile}"):
        await client.get(path, headers={"x-request-id": "a\x1b[31mforged", "user-agent": "\x1b[2Jforged"})
    await client.request("GET", "/v1/cases", headers={"authorization": "Bearer forged\x1b[31m"})
    await client.post("/v1/channels/generic", content=b"{}", headers={"x-recupera-token": "forged\x1b"})

    lines = logged.getvalue().splitlines()
    assert len(lines) >= 6
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not SPOOFS.search(logged.getvalue())
    assert "forged" not in logged.getvalue()


async def test_no_header_of_an_answer_can_be_made_up(client: httpx.AsyncClient) -> None:
    broken = "/cases\r\nSet-Cookie: forged=1"
    answers = [
        await client.post("/preferences", data={"name": LINES, "back": broken}),
        await client.post("/preferences", data={"language": "es", "back": "//evil.example/\r\nX: 1"}),
        await client.get("/sign-in", params={"back": broken}),
        await client.get("/v1/export.csv", params={"channel": LINES}),
    ]

    for said in answers:
        assert said.status_code < 500
        assert "forged" not in said.headers.get("set-cookie", "").partition("=")[0]
        assert all("\r" not in value and "\n" not in value for value in said.headers.values())
        assert not said.headers.get("location", "/").startswith("//")
    assert answers[0].headers.get("location", "/").startswith("/")


OUTSIDE = (
    "/assets/../page.py", "/assets/..%2f..%2fmain.py", "/assets/%2e%2e/%2e%2e/main.py", "/assets/%2fetc%2fpasswd",
    "/assets/....//....//main.py", "/assets/..%5c..%5cmain.py", "/assets/console.css%00.js", "/assets/%00",
    "/assets//etc/passwd", "/docs/assets/../../../pyproject.toml", "/docs/assets/..%2f..%2f__init__.py",
    "/assets/" + "a" * 5000, "/assets/.", "/assets/",
)  # fmt: skip
FORMS = ("../../etc/passwd", "..%2fcsv", "csv%00", "csv/../jsonl", "CSV", "exe")


async def test_nothing_outside_of_its_folder_is_served(client: httpx.AsyncClient) -> None:
    for path in OUTSIDE:
        said = await client.send(client.build_request("GET", HERE.copy_with(raw_path=path.encode())))

        assert said.status_code in (307, 400, 401, 404), path  # 307: the same folder, with a slash
        assert "import" not in said.text


async def test_an_export_has_one_of_its_names(client: httpx.AsyncClient) -> None:
    for form in FORMS:
        said = await client.send(client.build_request("GET", HERE.copy_with(raw_path=f"/v1/export.{form}".encode())))

        assert said.status_code in (404, 422), form


async def test_an_export_is_named_by_us(client: httpx.AsyncClient) -> None:
    said = await client.get("/v1/export.csv", params={"channel": "../x\r\n", "since": "2026-01-01T00:00:00Z"})

    assert re.fullmatch(r'attachment; filename="[\w.-]+"', said.headers["content-disposition"])


async def test_no_field_of_anything_does_anything_on_any_page(client: httpx.AsyncClient) -> None:
    customer = {"id": EVIL, "value_tier": EVIL[:60], "country": "ES", "name": EVIL, EVIL: EVIL}
    message = {
        "channel": f"{TAG}\u202e", "external_id": EVIL, "text": f"{EVIL} gravísimo ¿?", "thread_id": EVIL,
        "customer": customer, "metadata": {EVIL: EVIL, "subject": EVIL},
    }  # fmt: skip
    accepted = (await client.post("/v1/messages", json=message)).json()
    destination = {"name": EVIL, "url": "https://crm.example/hook", "events": ["case.opened"]}
    assert (await client.post("/v1/destinations", json=destination)).status_code == 201
    case, name = accepted["case_id"], accepted["message_id"]
    feedback = {"labels": {"complaint": True}, "reviewer": EVIL, "comment": EVIL}
    await client.post(f"/v1/messages/{name}/feedback", json=feedback)
    for change in ("reassign", "cancel"):
        more = {"owner": EVIL} if change == "reassign" else {}
        said = await client.post(f"/v1/cases/{case}/{change}", json={"by": EVIL, "note": EVIL, **more})
        assert said.status_code == 200, said.text

    shown = ""
    for path in (*PAGES, f"/cases/{case}", f"/review?message={name}", f"/cases?channel={TAG}&owner={TAG}"):
        page = (await client.get(path)).text
        assert not re.search(r"<script(?!\s+src=\"/assets/)|<img(?!\s+src=\"/assets/)", page), path
        assert not SPOOFS.search(page), path
        shown += page
    assert "&lt;script&gt;" in shown
