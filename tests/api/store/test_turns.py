"""Work on the same things, one after the other."""

from __future__ import annotations

import asyncio

import pytest

from api.store.turns import Turns

pytestmark = pytest.mark.anyio


async def test_those_that_name_the_same_go_in_the_order_in_which_they_came() -> None:
    turns, seen = Turns(), list[str]()

    async def work(name: str, *things: str) -> None:
        async with turns.take(things):
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")

    await asyncio.gather(work("first", "b", "a"), work("second", "a", "b", "b"), work("third", "b", "a"))
    assert seen == [f"{name} {what}" for name in ("first", "second", "third") for what in ("begins", "ends")]


async def test_those_that_name_others_do_not_wait() -> None:
    turns = Turns()
    async with turns.take(["a"]), asyncio.timeout(5), turns.take(["b"]), turns.take([]):
        pass


async def test_one_that_gives_up_lets_the_next_in() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.take(["a", "b"]):
            pass

    async with turns.take(["b"]):
        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting[1:])
    assert waiting[0].cancelled()
    assert not turns._turns


async def test_an_error_ends_the_turn() -> None:
    turns = Turns()
    with pytest.raises(LookupError):
        async with turns.take(["a"]):
            raise LookupError
    async with asyncio.timeout(5), turns.take(["a"]):
        pass
