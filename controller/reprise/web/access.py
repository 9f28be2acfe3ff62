"""Who may read pages, API and metrics: this machine; or, with an operator token, whoever knows it.

There is no sign-in with GitHub yet. With a token set, loopback needs it too: jobs of the process
backend run on this machine and may reach loopback.
"""

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import HTTPException, Request

COOKIE = "reprise_session"
LIFETIME = timedelta(days=7)
"""Of a session; after it one signs in again."""
_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_OWN_PAGES = re.compile(r"/(runs/[A-Za-z0-9._-]{1,60})?")


class Guard:
    """A dependency that lets nobody else in."""

    def __init__(self, public_url: str | None, token: str | None, now: Callable[[], datetime]) -> None:
        self._ours = {"localhost", _host(public_url)} if public_url is not None else {"localhost"}
        self._token = token.encode() if token is not None else None
        self._now = now

    @property
    def asks_for_token(self) -> bool:
        return self._token is not None

    def __call__(self, request: Request) -> None:
        """Raises HTTPException: 403 off this machine; with a token 401 for programs, 303 for people."""
        if self.lets_in(request):
            return
        if self._token is None:
            raise HTTPException(
                403,
                "pages and API can only be read from the machine itself, "
                "until its operator sets REPRISE_HTTP__OPERATOR_TOKEN",
            )
        if "text/html" in request.headers.get("accept", ""):
            to = quote(request.url.path) if own_page(request.url.path) else "/"
            raise HTTPException(303, "sign in at /login", {"Location": f"/login?next={to}"})
        raise HTTPException(
            401, "the operator token is needed: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"}
        )

    def lets_in(self, request: Request) -> bool:
        if self._token is None:
            return self._from_here(request)
        return self._has_token(request) or self._has_session(request)

    def knows(self, token: str) -> bool:
        """Takes the same time for every wrong one."""
        return self._token is not None and hmac.compare_digest(self._token, token.encode())

    def new_session(self) -> str:
        """The cookie's value: it proves the token without holding it."""
        ends = str(int((self._now() + LIFETIME).timestamp()))
        return f"{ends}.{self._seal(ends)}"

    def _has_token(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.knows(token.strip())

    def _has_session(self, request: Request) -> bool:
        ends, _, seal = request.cookies.get(COOKIE, "").partition(".")
        if not hmac.compare_digest(self._seal(ends).encode(), seal.encode()):
            return False
        return self._now().timestamp() < int(ends)

    def _seal(self, ends: str) -> str:
        return hmac.new(self._token or b"", f"session until {ends}".encode(), "sha256").hexdigest()

    def _from_here(self, request: Request) -> bool:
        """A proxy makes everybody look local, so a forwarded request is not.

        Neither is one for a name that is not ours: a page of somebody else's may let its own name
        point to this machine and read along.
        """
        forwarded = any(name in request.headers for name in _FORWARDING)
        local = request.client is not None and _is_loopback(request.client.host)
        name = _host(f"//{request.headers.get('host', '')}")
        return not forwarded and local and (name in self._ours or _is_loopback(name))


def own_page(path: str) -> bool:
    """Whether a person may be sent there after signing in: only to a page of ours."""
    return _OWN_PAGES.fullmatch(path) is not None


def submitted(body: bytes) -> tuple[str, str]:
    """The login form's token and the page to go to."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=4)
    except ValueError:
        return "", "/"
    to = fields.get("next", ["/"])[0]
    return fields.get("token", [""])[0].strip(), to if own_page(to) else "/"


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
