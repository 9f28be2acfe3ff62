"""Ends what other threads are doing, and waits until it has ended: nothing that we started may stay behind.

Whoever starts processes does so inside `working` and looks at `closed` while it waits for them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0


class Closing:
    def __init__(self) -> None:
        self._closed = threading.Event()
        self._changed = threading.Condition()
        self._working = 0

    def closed(self) -> bool:
        return self._closed.is_set()

    @contextmanager
    def working(self) -> Iterator[None]:
        with self._changed:
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Returns when no work goes on any more, at the latest after `PATIENCE_SECONDS`."""
        self._closed.set()
        with self._changed:
            self._changed.wait_for(lambda: self._working == 0, PATIENCE_SECONDS)
