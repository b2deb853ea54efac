from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.delivery.networks import inner, parse_address, special


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "unspecified"),
        ("10.1.2.3", "private"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.100.100.200", "carrier-grade NAT"),  # Alibaba's metadata
        ("127.255.255.254", "loopback"),
        ("168.63.129.16", "a cloud's own"),
        ("169.254.169.254", "link-local"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "reserved"),  # Oracle's metadata
        ("192.168.1.1", "private"),
        ("198.19.255.255", "benchmarking"),
        ("203.0.113.9", "documentation"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::127.0.0.1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:0:10.0.0.1", "reserved"),  # SIIT, RFC 2765
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b:1::1", "reserved"),
        ("100::1", "reserved"),
        ("2001::1", "reserved"),  # Teredo
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "6to4"),
        ("2002:808:808::", "6to4"),
        ("3fff::1", "documentation"),
        ("5f00::1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "private"),  # Amazon's metadata
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
    ],
)
def test_what_is_not_public_has_a_kind(address: str, kind: str) -> None:
    assert special(ip_address(address)) == kind


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_what_is_public_has_none(address: str) -> None:
    assert special(ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_whatever_python_calls_private_is_not_public(address: IPv4Address) -> None:
    if not address.is_global:
        assert special(address) is not None


@given(st.ip_addresses(v=6))
def test_whatever_python_calls_private_is_not_public_in_ipv6(address: IPv6Address) -> None:
    if not address.is_global and inner(address) == address:
        assert special(address) is not None


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_what_it_is_alone(address: IPv4Address) -> None:
    for outer in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert inner(ip_address(outer)) == address
        assert special(ip_address(outer)) == special(address)


@pytest.mark.parametrize(
    "text", ["0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.1", "1.2.3.4.5", "", "localhost", "١.١.١.١"]
)
def test_other_ways_to_write_an_address_are_none(text: str) -> None:
    assert parse_address(text) is None
