"""An ASGI layer around the forge that can keep a reply back, so that a test knows when to kill."""

import asyncio
import re
import threading
import time
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Withheld:
    """One reply that is kept back: the forge has done what it was asked, and nobody knows."""

    method: str
    path: re.Pattern[str]
    done: threading.Event = field(default_factory=threading.Event)
    """Set when the forge has acted."""
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Call:
    at: float
    """Seconds since the epoch, when it came in."""
    seconds: float
    method: str
    path: str


class Gate:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._withheld: list[Withheld] = []

    def wrap(self, app: ASGIApp) -> ASGIApp:
        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            await self._pass(app, scope, receive, send)

        return gated

    def withhold(self, method: str, path: str) -> Withheld:
        """The reply to the next such request, ``path`` being a pattern for its end."""
        made = Withheld(method, re.compile(path + "$"))
        self._withheld.append(made)
        return made

    def release_all(self) -> None:
        for held in self._withheld:
            held.released.set()

    async def _pass(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started, at = time.monotonic(), time.time()
        held = self._matching(scope["method"], scope["path"])
        reply: list[Message] = []

        async def keep(message: Message) -> None:
            reply.append(message)

        await app(scope, receive, send if held is None else keep)
        self.calls.append(Call(at, time.monotonic() - started, scope["method"], scope["path"]))
        if held is None:
            return
        held.done.set()
        while not held.released.is_set():
            await asyncio.sleep(0.02)
        for message in reply:
            await send(message)

    def _matching(self, method: str, path: str) -> Withheld | None:
        for held in self._withheld:
            if held.method == method and held.path.search(path) and not held.done.is_set():
                return held
        return None
