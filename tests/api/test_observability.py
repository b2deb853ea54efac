import logging
from collections.abc import Iterator

import httpx
import pytest

from api.observability import configure_logging
from tests.api.test_messages import post

pytestmark = pytest.mark.anyio


@pytest.fixture
def debugging(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Log as much as an operator can ask for, and leave the root logger as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("debug")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_nothing_of_a_message_is_logged_however_much_is(
    debugging: None, service: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("recupera").debug("anyone there?")
    accepted = await post(service, text="Soy Fulgencia Tordesillas y no llegó nada.", customer={"id": "tordesillas"})
    await service.get(f"/v1/messages/{accepted['message_id']}")
    logged = capsys.readouterr().err
    assert "anyone there?" in logged
    assert "/v1/messages" in logged
    assert "ordesillas" not in logged
