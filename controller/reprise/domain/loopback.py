"""Whether a name means this machine alone, which decides what is secret, what is served, and to whom."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """A name or address without port and brackets. Other names are not looked up: they may change."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
