"""Work beside the requests goes on after a failure, and ends when it is told to."""

from __future__ import annotations

import asyncio
import logging

import pytest

from api.background import Background
from api.store.database import UnavailableError

pytestmark = pytest.mark.anyio


class Looks(Background):
    what = "looks wait"
    failed_seconds = 0.0

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.turns = 0
        self.at_rest = asyncio.Event()

    async def _turn(self) -> float:
        self.turns += 1
        if self.failures:
            raise self.failures.pop(0)
        self.at_rest.set()
        return 3600.0


class Refuses(Background):
    """Answers a cancellation with an error, as a driver does whose connection is gone."""

    what = "it waits"

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    async def _turn(self) -> float:
        self.waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise UnavailableError("the connection is gone") from None
        return 0.0


async def test_what_fails_is_done_again_and_no_value_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks(UnavailableError("the database is busy"), ValueError("ana@example.org"))

    with caplog.at_level(logging.WARNING):
        looks.start()
        await asyncio.wait_for(looks.at_rest.wait(), 10)
        await looks.stop()

    assert looks.turns == 3
    assert "looks wait: the database is busy" in caplog.text
    assert "looks wait: ValueError" in caplog.text
    assert "ana@example.org" not in caplog.text


async def test_it_ends_though_a_driver_answers_the_cancellation_with_an_error() -> None:
    refuses = Refuses()
    refuses.start()
    await asyncio.wait_for(refuses.waits.wait(), 10)

    await asyncio.wait_for(refuses.stop(), 10)


async def test_what_never_began_can_be_stopped() -> None:
    await Looks().stop()
