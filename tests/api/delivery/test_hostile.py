"""Destinations that behave badly for days: a dead letter that says why, nothing hung, and the others are served."""

import asyncio

import pytest

from tests.api.delivery.conftest import Clock, Desk
from tests.api.delivery.receiver import Receiver, answer
from tests.api.hostile import Behaviour, a_gigabyte, hostile

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


async def redirect(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(302, Location="http://169.254.169.254/latest/meta-data/"))


async def redirect_for_ever(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(308, Location="/hook"))


async def fail(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(500))


async def ask_for_a_century(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(503, Retry_After="3155760000"))


async def say_nothing(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.02)


async def send_headers_for_ever(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: y\r\n" * 1000)
        await writer.drain()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def talk_nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp.example ESMTP\r\n\r\n")


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (redirect, "redirects are not followed"),
        (redirect_for_ever, "redirects are not followed"),
        (fail, "the destination answered 500"),
        (ask_for_a_century, "the destination answered 503"),
        (say_nothing, "the destination took too long"),
        (drip, "the destination took too long"),
        (a_gigabyte(b"500 No"), "the destination answered 500"),
        (send_headers_for_ever, "the answer is no valid HTTP"),
        (hang_up, "the answer is no valid HTTP"),
        (talk_nonsense, "the answer is no valid HTTP"),
    ],
)
async def test_one_that_never_takes_anything_leaves_dead_letters_and_harms_nobody(
    desk: Desk, receiver: Receiver, behaviour: Behaviour, error: str
) -> None:
    async with hostile(behaviour) as (url, asked):
        bad, good = await desk.destination(url), await desk.destination(receiver.url)
        for name in ("1", "2"):
            await desk.event(name, case=name)
        dispatcher = desk.dispatcher(timeout=0.3)
        began = desk.clock()
        async with asyncio.timeout(60):
            await dispatcher.drain()
            assert [request.external_id for request in receiver.taken] == ["1", "2"]
            await desk.settle(dispatcher)
    delivered, dead = await desk.all(destination_id=good.id), await desk.all(destination_id=bad.id)
    assert {delivery.status for delivery in delivered} == {"delivered"}
    assert [(delivery.status, delivery.error, delivery.attempts) for delivery in dead] == [("dead", error, 10)] * 2
    assert len(asked) == 20
    assert (desk.clock() - began).days < 16  # a Retry-After counts for a day at most
    assert len(receiver.taken) == 2


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://169.254.169.254/latest/meta-data/", "the address is not public (link-local)"),
        ("http://[::ffff:169.254.169.254]/", "the address is not public (link-local)"),
        ("http://127.0.0.1:1/", "the destination can't be reached"),
        ("http://nobody.invalid/", "the host has no address"),
    ],
)
async def test_one_that_can_not_be_reached_leaves_a_dead_letter(desk: Desk, clock: Clock, url: str, error: str) -> None:
    await desk.destination(url)
    await desk.event("1")
    async with asyncio.timeout(60):
        await desk.settle(desk.dispatcher())
    (dead,) = await desk.all()
    assert (dead.status, dead.attempts) == ("dead", 10)
    assert str(dead.error).startswith(error)
