"""Until when GitHub wants to be left alone, for each of those whose calls it counts. Used by `client`.

A limit is met by one call and holds for all: the others are told at once and not sent, because who goes on
asking is limited for longer.
"""

import threading
import time
from collections.abc import Callable


class Limits:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def left(self, who: str) -> float:
        """Seconds; 0 when it may ask."""
        with self._lock:
            return max(0.0, self._ends.get(who, 0.0) - self._monotonic())

    def wait(self, who: str, seconds: float) -> None:
        now = self._monotonic()
        with self._lock:
            self._ends = {each: ends for each, ends in self._ends.items() if ends > now}
            self._ends[who] = max(now + seconds, self._ends.get(who, 0.0))
