"""All mailboxes of a file at the same time: once, on and on, or through an old one."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.channels.email.follow import Stop, back_fill, follow, once
from api.channels.email.report import Report, report_of
from api.channels.email.session import Desk
from api.channels.email.settings import InboxSettings
from api.channels.email.workplace import Workplace, looked_at, opened
from api.observability import traced
from api.settings import Settings
from api.store.database import Store
from classifier.errors import RecuperaError

__all__ = ["back_fill_all", "follow_all", "once_all", "stored_reports"]

_REFUSED_SECONDS: Final = 900.0
"""Seconds after which a mailbox that was refused is tried again: some providers lock an account for a while."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger("recupera.inbox")


async def once_all(settings: Settings, inboxes: Sequence[InboxSettings], *, dry: bool) -> tuple[list[Report], bool]:
    """Work on every mailbox once; return what was read of each so far, and whether one failed."""
    async with opened(settings, dry=dry) as workplace:
        outcomes = await asyncio.gather(*map(once, workplace.desks(inboxes)), return_exceptions=True)
        return await _reports(workplace.store, inboxes), _tell(inboxes, outcomes)


async def follow_all(settings: Settings, inboxes: Sequence[InboxSettings]) -> list[Report]:
    """Follow every mailbox until SIGINT or SIGTERM; return what was read of each so far.

    Mailboxes whose settings are wrong are said, and tried again now and then. Raise ``InputError`` if all are wrong.
    """
    async with opened(settings) as workplace:
        stop = Stop()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop.ask)
        refused: dict[str, RecuperaError] = {}
        await asyncio.gather(*(_followed(desk, stop, refused, len(inboxes)) for desk in workplace.desks(inboxes)))
        if len(refused) == len(inboxes):
            raise refused[inboxes[0].name]
        return await _reports(workplace.store, inboxes)


async def _followed(desk: Desk, stop: Stop, refused: dict[str, RecuperaError], mailboxes: int) -> None:
    """Follow one mailbox; one that is refused is noted in ``refused``, and tried again while others are followed."""
    while not stop.asked():
        refused.pop(desk.inbox.name, None)
        try:
            await follow(desk, stop)
        except RecuperaError as error:
            refused[desk.inbox.name] = error
            if len(refused) == mailboxes:
                stop.ask()
                return
            log.error("%s; again in %.0f s", error, _REFUSED_SECONDS)  # noqa: TRY400, RUF100 - it says it all
            await stop.pause(_REFUSED_SECONDS)


async def back_fill_all(
    settings: Settings, inboxes: Sequence[InboxSettings], since: date | None, *, keep: bool
) -> tuple[list[Report], bool]:
    """Work through one mailbox after the other, with a bar for each; return as ``once_all`` does."""
    async with opened(settings) as workplace:
        outcomes = [await _filled(workplace, inbox, inboxes, since, keep=keep) for inbox in inboxes]
        return await _reports(workplace.store, inboxes), _tell(inboxes, outcomes)


async def _filled(
    workplace: Workplace, inbox: InboxSettings, inboxes: Sequence[InboxSettings], since: date | None, *, keep: bool
) -> BaseException | None:
    """Work through one mailbox of several; return what went wrong."""
    with _bar() as bar:
        job = bar.add_task(inbox.name, total=None)
        desk = replace(workplace.desk(inbox, inboxes, keep=keep), advance=lambda more: bar.advance(job, more))
        work = back_fill(desk, since or inbox.since, lambda total: bar.update(job, total=total))
        return (await asyncio.gather(work, return_exceptions=True))[0]


async def stored_reports(settings: Settings, inboxes: Sequence[InboxSettings]) -> list[Report]:
    """Return what was read of each mailbox so far."""
    store = await looked_at(settings)
    try:
        return await _reports(store, inboxes)
    finally:
        await store.close()


async def _reports(store: Store, inboxes: Sequence[InboxSettings]) -> list[Report]:
    async with store.read() as connection:
        return [await report_of(connection, inbox.name) for inbox in inboxes]


def _tell(inboxes: Sequence[InboxSettings], outcomes: Sequence[BaseException | None]) -> bool:
    """Log what went wrong; return whether anything did. Only our own errors are known to quote nothing."""
    for inbox, outcome in zip(inboxes, outcomes, strict=True):
        if isinstance(outcome, RecuperaError):
            log.error("%s", outcome)
        elif outcome is not None:
            log.error("inbox %s failed: %s", inbox.name, traced(outcome))
    return any(outcome is not None for outcome in outcomes)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
