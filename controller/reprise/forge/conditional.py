"""Headers around every REST reply: ETag with 304 for what the caller has, and what is left to call."""

import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reprise.forge.limits import Meter, Reading

READING = "reading"
CALLER = "caller"
"""What `access.call_of` leaves in the request's state."""
TAG = re.compile(r'(?:W/)?"([^"]*)"')


class Conditional:
    """GET replies are held back until they are whole; they are small. A 304 costs none of the limit."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app = app
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        start: Message = {}
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await self._reply(scope, state, start, bytes(body), send)

        await self.app(scope, receive, hold)

    async def _reply(
        self, scope: Scope, state: dict[str, object], start: Message, body: bytes, send: Send
    ) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        status = start["status"]
        if scope["method"] in ("GET", "HEAD") and status == 200:
            tag = hashlib.sha256(body).hexdigest()
            headers["ETag"] = f'W/"{tag}"'
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            headers["Vary"] = "Accept, Authorization"
            if tag in TAG.findall(Headers(scope=scope).get("if-none-match", "")):
                status, body = 304, b""
                del headers["Content-Length"]
                del headers["Content-Type"]
        for name, value in self._limit_headers(state, status).items():
            headers[name] = value
        await send({"type": "http.response.start", "status": status, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    def _limit_headers(self, state: dict[str, object], status: int) -> dict[str, str]:
        reading, caller = state.get(READING), state.get(CALLER)
        if not isinstance(reading, Reading) or not isinstance(caller, str):
            return {}
        return (self.meter.take(caller, -1) if status == 304 else reading).headers
