"""This forge is for one machine: it binds to loopback, answers to loopback names, and tells only loopback."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reprise.domain.loopback import is_loopback


class LoopbackNamesOnly:
    """A web page that points its own name at 127.0.0.1 must not read this forge in somebody's browser."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _named_loopback(Headers(scope=scope).get("host", "")):
            refusal = PlainTextResponse("This forge answers to localhost and 127.0.0.1 only.\n", 421)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _named_loopback(host: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
