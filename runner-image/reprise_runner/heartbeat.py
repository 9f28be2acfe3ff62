"""A sign of life for whoever sees only a folder: a machine that hangs stops it, a job that is quiet does not.

Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "heartbeat"
SECONDS = 5.0
"""Between two beats."""


class Pulse:
    """Counts in a trial's folder. A place that cannot be written has none, and no job ends for that."""

    def __init__(self, folder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.path = os.path.join(folder, NAME)
        self.count = 0
        self.next_at = 0.0

    def beat(self) -> None:
        """If it is time: one line with the number of beats and the seconds since the epoch, in one write."""
        now = self.clock()
        if now < self.next_at:
            return
        self.count, self.next_at = self.count + 1, now + SECONDS
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        try:
            os.pwrite(descriptor, f"{self.count:010} {time.time():017.3f}\n".encode(), 0)
        except OSError:
            return
        finally:
            os.close(descriptor)
