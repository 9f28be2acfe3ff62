"""One run's time and room for fetching, looked at while bytes arrive."""

import random
import time
from collections.abc import Callable

from reprise.adapters.data.rules import Rules
from reprise.adapters.data.trouble import CLOSED, STOPPED, Unwanted, refused, unreachable
from reprise.domain.words import duration, size

LOOK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0


class Errand:
    """Not for several threads."""

    def __init__(self, rules: Rules, stopping: Callable[[], bool], closed: Callable[[], bool]) -> None:
        self.rules = rules
        self._stopping = stopping
        self._closed = closed
        self._deadline = time.monotonic() + rules.seconds
        self._looked = 0.0
        self._room = rules.run_bytes

    def left(self) -> float:
        """Seconds, more than 0. Raises Unwanted when it was stopped, closed, or took too long."""
        now = time.monotonic()
        if self._closed():
            raise Unwanted(CLOSED)
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if self._stopping():
                raise Unwanted(STOPPED)
        if now >= self._deadline:
            late = f"the data could not be fetched within {duration(self.rules.seconds)}"
            raise unreachable(f"{late}: try again, or raise the setting data.seconds")
        return self._deadline - now

    def pause(self, attempt: int, after: float = 0.0) -> None:
        """Before the next attempt, counted from 1: longer each time, and never the same for two."""
        wanted = max(after, self.rules.pause * random.uniform(0.2, 1) * 2 ** (attempt - 1))  # noqa: S311 - jitter, not a secret
        end = time.monotonic() + min(wanted, LONGEST_PAUSE_SECONDS)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS, self.left()))

    def check_size(self, what: str, count: int) -> None:
        """Raises NotFetched when a file of so many bytes is too large."""
        if count > self.rules.file_bytes:
            limit = size(self.rules.file_bytes)
            raise refused(f"{what} is larger than {limit}, which data.file_gb of the settings allows")
        if count > self._room:
            limit = size(self.rules.run_bytes)
            raise refused(
                f"{what}: the data of a run may have {limit} together (data.run_gb of the settings)"
            )

    def take(self, count: int) -> None:
        """So many bytes of this run's room are used for good."""
        self._room -= count
