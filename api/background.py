"""Work that goes on beside the requests."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ClassVar

from api.observability import traced
from api.store.database import UnavailableError

__all__ = ["Background", "repeat"]

log = logging.getLogger(__name__)


async def repeat(turn: Callable[[], Awaitable[float]], *, what: str, failed_seconds: float) -> None:
    """Take turns until cancelled, each as many seconds after the one before as that one answered.

    A turn that fails is logged as ``what`` that waits, and taken again after ``failed_seconds``. A driver may answer a
    cancellation with an error of its own (psycopg does, of a connection that is gone): that ends the turns too.
    """
    task = asyncio.current_task()
    while True:
        seconds = failed_seconds
        try:
            seconds = await turn()
        except UnavailableError as error:
            log.warning("%s: %s", what, error)
        except Exception as error:
            log.error("%s: %s", what, traced(error))  # noqa: TRY400, RUF100 - a message may quote a text
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        await asyncio.sleep(seconds)


class Background(ABC):
    """Something that is done again and again as long as the service runs: ``_turn``, which a subclass has."""

    what: ClassVar[str]
    """What the log says when a turn fails."""
    first_seconds: ClassVar[float] = 0.0
    """Until the first turn."""
    failed_seconds: ClassVar[float] = 60.0
    """Until the next turn after one that failed."""

    _running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the background."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what was not done is done the next time."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        await asyncio.sleep(self.first_seconds)
        await repeat(self._turn, what=self.what, failed_seconds=self.failed_seconds)

    @abstractmethod
    async def _turn(self) -> float:
        """Do it once, and say in how many seconds again."""
