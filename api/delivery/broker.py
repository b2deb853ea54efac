"""NATS JetStream: an event is published once per delivery id, by the stream's own de-duplication."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from api.delivery.events import CONTENT_TYPE, as_cloud_event
from api.delivery.guard import Guard, RefusedError, Target, UnresolvedError, parse_target
from api.delivery.sender import Answer
from api.store.deliveries import Claim
from api.store.destinations import DestinationRecord

if TYPE_CHECKING:
    from nats.aio.client import Client

__all__ = ["NATS_SCHEMES", "NatsSender", "is_installed"]

NATS_SCHEMES: Final = ("nats", "tls")


def is_installed() -> bool:
    """Say whether the extra ``recupera[nats]`` is there."""
    return find_spec("nats") is not None


class NatsSender:
    """Publishes to JetStream; one connection a server and token, made again when it is lost."""

    def __init__(self, guard: Guard, *, timeout_seconds: float) -> None:
        self._guard = guard
        self._timeout = timeout_seconds
        self._clients: dict[tuple[str, str | None], Client] = {}
        self._connecting: defaultdict[tuple[str, str | None], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, claim: Claim) -> Answer:
        """Publish once and wait until the stream has it."""
        import nats.errors
        import nats.js.errors

        headers = {"Nats-Msg-Id": claim.delivery.id, "Content-Type": CONTENT_TYPE}
        body = as_cloud_event(claim.event).encode()
        try:
            async with asyncio.timeout(self._timeout):
                client = await self._client(claim.destination)
                stream = client.jetstream()
                await stream.publish(str(claim.destination.subject), body, timeout=self._timeout, headers=headers)
        except (RefusedError, UnresolvedError) as error:
            return Answer(error=str(error))
        except nats.js.errors.NoStreamResponseError:
            return Answer(error="no stream of the server takes this subject")
        except nats.errors.MaxPayloadError:
            return Answer(error="the event is larger than the server takes")
        except TimeoutError:
            return Answer(error="the destination took too long")
        except (nats.errors.Error, OSError):
            return Answer(error="the destination can't be reached, or refused the event")
        return Answer()

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def _client(self, destination: DestinationRecord) -> Client:
        """Return a connection to a server, to one of its checked addresses; no server waits for another.

        Without reconnecting, because the client would also try the addresses that the server announces.
        """
        target = parse_target(destination.url, NATS_SCHEMES)
        token = destination.secrets[0]["secret"] if destination.secrets else None
        name = (target.url, token)
        async with self._connecting[name]:
            known = self._clients.get(name)
            if known is not None and known.is_connected:
                return known
            addresses = await self._guard.addresses(target)
            self._clients[name] = client = await self._connected(target, addresses, token)
            return client

    async def _connected(self, target: Target, addresses: list[str], token: str | None) -> Client:
        """Connect to the first address that answers; each has its share of the time."""
        import nats.errors

        options: dict[str, Any] = {"connect_timeout": self._timeout / len(addresses)}
        options |= {} if token is None else {"token": token}
        if target.scheme == "tls":
            options |= {"tls": ssl.create_default_context(), "tls_hostname": target.host}
        failure: Exception = nats.errors.NoServersError()
        for address in addresses:
            host = f"[{address}]" if ":" in address else address
            try:
                return await self._connected_to(f"{target.scheme}://{host}:{target.port}", options)
            except (nats.errors.Error, OSError, TimeoutError) as error:
                failure = error
        raise failure

    async def _connected_to(self, url: str, options: dict[str, Any]) -> Client:
        """Connect, or leave nothing open. The client would try twice, for as long each time."""
        from nats.aio.client import Client

        client = Client()
        try:
            async with asyncio.timeout(options["connect_timeout"]):
                await client.connect(
                    url,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    error_cb=_ignored,
                    **options,
                )
        except BaseException:
            await client.close()
            raise
        return client


async def _ignored(_error: Exception) -> None:
    """Keep the client from logging what the answer says."""
