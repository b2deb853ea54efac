"""Work that goes on beside the requests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress

__all__ = ["Background"]


class Background(ABC):
    """Something that is done again and again as long as the service runs: ``_run``, which a subclass has."""

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

    @abstractmethod
    async def _run(self) -> None:
        """Go on until cancelled."""
