"""HTTP to checked addresses only."""

from __future__ import annotations

import ssl
from typing import Final

import httpx

from api.delivery.guard import Guard, parse_target

__all__ = ["HTTP_SCHEMES", "GuardedTransport"]

HTTP_SCHEMES: Final = ("https", "http")


class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves and checks the host itself, then connects to a checked address.

    Host header and TLS (SNI and the certificate's name) stay those of the name. Connections are not kept: one that was
    made for one host must not serve another of the same address. ``verify`` holds the certificates that are trusted.
    """

    def __init__(self, guard: Guard, verify: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(
            verify=verify or httpx.create_ssl_context(), limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that can be connected to.

        Raise ``RefusedError`` or ``UnresolvedError`` instead of connecting.
        """
        target = parse_target(str(request.url), HTTP_SCHEMES)
        failure: Exception | None = None
        for address in await self._guard.addresses(target):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("no address")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
