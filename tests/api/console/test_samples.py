"""While sample messages are there, every page says so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.store import samples
from tests.api.conftest import Opener
from tests.api.console.conftest import PAGES, Pointing, page
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio

NAME = f"{samples.PREFIX}1"
COMMAND = "recupera demo --console --remove"


async def sample(console: httpx.AsyncClient) -> dict[str, Any]:
    return await post(console, NAME, "Es gravísimo.", customer={"id": NAME})


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Sample messages that nobody sent: 1."),
        ("es", "Mensajes de muestra que nadie envió: 1."),
        ("pt", "Mensagens de exemplo que ninguém enviou: 1."),
    ],
)
async def test_every_page_says_that_there_are_samples(console: httpx.AsyncClient, language: str, told: str) -> None:
    accepted = await sample(console)
    for path in (*PAGES, f"/cases/{accepted['case_id']}"):
        text = await page(console, path, **{"accept-language": language})
        assert told in text, path
        assert COMMAND in text, path


async def test_without_samples_nothing_is_said(console: httpx.AsyncClient) -> None:
    await post(console, NAME, "Una persona escribió este nombre.")
    for path in PAGES:
        assert COMMAND not in await page(console, path)


async def test_once_they_are_taken_out_nothing_is_said(open_service: Opener) -> None:
    async with open_service(Pointing()) as console:
        await sample(console)
        assert COMMAND in await page(console, "/")
        store = console._transport.app.state.store  # type: ignore[attr-defined]
        async with store.write() as connection:
            assert await samples.remove(connection) == 1
        assert COMMAND not in await page(console, "/")
