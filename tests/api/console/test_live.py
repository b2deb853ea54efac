import httpx
import pytest

from tests.api.console.conftest import page
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


async def test_the_latest_messages_come_first_and_one_can_be_fetched(console: httpx.AsyncClient) -> None:
    assert "Nothing has come in yet." in await page(console, "/live")
    await post(console, "1", "No llegó el primero.")
    second = (await post(console, "2", "Todo bien. Mi correo: ana@example.org"))["message_id"]
    text = await page(console, "/live")
    assert text.index("Todo bien") < text.index("el primero")
    part = await page(console, f"/live/{second}")
    assert part.lstrip().startswith("<li ")
    assert f'data-id="{second}"' in part
    assert "no complaint" in part
    assert "example.org" not in part
    await page(console, "/live/none", 404)


async def test_a_long_message_is_cut(console: httpx.AsyncClient) -> None:
    await post(console, "1", "palabra " * 2000)
    assert len(await page(console, "/live")) < 20_000
