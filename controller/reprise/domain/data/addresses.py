"""Which addresses of the network the fetch stage may speak to: public ones, and what the operator allows.

A source is a stranger's text. It must not make the controller ask the machine that it runs on, its
neighbours or a cloud's metadata service.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
"""All that was ever given out."""
_SPECIAL = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
"""For protocols, translation and books; older Pythons count some of them among the public ones."""


def read_network(text: str) -> Network:
    """``127.0.0.0/8`` or one address. Raises ValueError."""
    return ip_network(text.strip(), strict=False)


def is_allowed(address: str, networks: Iterable[Network] = ()) -> bool:
    """Whether a connection to this numeric address may be made; what is no address may not be."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    meant = _meant(found)
    if any(each in network for network in networks for each in (found, meant)):
        return True
    if any(meant in network for network in _SPECIAL):
        return False
    return meant.is_global and not meant.is_multicast and (meant.version == 4 or meant in _UNICAST)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is reached by an IPv6 one, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
