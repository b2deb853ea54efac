"""Whether a request was made on this machine, by a program of its user and not by a page of somebody else's.

A service without keys trusts whoever can reach it, so three things must hold: the connection comes from this machine,
no proxy says that it passes on a request from elsewhere, and the request names this machine. The last one keeps out
pages whose name was made to lead here after a browser had loaded them (DNS rebinding): a browser says in ``Host`` what
name it looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["bare_host", "is_foreign_page", "is_loopback", "is_nearby", "names_this_machine"]

_SAFE: Final = ("GET", "HEAD")


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_nearby(connection: HTTPConnection) -> bool:
    """Say whether a request was made on this machine, as far as the connection and proxies tell."""
    headers = connection.headers
    if connection.client is not None and not is_loopback(connection.client.host):
        return False
    if "forwarded" in headers:
        return False
    passed = (part.strip() for value in headers.getlist("x-forwarded-for") for part in value.split(","))
    return all(is_loopback(address) for address in passed)


def names_this_machine(connection: HTTPConnection, hosts: Collection[str]) -> bool:
    """Say whether ``Host`` is ``localhost``, an address, or one of ``hosts``; no page can be served from an address."""
    host = bare_host(connection.headers.get("host", ""))
    if host == "localhost" or host.endswith(".localhost") or host in hosts:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_foreign_page(connection: HTTPConnection, method: str) -> bool:
    """Say whether a browser sends this for a page of another site, which would act in its user's name.

    A browser says with each request whether it comes from this site (``Sec-Fetch-Site``, or ``Origin`` where it is too
    old for that), and no page can make it lie. Programs that are no browser say neither.
    """
    if method in _SAFE:
        return False
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site in ("same-origin", "none"):
        return False
    if site is None and origin is None:
        return False
    return site is not None or str(origin).partition("://")[2] != connection.headers.get("host")


def bare_host(host: str) -> str:
    """Return a ``Host`` without its port, in small letters, and an address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")
