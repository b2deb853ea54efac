"""How a delivery is sent, whatever the kind of its destination."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from api.store.deliveries import Claim

__all__ = ["Answer", "Sender"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt: taken if ``error`` is ``None``.

    ``error`` says what failed in words that hold nothing of the address, the event or the answer. ``gone``: the
    destination wants nothing more. ``final``: it will never take this one, whatever it does with others.
    """

    error: str | None = None
    status: int | None = None
    retry_after: timedelta | None = None
    gone: bool = False
    final: bool = False

    @property
    def ok(self) -> bool:
        """Whether the destination took the event."""
        return self.error is None


class Sender(Protocol):
    """Speaks to destinations of one kind."""

    async def send(self, claim: Claim) -> Answer:
        """Try once, within the sender's own time limit; every failure is an answer, not an exception."""

    async def close(self) -> None:
        """Close the connections."""
