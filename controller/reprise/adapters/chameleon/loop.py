"""The event loop that everything over SSH runs in: one thread, so that callers need no loop of their own."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from reprise.domain.errors import Retryable

T = TypeVar("T")

ENDING_SECONDS = 10.0


class Loop:
    """Safe for several threads. Starts with its first work."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def do(self, work: Coroutine[Any, Any, T], *, timeout: float) -> T:
        """What it returns or raises. TimeoutError after ``timeout`` seconds, Retryable after `close`."""

        async def limited() -> T:
            async with asyncio.timeout(timeout):
                return await work

        try:
            loop = self._running()
        except Retryable:
            work.close()
            raise
        future: Future[T] = asyncio.run_coroutine_threadsafe(limited(), loop)
        try:
            return future.result()
        except BaseException:  # the caller is interrupted: so is its work
            future.cancel()
            raise

    def close(self) -> None:
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ENDING_SECONDS)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._closed:
                raise Retryable("connections to leased machines were closed by us")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_turn, args=(self._loop,), name="ssh", daemon=True)
                self._thread.start()
            return self._loop


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
