"""HTTP to checked addresses only."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx

from api.delivery.guard import Guard, Target, parse_target

__all__ = ["HTTP_SCHEMES", "GuardedTransport"]

HTTP_SCHEMES: Final = ("https", "http")

_KEPT: Final = 4
"""Idle connections a host."""

_KEPT_SECONDS: Final = 1.5
"""How long an idle connection may serve again: less than receivers wait before they close it, so that a request never
meets a connection that is being closed. Within a burst that is enough."""

_FORGOTTEN_SECONDS: Final = 300.0
"""After this a host that is not spoken to is forgotten; no request takes as long."""


@dataclass
class _Host:
    """The connections to one scheme, host and port; ``address`` is the last that could be connected to."""

    transport: httpx.AsyncHTTPTransport
    used: float
    address: str | None = None


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that everybody trusts, read once: they are many."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves and checks the host itself, for each request, then uses a connection to a checked address.

    Host header and TLS (SNI and the certificate's name) stay those of the name. A connection serves again only for the
    name that it was made for, and only while that name still resolves to its address: each name has a pool of its own,
    and the pool goes by the address. ``verify`` holds the certificates that are trusted.
    """

    def __init__(
        self, guard: Guard, verify: ssl.SSLContext | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._guard = guard
        self._verify = verify or _trusted()
        self._clock = clock
        self._hosts: dict[tuple[str, str, int], _Host] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that can be connected to, the last one that could before others.

        Each has its share of the time to connect, so that one that drops what it gets leaves time for the next. Raise
        ``RefusedError`` or ``UnresolvedError`` instead of connecting.
        """
        target = parse_target(str(request.url), HTTP_SCHEMES)
        addresses = await self._guard.addresses(target)
        host = await self._host(target)
        allowed = _shared(request.extensions.get("timeout", {}), len(addresses))
        failure: Exception | None = None
        for address in sorted(addresses, key=lambda address: address != host.address):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host, "timeout": allowed},
            )
            try:
                response = await host.transport.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            else:
                host.address = address
                return response
        raise failure or httpx.ConnectError("no address")

    async def aclose(self) -> None:
        """Close the connections."""
        while self._hosts:
            _, host = self._hosts.popitem()
            await host.transport.aclose()

    async def _host(self, target: Target) -> _Host:
        """Return the connections to a host, and close those that nobody asked for in a while."""
        now = self._clock()
        for name in [name for name, host in self._hosts.items() if now - host.used > _FORGOTTEN_SECONDS]:
            await self._hosts.pop(name).transport.aclose()
        name = (target.scheme, target.host, target.port)
        if name not in self._hosts:
            limits = httpx.Limits(max_keepalive_connections=_KEPT, keepalive_expiry=_KEPT_SECONDS)
            transport = httpx.AsyncHTTPTransport(verify=self._verify, limits=limits)
            self._hosts[name] = _Host(transport, now)
        host = self._hosts[name]
        host.used = now
        return host


def _shared(allowed: Mapping[str, float | None], addresses: int) -> dict[str, float | None]:
    """Return the times that a request may take, with the share of one of its addresses of the time to connect."""
    connect = allowed.get("connect")
    return {**allowed, "connect": None if connect is None else connect / addresses}
