"""Keeps destinations from naming what only this machine can reach (server-side request forgery, CWE-918).

An address is written by whoever may make destinations; the request is made from inside the operator's network. So the
host is read strictly, resolved once an attempt, every address of the answer checked, and the connection made to a
checked address, never to the name again (DNS rebinding). What the operator allows is let through.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna

from api.delivery.networks import NEVER_BY_NAME, Address, Network, inner, parse_address, special
from classifier.errors import InputError

__all__ = ["AllowList", "Guard", "RefusedError", "Target", "UnresolvedError", "parse_target"]

Resolve = Callable[[str, int], Awaitable[list[str]]]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "nats": 4222, "tls": 4222}
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED: Final = re.compile(r"\[[0-9a-fA-F:.]+\](:[0-9]+)?")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")


class RefusedError(Exception):
    """The address may not be used; the message says why, and nothing of the address."""


class UnresolvedError(Exception):
    """The name has no address now."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address read strictly: the host in lower-case ASCII, without brackets or a last dot."""

    url: str
    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts and networks that destinations may name although they are not public; ``*.`` stands for any name under."""

    networks: tuple[Network, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read addresses, networks such as ``10.0.0.0/8`` and names; raise ``InputError`` for what is neither."""
        networks: list[Network] = []
        names: list[str] = []
        for entry in entries:
            text = entry.strip().lower().rstrip(".").strip("[]")
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError:
                if not _is_name(text.removeprefix("*.")):
                    raise InputError(
                        f"{entry!r} is no host or network; write crm.internal, *.internal, 127.0.0.1 "
                        "or 10.0.0.0/8, without a port"
                    ) from None
                names.append(text)
        return cls(tuple(networks), tuple(names))

    def has_name(self, host: str) -> bool:
        """Say whether a host is on the list by its name."""
        return any(host.endswith(name[1:]) if name.startswith("*.") else host == name for name in self.names)

    def has_address(self, address: Address) -> bool:
        """Say whether an address is on the list."""
        return any(inner(address) in network or address in network for network in self.networks)


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the system's resolver; raise ``OSError`` if it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class Guard:
    """Says which addresses a destination may be reached at."""

    def __init__(self, allow: AllowList, resolve: Resolve = resolve) -> None:
        self._allow = allow
        self._resolve = resolve

    async def addresses(self, target: Target) -> list[str]:
        """Return the addresses to connect to, all of them checked.

        Raise ``RefusedError`` if any is not permitted, ``UnresolvedError`` if there is none.
        """
        literal = parse_address(target.host)
        try:
            found = [target.host] if literal else await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise UnresolvedError("the host has no address")
        for text in found:
            self._check(target.host, parse_address(text), named=literal is None)
        return found

    def _check(self, host: str, address: Address | None, *, named: bool) -> None:
        """Refuse an address that is neither public nor allowed."""
        kind = "unknown" if address is None else special(address)
        if kind is None or (address is not None and self._allow.has_address(address)):
            return
        if named and kind != "unknown" and kind not in NEVER_BY_NAME and self._allow.has_name(host):
            return
        way = "the host resolves to an address that is" if named else "the address is"
        raise RefusedError(f"{way} not public ({kind}); an operator can allow it by RECUPERA_DELIVERY_ALLOW")


def parse_target(url: str, schemes: Collection[str]) -> Target:
    """Read an address; raise ``RefusedError`` for anything that two programs could read differently."""
    if _UNSAFE.search(url):
        raise RefusedError("holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedError("is no address") from None
    if parts.scheme not in schemes:
        raise RefusedError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise RefusedError("must not hold a user or a password")
    if parts.fragment or url.endswith("#"):
        raise RefusedError("must not have a fragment (#)")
    if port == 0 or parts.netloc.endswith(":"):
        raise RefusedError("has no valid port")
    host = _host(parts)
    return Target(_written(parts, host, port), parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme])


def _host(parts: SplitResult) -> str:
    """Return the host in ASCII, an address in its usual form."""
    host = (parts.hostname or "").lower()
    try:
        if not host.isascii():
            host = idna.encode(host, uts46=True, std3_rules=True).decode()
        if "xn--" in host:
            idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        raise RefusedError("has a host that is no valid name") from None
    if "[" in parts.netloc:
        if not _BRACKETED.fullmatch(parts.netloc) or parse_address(host) is None:
            raise RefusedError("has a host that is no valid IPv6 address")
        return str(parse_address(host))
    host = host.removesuffix(".")
    if not _is_name(host) and parse_address(host) is None:
        raise RefusedError("has a host that is neither a name nor an address written as four decimal numbers")
    return host


def _is_name(host: str) -> bool:
    """Say whether it is a host name; one that ends in a number is an address to some programs (WHATWG URL, 3.5)."""
    labels = host.split(".")
    named = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return named and not _NUMBER.fullmatch(labels[-1])


def _written(parts: SplitResult, host: str, port: int | None) -> str:
    """Return the address with the host as it was read."""
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, shown if port is None else f"{shown}:{port}", parts.path, parts.query, ""))
