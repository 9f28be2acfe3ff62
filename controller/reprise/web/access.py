"""Who may read pages, API and metrics: whoever knows the operator's token; without one, on this machine,
whoever knows that of the running controller.

There is no sign-in with GitHub yet. Loopback is not trusted: jobs of the process backend run on this
machine and may reach it.
"""

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import HTTPException, Request

from reprise.domain.loopback import is_loopback
from reprise.sign_in import FILE, Key

LIFETIME = timedelta(days=7)
"""Of a session; after it one signs in again."""
_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
TRACKING_PAGE = "/mlflow"
_OWN_PAGES = re.compile(r"/(runs/[A-Za-z0-9._-]{1,60}|api/v1/runs/[A-Za-z0-9._-]{1,60}/evidence\.zip|setup)?")


class Guard:
    """A dependency that lets nobody else in."""

    def __init__(self, public_url: str | None, key: Key, now: Callable[[], datetime]) -> None:
        self._ours = {"localhost", host_of(public_url)} if public_url is not None else {"localhost"}
        self._key = key
        self._now = now
        self._used: set[str] = set()

    def __call__(self, request: Request) -> None:
        """Raises HTTPException: 403 where no token helps; else 401 for programs, 303 for people."""
        self.admit(request)
        if self.lets_in(request):
            return
        if "text/html" in request.headers.get("accept", ""):
            to = quote(request.url.path) if may_follow(request.url.path) else "/"
            raise HTTPException(303, "sign in at /login", {"Location": f"/login?next={to}"})
        which = "the operator token" if self._key.anywhere else f"the token in {FILE} of the state folder"
        raise HTTPException(
            401, f"{which} is needed: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"}
        )

    def admit(self, request: Request) -> None:
        """Raises HTTPException, 403, where nobody can sign in from."""
        if not self._reaches(request):
            raise HTTPException(
                403,
                "this can only be read from the machine itself, "
                "until its operator sets REPRISE_HTTP__OPERATOR_TOKEN",
            )

    def lets_in(self, request: Request) -> bool:
        return self._reaches(request) and (self._has_token(request) or self._has_session(request))

    @property
    def wants_operators_token(self) -> bool:
        """Rather than that of this start."""
        return self._key.anywhere

    def knows(self, token: str) -> bool:
        """Takes the same time for every wrong one."""
        return hmac.compare_digest(self._key.token.encode(), token.encode())

    def takes(self, ticket: str) -> bool:
        """Whether it is one of ours that nobody used yet; from now on it is used."""
        if ticket in self._used or not self._key.made(ticket):
            return False
        self._used.add(ticket)
        return True

    def new_session(self) -> str:
        """The cookie's value: it proves the token without holding it."""
        ends = str(int((self._now() + LIFETIME).timestamp()))
        return f"{ends}.{self._seal(ends)}"

    def _has_token(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.knows(token.strip())

    def _has_session(self, request: Request) -> bool:
        ends, _, seal = request.cookies.get(cookie_name(request), "").partition(".")
        if not hmac.compare_digest(self._seal(ends).encode(), seal.encode()):
            return False
        return self._now().timestamp() < int(ends)

    def _seal(self, ends: str) -> str:
        return hmac.new(self._key.token.encode(), f"session until {ends}".encode(), "sha256").hexdigest()

    def _reaches(self, request: Request) -> bool:
        return self._key.anywhere or self._from_here(request)

    def _from_here(self, request: Request) -> bool:
        """A proxy makes everybody look local, so a forwarded request is not.

        Neither is one for a name that is not ours: a page of somebody else's may let its own name
        point to this machine and read along.
        """
        forwarded = any(name in request.headers for name in _FORWARDING)
        local = request.client is not None and is_loopback(request.client.host)
        name = host_of(f"//{request.headers.get('host', '')}")
        return not forwarded and local and (name in self._ours or is_loopback(name))


def cookie_name(request: Request) -> str:
    """Browsers do not tell ports apart: two controllers on one machine would sign each other out."""
    server = request.scope.get("server")
    return f"reprise_session_{server[1] if server else 0}"


def own_page(path: str) -> bool:
    """Whether a person may be sent there after signing in: only to a page of ours."""
    return _OWN_PAGES.fullmatch(path) is not None


def may_follow(path: str) -> bool:
    """Whether a link may lead there after signing in: to MLflow's pages too.

    A form may not, because browsers do not let one end at another origin.
    """
    return own_page(path) or path == TRACKING_PAGE


def submitted(body: bytes) -> tuple[str, str]:
    """The login form's token and the page to go to."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=4)
    except ValueError:
        return "", "/"
    to = fields.get("next", ["/"])[0]
    return fields.get("token", [""])[0].strip(), to if own_page(to) else "/"


def host_of(url: str) -> str:
    """Lower case, without port; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
