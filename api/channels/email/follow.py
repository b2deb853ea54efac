"""A mailbox followed: connected to, worked on, waited at, and connected to again whenever the connection breaks."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final, TypeVar

from api.channels.email.connection import LostError, Mailbox
from api.channels.email.session import Desk, Session
from api.observability import traced
from api.store.database import UnavailableError
from classifier.errors import InputError

__all__ = ["Stop", "back_fill", "follow", "once"]

_IDLE_SECONDS: Final = 240
"""Seconds after which a wait is begun anew; routers forget silent connections, and RFC 2177 allows 29 minutes."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
_STEADY_SECONDS: Final = 120
"""A connection that lasted this long was a good one: the next pause is short again."""

_DRAINS: Final = 100

R = TypeVar("R")
log = logging.getLogger("recupera.inbox")


class Stop:
    """Asked to stop: seen from the event loop and from the threads that wait."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._told = asyncio.Event()

    def ask(self) -> None:
        """Ask everybody to stop; to be called in the event loop."""
        self._asked.set()
        self._told.set()

    def asked(self) -> bool:
        """Say whether somebody asked."""
        return self._asked.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than until somebody asks to stop."""
        try:
            await asyncio.wait_for(self._told.wait(), seconds)
        except TimeoutError:
            return


def _never() -> bool:
    return False


async def once(desk: Desk) -> None:
    """Take in what is there, hear what people changed, and end.

    Raise ``LostError`` or ``InputError``; what was done until then stays done.
    """
    async with _session(desk) as (session, _, _):
        await session.begin()
        await session.take_new()
        await session.hear()


async def back_fill(desk: Desk, since: date | None, total: Callable[[int], None]) -> None:
    """Take in the whole folder, or what came at ``since`` or later, and write what shadow mode only decided.

    ``total`` is told the number of mails first. Ended at any time, the next call goes on where this one was.
    """
    async with _session(desk) as (session, mailbox, threaded):
        await session.begin()
        uids = await threaded(lambda: mailbox.uids(since=since))
        total(len(uids))
        await session.write_shadow()
        await session.take(uids)


async def follow(desk: Desk, stop: Stop) -> None:
    """Follow a mailbox until ``stop`` is asked for; wait between attempts while the server can't be reached.

    Raise ``InputError`` if the first attempt meets a wrong setting. Later it may be the server's passing fault (a
    provider that locks an account for a while), so it is logged and tried again.
    """
    pause, been_inside = _FIRST_PAUSE, False
    while not stop.asked():
        began = time.monotonic()
        try:
            async with _session(desk, stop.asked) as (session, mailbox, threaded):
                been_inside = True
                await session.begin()
                log.info("inbox %s: connected, %d mails in the folder", desk.inbox.name, mailbox.state.messages)
                await _work(session, mailbox, threaded, stop)
        except (LostError, UnavailableError) as error:
            log.warning("%s; again in %.0f s", error, pause)
        except InputError as error:
            if not been_inside:
                raise
            log.error("%s; again in %.0f s", error, pause)  # noqa: TRY400, RUF100 - the message says it all
        except Exception as error:
            log.error("inbox %s: %s; again in %.0f s", desk.inbox.name, traced(error), pause)  # noqa: TRY400, RUF100
        if time.monotonic() - began > _STEADY_SECONDS:
            pause = _FIRST_PAUSE
        await stop.pause(pause * random.uniform(0.8, 1.2))  # noqa: S311 - so that many don't come at once
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _work(session: Session, mailbox: Mailbox, threaded: Any, stop: Stop) -> None:
    """Take in and hear until told to stop."""
    while not stop.asked():
        for _ in range(_DRAINS):  # mail that came while other mail was taken in is not told of again
            count = await session.take_new()
            if stop.asked() or (not count and not await threaded(mailbox.told_of_new_mail)):
                break
        if stop.asked():
            return
        await session.hear()
        if await threaded(mailbox.told_of_new_mail):
            continue
        await threaded(mailbox.wait, _IDLE_SECONDS, stop.asked)


@asynccontextmanager
async def _session(desk: Desk, ended: Callable[[], bool] = _never) -> AsyncIterator[tuple[Session, Mailbox, Any]]:
    """Connect in a thread of the mailbox's own: all that blocks happens there, one thing after the other."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="inbox") as pool:

        async def threaded(function: Callable[..., R], *arguments: Any) -> R:
            return await loop.run_in_executor(pool, function, *arguments)

        readonly = desk.writer is None
        mailbox = await threaded(lambda: Mailbox.open(desk.inbox, readonly=readonly))
        try:
            if desk.writer is not None:
                desk.writer.require(mailbox)
            yield Session(desk, mailbox, threaded, ended), mailbox, threaded
        finally:
            await asyncio.shield(threaded(mailbox.close))
