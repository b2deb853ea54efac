import httpx
import pytest

from api.recovery.reading import default_policy_text
from tests.api.conftest import Marked, Opener
from tests.api.console.conftest import page
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


async def tried(console: httpx.AsyncClient, content: bytes, status: int = 200) -> str:
    files = {"policy": ("policy.toml", content, "application/toml")}
    answer = await console.post("/policy/backtest", files=files, headers={"HX-Request-Type": "partial"})
    assert answer.status_code == status, answer.text
    return answer.text


@pytest.mark.parametrize("language", ["es", "pt", "en"])
async def test_every_rule_can_be_read(console: httpx.AsyncClient, language: str) -> None:
    text = await page(console, "/policy", **{"accept-language": language})
    from markupsafe import escape

    from api.recovery import default_policy

    for rule in default_policy().rule:
        assert str(escape(rule.why[language])) in text


async def test_rules_that_fired_most_come_first_with_their_counts(console: httpx.AsyncClient) -> None:
    for number in range(3):
        await post(console, str(number), "No llegó.")
    text = await page(console, "/policy")
    assert "of the 3 cases" in text
    assert text.index("<strong>3</strong>") < text.index("<strong>0</strong>")


async def test_another_policy_is_tried_on_what_happened(console: httpx.AsyncClient) -> None:
    await post(console, "1", "No llegó.")
    await post(console, "2", "Es gravísimo.")
    same = await tried(console, default_policy_text().encode())
    assert "Cases that would change: 0 of 2" in same
    slower = default_policy_text().replace('first_answer = "1 hour"', 'first_answer = "2 hours"')
    changed = await tried(console, slower.encode())
    assert "Cases that would change: 1 of 2" in changed
    assert "first_answer" not in changed


@pytest.mark.parametrize("content", [b"\xff\xfe", b"not toml <b>", b"[policy]\nname = 1"])
async def test_a_file_that_is_no_policy_is_refused_with_the_reason(console: httpx.AsyncClient, content: bytes) -> None:
    text = await tried(console, content, 422)
    assert 'class="notice bad"' in text
    assert "<b>" not in text


async def test_a_file_that_is_too_large_is_refused(console: httpx.AsyncClient) -> None:
    await tried(console, b"#" * 1_000_001, 413)


async def test_where_something_else_plans_the_page_says_so(open_service: Opener) -> None:
    async with open_service(Marked()) as client:
        assert "not made by a policy of rules" in (await client.get("/policy")).text
