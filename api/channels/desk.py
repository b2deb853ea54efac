"""How a help desk is written to, whichever it is: what there is to write, what it says now, and its interface.

Each vendor's ``Desk`` knows its paths and shapes; everything that fails is a ``DeskError``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from json import loads
from typing import Any, Final, Protocol

import httpx

from api.channels.note import Note
from api.channels.pace import Pace
from api.delivery.guard import RefusedError, UnresolvedError
from api.delivery.schedule import retry_after

__all__ = ["PRIORITIES", "Client", "Desk", "DeskError", "State", "Update", "raised"]

PRIORITIES: Final = ("low", "normal", "high", "urgent")
"""Lowest first."""

_FINAL: Final = frozenset({400, 404, 410, 413, 422})
_REDIRECTS: Final = range(300, 400)
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Of an answer: a conversation with all its notes has some hundred kilobytes."""


class DeskError(Exception):
    """The help desk did not do it. ``final``: nor will it ever, as the conversation is gone or closed for good."""

    def __init__(
        self, what: str, *, status: int | None = None, wait: timedelta | None = None, final: bool = False
    ) -> None:
        super().__init__(what)
        self.status = status
        self.wait = wait
        self.final = final


@dataclass(frozen=True, slots=True)
class State:
    """A conversation as it is now; ``priority`` is one of ``PRIORITIES``. ``more`` is the vendor's own."""

    tags: Sequence[str]
    priority: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """What to write: ``tags`` are all that the conversation shall have, if any change; ``fields`` by the desk's names.

    What is empty or ``None`` stays as it is.
    """

    tags: Sequence[str] | None = None
    priority: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: Note | None = None


class Desk(Protocol):
    """Speaks to one vendor's help desk."""

    requests: int
    """How many requests a message takes at most."""

    async def state(self, thread_id: str) -> State:
        """Return a conversation as it is now."""

    async def write(self, thread_id: str, state: State, update: Update) -> None:
        """Write what is to change, the note last."""

    async def has_note(self, thread_id: str, mark: str) -> bool:
        """Say whether a note with this mark is there already."""

    async def close(self) -> None:
        """Close the connections."""


def raised(present: str | None, wanted: str | None) -> str | None:
    """Return the priority to write: only one that is higher."""
    if wanted not in PRIORITIES:
        return None
    if present in PRIORITIES and PRIORITIES.index(present) >= PRIORITIES.index(wanted):
        return None
    return wanted


class Client:
    """JSON over HTTP to one help desk; ``transport`` decides what can be reached.

    Redirects are not followed, and what is packed or very large is not read. ``timeout_seconds`` is for all of a call,
    ``pace`` counts the calls.
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport, url: str, *, timeout_seconds: float, pace: Pace, **options: Any
    ) -> None:
        headers = {
            "User-Agent": f"recupera/{version('recupera')}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._seconds = timeout_seconds
        self._pace = pace
        self._client = httpx.AsyncClient(
            transport=transport,
            base_url=url,
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={**headers, **options.pop("headers", {})},
            **options,
        )

    async def call(self, method: str, path: str, json: Any = None, **query: str | int) -> Any:
        """Return the JSON that is answered, ``None`` if it is none; raise ``DeskError``."""
        self._pace.count()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, path, json=json, params=query or None) as response,
            ):
                content = await _read(response)
        except (RefusedError, UnresolvedError) as error:
            raise DeskError(str(error)) from None
        except (TimeoutError, httpx.TimeoutException):
            raise DeskError("the help desk took too long") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError):
            raise DeskError("the help desk can't be reached") from None
        if response.is_success:
            return _json(content)
        raise _refused(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _read(response: httpx.Response) -> bytes:
    """Return a short answer as it came; a packed one is not unpacked, as nobody knows how large it would become."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise DeskError("the help desk sends a packed answer, which was not asked for", status=response.status_code)
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise DeskError(f"the help desk's answer is over {_MOST_BYTES:,} bytes", status=response.status_code)
    return bytes(content)


def _json(content: bytes) -> Any:
    try:
        return loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def _refused(response: httpx.Response) -> DeskError:
    """Return what an answer means."""
    status = response.status_code
    if status in _REDIRECTS:
        return DeskError("the help desk redirects: write its own address in url", status=status)
    wait = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
    return DeskError(f"the help desk answered {status}", status=status, wait=wait, final=status in _FINAL)
