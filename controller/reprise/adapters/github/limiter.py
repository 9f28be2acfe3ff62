"""One write to GitHub at a time, with a pause in between, over all threads of a process.

GitHub asks for serial writes a second apart. PyGithub's own throttle is kept per object and without
a lock, so it holds nothing back when each thread has its object.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reprise.domain.errors import Retryable


class WriteLimiter:
    def __init__(
        self,
        spacing: float,
        *,
        patience: float = 120.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``spacing``: seconds from the end of a write to the next; ``patience``: for one's turn."""
        self._spacing = spacing
        self._patience = patience
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = monotonic()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises Retryable when other writes take longer than our patience."""
        if not self._lock.acquire(timeout=self._patience):
            raise Retryable(f"other writes to GitHub took longer than {self._patience:g} s", self._spacing)
        try:
            pause = self._free_at - self._monotonic()
            if pause > 0:
                self._sleep(pause)
            yield
        finally:
            self._free_at = self._monotonic() + self._spacing
            self._lock.release()
