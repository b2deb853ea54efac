"""Which addresses are on the public internet, and what the others are.

After the IANA registries of special-purpose addresses (RFC 6890; read 2026-11) and RFC 4291, 6052, 3056.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

__all__ = ["NEVER_BY_NAME", "Address", "Network", "inner", "parse_address", "special"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_IPV4: Final = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own",  # Azure's platform services
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_IPV6: Final = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private",
    "ff00::/8": "multicast",
    "2001::/23": "reserved",  # Teredo, ORCHID and other protocols
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "3fff::/20": "documentation",
}
_KINDS: Final = [(ip_network(network), kind) for network, kind in {**_IPV4, **_IPV6}.items()]
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")

NEVER_BY_NAME: Final = frozenset({"unspecified", "link-local", "multicast", "a cloud's own"})
"""Kinds that a name on the allow list may not stand for: a cloud's credentials are there. Their address may."""


def parse_address(text: str) -> Address | None:
    """Return an address in its usual form, or ``None``; forms such as ``0x7f.1`` are none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one is translated to on its way (mapped, NAT64), else the same."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def special(address: Address) -> str | None:
    """Return what kind of address it is, or ``None`` if it is on the public internet."""
    address = inner(address)
    for network, kind in _KINDS:
        if address in network:
            return kind
    return "reserved" if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6 else None
