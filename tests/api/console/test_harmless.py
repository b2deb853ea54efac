import re

import httpx
import pytest

from tests.api.console.conftest import PAGES, page, submit
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

EVIL = (
    "<script>alert(1)</script> No llegó. <img src=x onerror=alert(2)> ¿?",
    '"><svg onload=alert(3)> {{ 7 * 7 }} {% raw %} ¿?',
    "Pague aquí: \u202egro.live\u202c \u2066x\u2069 a\u200bb \x07\x1b[2J ¿?",
    "=cmd|' /C calc'!A0 ¿?",
    "Esperé mucho y nadie vino. " * 740,
    "z" + "\u0300" * 4000 + " ¿?",
)


async def test_no_text_of_a_customer_does_anything_on_any_page(console: httpx.AsyncClient) -> None:
    cases = []
    for number, text in enumerate(EVIL):
        customer = {"id": f"<b>{number}\u202e", "country": "ES"}
        accepted = await post(console, f"<i>{number}", text[:20_000], customer=customer, thread_id=f"\u202e{number}")
        cases.append(accepted["case_id"])
    await submit(console, "/preferences", name="<u>Ana</u>\u202e", back="/")
    await submit(console, f"/cases/{cases[0]}/reassign", owner="<script>x</script>")
    messages = (await console.get("/v1/messages")).json()["messages"]
    reviews = [f"/review?message={message['message_id']}" for message in messages]
    for path in (*PAGES, *(f"/cases/{case}" for case in cases), *reviews):
        text = await page(console, path)
        assert not re.search(r"<script(?!\s+src=\"/assets/)|<img(?!\s+src=\"/assets/)|<svg on|<b>\d|<u>|<i>\d", text), (
            path
        )
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x07\x1b]", text), path
        assert "\u0300" * 5 not in text
        assert "49" not in re.findall(r"onload=alert\(3\)&gt; (.{0,12})", text)


async def test_a_review_of_a_text_is_as_harmless(console: httpx.AsyncClient) -> None:
    accepted = await post(console, text=EVIL[0])
    await submit(console, "/preferences", name="<u>Ana</u>", back="/")
    form = {"complaint": "yes", "severity": "low", "comment": "<script>"}
    answer = await submit(console, f"/review/{accepted['message_id']}", 200, partial=True, **form)
    assert "<script" not in answer.text
    assert "<u>" not in answer.text
