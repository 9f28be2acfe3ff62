"""How many calls somebody has left this hour, in GitHub's terms. Kept in memory: a restart forgives."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reprise.forge.granted import Grant
from reprise.forge.records import App, User

CALLS = 100_000
"""More than GitHub's 5,000: tests and benchmarks share one forge. `/settings/rate-limit` makes it small."""
WINDOW_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Reading:
    limit: int
    used: int
    reset: int
    """Seconds since 1970 at which everything is to be had again."""

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def over(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(min(self.used, self.limit)),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": "core",
        }


class Meter:
    """Calls by caller, within windows that begin with the first call. Safe from several threads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._limit, self._seconds = CALLS, WINDOW_SECONDS

    def allow(self, limit: int, seconds: int) -> None:
        """From now on so many calls in so many seconds, for everybody anew."""
        with self._lock:
            self._limit, self._seconds = limit, seconds
            self._windows.clear()

    def take(self, caller: str, calls: int = 1) -> Reading:
        """Count this many calls (0: only look, -1: give one back)."""
        with self._lock:
            used, ends = self._windows.get(caller, (0, 0.0))
            if ends <= self._clock():
                used, ends = 0, self._clock() + self._seconds
            used = max(0, used + calls)
            self._windows[caller] = (used, ends)
            return Reading(self._limit, used, int(ends) + 1)


def caller(who: User | App | Grant | None) -> str:
    """An installation's tokens share one limit, and so do a user's."""
    match who:
        case Grant():
            return f"installation ID {who.installation.id}"
        case App():
            return f"app ID {who.id}"
        case User():
            return f"user ID {who.id}"
        case None:
            return "nobody in particular"
