"""Who may read pages and API: only this machine, because there is no sign-in yet."""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def only_from_here(public_url: str | None) -> Callable[[Request], None]:
    """A dependency that raises 403 for anybody else.

    A proxy makes everybody look local, so a forwarded request is not. Neither is one for a name that is
    not ours: a page of somebody else's may let its own name point to this machine and read along.
    """
    ours = {"localhost", _host(public_url)} if public_url is not None else {"localhost"}

    def check(request: Request) -> None:
        forwarded = any(name in request.headers for name in _FORWARDING)
        local = request.client is not None and _is_loopback(request.client.host)
        name = _host(f"//{request.headers.get('host', '')}")
        if forwarded or not local or not (name in ours or _is_loopback(name)):
            raise HTTPException(403, "pages and API can only be read from the machine itself for now")

    return check


def _host(url: str) -> str:
    """Lower case, without port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
