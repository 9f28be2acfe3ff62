"""Trouble on request: what GitHub does on a bad day, for those who want to see how a program takes it.

Faults are asked for by somebody with an account (`api/trying`), wait in memory and are used up by the next
requests that match.
"""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from typing import assert_never

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reprise.forge.links import API_PREFIX, DOCUMENTATION

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class Kind(Enum):
    BAD_GATEWAY = "502"
    """The request is done, the answer is 502."""
    CUT = "cut"
    """The request is done; the connection ends in the middle of the answer."""
    SLOW = "slow"
    """It is done after ``seconds``."""
    FORBIDDEN = "403"
    """Not done: a secondary rate limit, with Retry-After when ``seconds`` is given."""
    TOO_MANY = "429"
    """The same with the newer status."""
    EXPIRED = "401"
    """Not done: the token counts as expired."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    method: str
    path: str
    """With ``*`` for anything; without ``/api/v3``."""
    times: int
    seconds: int | None

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path.removeprefix(API_PREFIX), self.path)


class Faults:
    """Those that wait for their requests, oldest first. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for at, fault in enumerate(self._waiting):
                if fault.matches(method, path):
                    left = replace(fault, times=fault.times - 1)
                    self._waiting[at : at + 1] = [left] if left.times else []
                    return fault
        return None


class Troubled:
    """Lets a fault happen to the requests that match one."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.faults.take(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        match fault.kind:
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds or 0)
                await self.app(scope, receive, send)
            case Kind.BAD_GATEWAY:
                await self._done(scope, receive)
                await _refusal(502, "Server Error", {})(scope, receive, send)
            case Kind.CUT:
                await _half(await self._done(scope, receive), send)
            case Kind.FORBIDDEN | Kind.TOO_MANY:
                wait = {} if fault.seconds is None else {"Retry-After": str(fault.seconds)}
                await _refusal(int(fault.kind.value), SECONDARY, wait)(scope, receive, send)
            case Kind.EXPIRED:
                await _refusal(401, "Bad credentials", {})(scope, receive, send)
            case _:
                assert_never(fault.kind)

    async def _done(self, scope: Scope, receive: Receive) -> list[Message]:
        """Do what was asked and keep the answer."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, keep)
        return said


async def _half(said: list[Message], send: Send) -> None:
    """The beginning of an answer that announces all of it. The server closes what is not finished."""
    body = b"".join(each.get("body", b"") for each in said) or b" "
    others = [(name, value) for name, value in said[0]["headers"] if name.lower() != b"content-length"]
    length = (b"content-length", str(len(body) + 1).encode())
    await send({**said[0], "headers": [*others, length]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


def _refusal(status: int, message: str, headers: Mapping[str, str]) -> JSONResponse:
    body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return JSONResponse(body, status, dict(headers))
