"""Webhooks: a signed POST; the answer's status is all that is read of it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from typing import Final

import httpx

from api.delivery import signing
from api.delivery.events import CONTENT_TYPE, as_cloud_event
from api.delivery.guard import RefusedError, UnresolvedError
from api.delivery.schedule import retry_after
from api.delivery.sender import Answer
from api.store.deliveries import Claim

__all__ = ["WebhookSender"]

# They log addresses and headers; what a destination's address holds may be a secret.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_GONE: Final = 410
_READ_BYTES: Final = 65_536
_READ_SECONDS: Final = 1.0


class WebhookSender:
    """Posts events; ``transport`` decides what can be reached."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, *, timeout_seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._timeout = timeout_seconds
        self._clock = clock
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": f"recupera/{version('recupera')}", "Accept-Encoding": "identity"},
        )

    async def send(self, claim: Claim) -> Answer:
        """Post once; whatever the receiver does, it ends within the time limit and reads little."""
        answer: Answer | None = None
        body = as_cloud_event(claim.event)
        signed = signing.headers(claim.destination.secrets, claim.delivery.id, body, self._clock())
        headers = {"Content-Type": CONTENT_TYPE, **signed}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", claim.destination.url, content=body, headers=headers) as response,
            ):
                answer = self._answer(response)
                await _finish(response)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, RefusedError, UnresolvedError) as error:
            return answer or Answer(error=_failure(error))
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _answer(self, response: httpx.Response) -> Answer:
        """Tell by the status what became of the event."""
        status = response.status_code
        if response.is_success:
            return Answer(status=status)
        error = "redirects are not followed" if response.has_redirect_location else f"the destination answered {status}"
        asked = retry_after(response.headers.get("retry-after"), self._clock())
        return Answer(error=error, status=status, retry_after=asked, gone=status == _GONE)


async def _finish(response: httpx.Response) -> None:
    """Read the rest of a short answer, so that the receiver sees no broken connection; leave a long one."""
    size = 0
    with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > _READ_BYTES:
                    return


def _failure(error: Exception) -> str:
    """Return what went wrong, without the address."""
    if isinstance(error, RefusedError | UnresolvedError):
        return str(error)
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "the destination took too long"
    if isinstance(error, httpx.ConnectError):
        return "TLS failed" if _is_tls(error) else "the destination can't be reached"
    if isinstance(error, httpx.RemoteProtocolError):
        return "the answer is no valid HTTP"
    return "the connection broke"


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
