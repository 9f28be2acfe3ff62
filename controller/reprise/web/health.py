"""``/healthz`` for whoever restarts processes, ``/readyz`` for whoever sends work, both for everybody."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from reprise.engine.readiness import Lack
from reprise.ports import Clock
from reprise.web.access import Guard
from reprise.web.context import Context

_AGE = timedelta(seconds=1)
"""An answer younger than this is given again: strangers may ask, and asking costs a write."""


class Readiness:
    """One question at a time; who asks meanwhile, or soon after, gets the latest answer."""

    def __init__(self, ask: Callable[[], tuple[Lack, ...]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._asking = threading.Lock()
        self._answer: tuple[Lack, ...] = (Lack("nothing is known yet"),)
        self._at: datetime | None = None

    def lacks(self) -> tuple[Lack, ...]:
        if self._asking.acquire(blocking=False):
            try:
                if self._at is None or abs(self._clock.now() - self._at) >= _AGE:
                    self._answer = self._ask()
                    self._at = self._clock.now()
            finally:
                self._asking.release()
        return self._answer


def health_routes(context: Context, guard: Guard) -> APIRouter:
    router = APIRouter()
    readiness = Readiness(context.lacks, context.world.clock)

    @router.get("/healthz", response_class=PlainTextResponse)
    async def alive() -> str:
        return "ok\n"

    @router.get("/readyz")
    def ready(request: Request) -> PlainTextResponse:
        lacks = readiness.lacks()
        if not lacks:
            return PlainTextResponse(f"ready\nintake: {context.intake}\n")
        told = [_line(lack, whole=guard.lets_in(request)) for lack in lacks]
        return PlainTextResponse(f"not ready:\n{''.join(told)}intake: {context.intake}\n", 503)

    return router


def _line(lack: Lack, *, whole: bool) -> str:
    details = "".join(f"  - {detail}\n" for detail in lack.details) if whole else ""
    return f"- {lack.what}\n{details}"
