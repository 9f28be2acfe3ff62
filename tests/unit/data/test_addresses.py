"""Which addresses may be spoken to: public ones, in whatever way they are written."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.domain.data.addresses import is_allowed, read_network

INSIDE = (
    *(
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
    ),
    *("192.168.1.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::127.0.0.1", "::a9fe:a9fe"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001:0:7f00:1::", "fec0::1", "0:0:0:0:0:ffff:0a00:0001"),
)
PUBLIC = (
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
)


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_not_spoken_to(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize(
    "text", ["", "example.org", "127.1", "0x7f000001", "2130706433", "017700000001", "[::1]"]
)
def test_what_is_no_address_is_not(text: str) -> None:
    assert not is_allowed(text, [read_network("127.0.0.0/8")])


@given(st.ip_addresses(v=4))
def test_an_ipv6_form_is_never_more_than_the_address_that_it_stands_for(address: IPv4Address) -> None:
    for form in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_allowed(form) == is_allowed(str(address))
    for form in (f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1", f"::{address}"):
        assert not is_allowed(form)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="192.168.0.0/16"))
def test_only_the_network_that_was_named_is_allowed(address: IPv4Address) -> None:
    allowed = [read_network("10.0.0.0/8")]
    inside = address in ip_network("10.0.0.0/8")
    assert is_allowed(str(address), allowed) is inside
    assert is_allowed(f"::ffff:{address}", allowed) is inside


@given(st.ip_addresses(v=6))
def test_only_unicast_addresses_and_translations_are_allowed(address: IPv6Address) -> None:
    if is_allowed(str(address)):
        assert (
            address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96") or address.ipv4_mapped
        )
