"""Limits on connections, which uvicorn leaves to a proxy.

How many there may be, how long a request may take to arrive, and how slowly an answer may be read. Without them a few
hundred callers that send one byte a minute (slow-loris, CWE-400) hold every place there is. Rates follow Apache's
mod_reqtimeout: so many seconds, and one more for each kilobyte that has come.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["ConnectionLimits", "LimitedProtocol", "most_connections"]

_MOST: Final = 4096
_FILES_KEPT: Final = 256
"""Open files that are left for the database, the model and what is delivered."""


def most_connections() -> int:
    """Return how many connections this process can hold: each needs an open file, of which the system gives so many."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return _MOST
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if files == resource.RLIM_INFINITY else max(min(_MOST, files - _FILES_KEPT), 64)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may cost.

    ``head_seconds``: from the first byte, or from connecting, until the headers are there. ``body_seconds``: until the
    body is there as well, and a second more for each ``bytes_a_second`` that came. ``read_seconds``: how long the
    caller may leave an answer unread. ``connections``: how many there may be at a time.
    """

    head_seconds: float = 10
    body_seconds: float = 30
    bytes_a_second: int = 1024
    read_seconds: float = 60
    connections: int = 4096


def _answer(status: str, detail: str, *headers: str) -> bytes:
    """Return a whole answer, for a connection that is closed after it."""
    kind, _, title = status.partition(" ")
    body = f'{{"type":"about:blank","title":"{title}","status":{kind},"detail":"{detail}"}}'
    lines = [
        f"HTTP/1.1 {status}", "Content-Type: application/problem+json", f"Content-Length: {len(body)}",
        "Connection: close", *headers, "", body,
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


_LATE: Final = _answer("408 Request Timeout", "the request took too long to arrive")
_FULL: Final = _answer("503 Service Unavailable", "too many connections are open; try again", "Retry-After: 1")


def _as_itself(client: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return a caller by its IPv4 address, which a socket of IPv6 writes as ``::ffff:192.0.2.1``.

    All of IPv4 would be one network of IPv6, and no proxy one that was named.
    """
    if client is None or "." not in client[0]:
        return client
    return client[0].removeprefix("::ffff:"), client[1]


class LimitedProtocol(H11Protocol):
    """A connection that is closed when it passes a limit. Who waits for an answer is never closed on."""

    limits: ClassVar[ConnectionLimits] = ConnectionLimits(connections=most_connections())

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is a place for it."""
        super().connection_made(transport)
        self.client = _as_itself(self.client)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._began: float | None = self.loop.time()
        self._came = 0
        if len(self.connections) > self.limits.connections:
            transport.write(_FULL)
            transport.close()
            return
        self._look_again(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and the time of its first byte."""
        if self._began is None:
            self._began, self._came = self.loop.time(), 0
            self._look_again(self.limits.head_seconds)
        self._came += len(data)
        super().data_received(data)
        if not self._is_arriving():
            self._began = None

    def pause_writing(self) -> None:
        """Begin to wait for the caller to read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.limits.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the caller reads."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def _is_arriving(self) -> bool:
        """Say whether a part of a request is still to come."""
        state: Any = self.conn.their_state
        return state is h11.IDLE or state is h11.SEND_BODY

    def _look_again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(max(seconds, 0.01), self._hold_to_time)

    def _hold_to_time(self) -> None:
        """Close the connection if its request is late."""
        self._timer = None
        if self._began is None or self.transport.is_closing() or not self._is_arriving():
            return
        now = self.loop.time()
        if self.flow.read_paused:  # it is the service that does not read
            self._began = now
        left = self._began + self._allowed() - now
        if left > 0:
            self._look_again(left)
            return
        if self.conn.their_state is h11.IDLE or not self.cycle.response_started:
            self.transport.write(_LATE)
        self.transport.close()

    def _allowed(self) -> float:
        """Return how many seconds the request may take until it is here."""
        limits = self.limits
        if self.conn.their_state is h11.IDLE:
            return limits.head_seconds
        return limits.head_seconds + limits.body_seconds + self._came / limits.bytes_a_second
