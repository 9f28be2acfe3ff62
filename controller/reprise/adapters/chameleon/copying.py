"""A program on a node whose stream is written or read in the caller's thread, within one deadline."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from reprise.adapters.chameleon.ssh import Process

T = TypeVar("T")

COMPLAINT_BYTES = 4096
PIECE = 1 << 18
CLOSING_SECONDS = 10.0


class Do(Protocol):
    """Does something in the event loop, waits for it, and says failures in words."""

    def __call__(self, work: Callable[[], Coroutine[Any, Any, T]], *, doing: str, timeout: float) -> T: ...


class ReadsNoMore(Exception):
    """The program ended before it was told all: `Copying.end` says how."""


class Copying:
    def __init__(
        self, do: Do, start: Callable[[], Coroutine[Any, Any, Process]], *, doing: str, timeout: float
    ) -> None:
        self._do_it = do
        self._start = start
        self._doing = doing
        self._deadline = time.monotonic() + timeout
        self._complaint = ""

    def __enter__(self) -> Self:
        self._process, self._errors = self._do(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do_it(self._close, doing=self._doing, timeout=CLOSING_SECONDS)

    def send(self, data: bytes) -> None:
        """Raises ReadsNoMore."""
        if not self._do(lambda: self._send(data)):
            raise ReadsNoMore

    def receive(self, size: int) -> bytes:
        return self._do(lambda: self._process.receive(min(size, PIECE)))

    def end(self) -> int | None:
        """Its status; None when the connection was lost before."""
        return self._do(self._end)

    @property
    def complaint(self) -> str:
        """The last line that it said, after its end."""
        return self._complaint

    def _do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._do_it(work, doing=self._doing, timeout=self._deadline - time.monotonic())

    async def _begin(self) -> tuple[Process, "asyncio.Task[bytes]"]:
        process = await self._start()
        return process, asyncio.create_task(process.errors(keep=COMPLAINT_BYTES))

    async def _send(self, data: bytes) -> bool:
        try:
            await self._process.send(data)
        except BrokenPipeError:
            return False
        return True

    async def _end(self) -> int | None:
        self._process.send_end()
        while await self._process.receive(PIECE):
            continue
        code = await self._process.ended()
        lines = (await self._errors).decode(errors="replace").strip().splitlines()
        self._complaint = lines[-1] if lines else ""
        return code

    async def _close(self) -> None:
        self._errors.cancel()
        self._process.close()
