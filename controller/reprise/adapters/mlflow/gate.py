"""Stands before MLflow's server and asks who is there: jobs and builds reach loopback too.

`access` puts a copy beside the server's data, and ``mlflow server --app-name`` runs it in the server's
own environment, which has no Reprise: one file, standard library only. A program shows the secret of this
start; a person's browser shows a session, which a ticket from Reprise's own pages opened and which only
reads. MLflow's own checks of host and origin come after it.
"""

import hmac
import json
import re
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

TOKEN = "server.token"  # noqa: S105 - a file's name
PAGES = "reprise.url"
"""File with the address of Reprise's own pages."""
SIGN_IN = "/reprise/sign-in"
CHALLENGE = "reprise-challenge"
PROOF = "reprise-proof"
SESSION_SECONDS = 24 * 3600

_SECRET = f"the secret in mlflow/{TOKEN} of its state folder, as Authorization: Bearer …"
_LONGEST_CHALLENGE = 64
_READS = re.compile(
    r"/(ajax-)?api/("
    r"2\.0/mlflow/((runs|experiments|logged-models)/search|experiments/search-datasets"
    r"|registered-models/get-latest-versions)"
    r"|3\.0/mlflow/((datasets|issues|traces)/search|traces/(batchGetInfos|metrics|calculate-filter-correlation))"
    r")|/graphql"
)
"""What MLflow's pages ask by POST though it changes nothing; its GraphQL has no mutation but an echo."""
_DOES_MORE = re.compile(r"/gateway(/|$)|/ajax-api/(2\.0/mlflow/gateway-proxy|3\.0/mlflow/assistant)(/|$)")
"""What starts programs or calls other servers, by GET too."""
_SECONDS = re.compile(r"[0-9]{1,12}")
_QUIET = ((b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


def seal(secret: str, words: str) -> str:
    """Proves that whoever wrote these words knows the secret, without telling it."""
    return hmac.new(secret.encode(), words.encode(), "sha256").hexdigest()


def ticket(secret: str, number: str, ends: int) -> str:
    """Opens one session until then, in seconds since 1970. ``number``: never the same twice."""
    return f"{number}.{ends}.{seal(secret, f'ticket {number} until {ends}')}"


def proof(secret: str, challenge: str) -> str:
    """What only the server itself can answer: whoever took its port in its absence cannot."""
    return seal(secret, f"proof {challenge}")


class Gate:
    """An ASGI application before another."""

    def __init__(
        self,
        app: App,
        secret: str,
        pages: Callable[[], str],
        *,
        everybody_reads: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``pages``: where Reprise's own are now; empty when nobody knows."""
        self._app = app
        self._secret = secret
        self._pages = pages
        self._everybody_reads = everybody_reads
        self._now = now
        self._used: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/health":
            await self._app(scope, receive, self._proving(_header(scope, CHALLENGE), send))
        elif scope["path"] == SIGN_IN and scope["method"] == "GET":
            await self._sign_in(scope, send)
        elif self._lets_in(scope):
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope, send)

    def _lets_in(self, scope: Scope) -> bool:
        shown = _header(scope, "authorization")
        if shown:
            return self._knows(shown)
        if scope["method"] == "OPTIONS":
            return True  # a browser asks first, and shows nothing while it asks
        return _only_reads(scope) and (self._everybody_reads or self._has_session(scope))

    def _knows(self, shown: str) -> bool:
        """As ``Bearer <secret>``, or as the password of ``Basic``, which clients make of an address."""
        kind, _, value = shown.partition(" ")
        if kind.lower() == "basic":
            try:
                value = b64decode(value, validate=True).decode("latin-1").partition(":")[2]
            except ValueError:
                return False
        elif kind.lower() != "bearer":
            return False
        return _same(self._secret, value.strip())

    def _has_session(self, scope: Scope) -> bool:
        """Cookies belong to a host, not to a port: pages of another port must not read along."""
        elsewhere = _header(scope, "sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and _header(scope, "sec-fetch-mode") != "navigate":
            return False
        ends, _, sealed = _cookie(scope).partition(".")
        if not _same(seal(self._secret, f"session until {ends}"), sealed):
            return False
        return self._now() < int(ends)

    async def _sign_in(self, scope: Scope, send: Send) -> None:
        """Browsers keep what stands after # in the address, so the page that was wanted opens."""
        if self._takes(_asked(scope).get("ticket", "")):
            ends = int(self._now()) + SESSION_SECONDS
            value = f"{ends}.{seal(self._secret, f'session until {ends}')}"
            cookie = (
                f"{_cookie_name(scope)}={value}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"
            )
            headers = ((b"location", b"/"), (b"set-cookie", cookie.encode()))
            await _answer(send, 303, "text/plain", "", headers)
        elif self._has_session(scope):
            await _answer(send, 303, "text/plain", "", ((b"location", b"/"),))
        else:
            said = "This address was used, or is too old."
            await _answer(send, 401, "text/html", _page(said, self._pages()))

    def _takes(self, shown: str) -> bool:
        """Whether it is one of ours, still good and not used yet; from now on it is used."""
        number, _, rest = shown.partition(".")
        ends, _, _ = rest.partition(".")
        if not _SECONDS.fullmatch(ends) or not _same(ticket(self._secret, number, int(ends)), shown):
            return False
        now = self._now()
        self._used = {one: end for one, end in self._used.items() if end > now}
        if int(ends) <= now or number in self._used:
            return False
        self._used[number] = int(ends)
        return True

    async def _refuse(self, scope: Scope, send: Send) -> None:
        """Programs get a sentence in the shape that MLflow's client reads; people get to Reprise's pages."""
        if _header(scope, "authorization"):
            await _tell(send, 401, "this is not the secret of this start of MLflow's server")
        elif not _only_reads(scope):
            status = 403 if self._everybody_reads or self._has_session(scope) else 401
            await _tell(send, status, f"only Reprise changes these records: writing needs {_SECRET}")
        elif scope["path"] != "/" or "text/html" not in _header(scope, "accept"):
            await _tell(send, 401, f"reading needs a sign-in at Reprise, or {_SECRET}")
        elif pages := self._pages():
            await _answer(send, 303, "text/plain", "", ((b"location", f"{pages}/mlflow".encode()),))
        else:
            await _answer(send, 401, "text/html", _page("Sign in at Reprise first.", ""))

    def _proving(self, challenge: str, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and 0 < len(challenge) <= _LONGEST_CHALLENGE:
                answer = (PROOF.encode(), proof(self._secret, challenge).encode())
                message = {**message, "headers": [*message.get("headers", ()), answer]}
            await send(message)

        return sending


def signed_in_only() -> App:
    """What ``--app-name`` names, where people sign in at Reprise to read."""
    return _gate(everybody_reads=False)


def for_everybody() -> App:
    """Where the operator lets everybody read."""
    return _gate(everybody_reads=True)


def _gate(*, everybody_reads: bool) -> App:
    from mlflow.server.fastapi_app import app  # late: MLflow's command imports this file too, to find it

    folder = Path(__file__).resolve().parents[1]
    secret = (folder / TOKEN).read_text().strip()
    return Gate(app, secret, lambda: _read(folder / PAGES), everybody_reads=everybody_reads)


def _read(file: Path) -> str:
    """Anew each time: a new controller may listen elsewhere."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _only_reads(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["method"] == "POST":
        return _READS.fullmatch(path) is not None
    return scope["method"] in ("GET", "HEAD") and _DOES_MORE.match(path) is None


def _same(ours: str, shown: str) -> bool:
    """Takes the same time for every wrong one."""
    return hmac.compare_digest(ours.encode(), shown.encode("utf-8", "surrogateescape"))


def _header(scope: Scope, name: str) -> str:
    wanted = name.encode()
    found: Iterable[bytes] = (value for key, value in scope["headers"] if key == wanted)
    return b"".join(found).decode("latin-1")


def _asked(scope: Scope) -> dict[str, str]:
    try:
        fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=4)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _cookie_name(scope: Scope) -> str:
    """With the port, or two servers on one machine would sign each other out."""
    server = scope.get("server")
    return f"reprise_mlflow_{server[1] if server else 0}"


def _cookie(scope: Scope) -> str:
    for pair in _header(scope, "cookie").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _cookie_name(scope):
            return value
    return ""


def _page(said: str, pages: str) -> str:
    link = f' <a href="{escape(pages)}/mlflow">Open MLflow from Reprise</a>.' if pages else ""
    return f"<!doctype html><title>MLflow of Reprise</title><p>{escape(said)}{link}</p>\n"


async def _tell(send: Send, status: int, message: str) -> None:
    code = "PERMISSION_DENIED" if status == 403 else "UNAUTHENTICATED"
    said = json.dumps({"error_code": code, "message": message})
    await _answer(send, status, "application/json", said, ((b"www-authenticate", b"Bearer"),))


async def _answer(send: Send, status: int, kind: str, text: str, headers: Headers = ()) -> None:
    body = text.encode()
    about = (
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
    )
    told = [*about, *_QUIET, *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
