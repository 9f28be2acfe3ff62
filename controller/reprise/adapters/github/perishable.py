"""What GitHub tells us for a while, each asked for once however many threads want it. Used by `app`.

PyGithub renews its own tokens without a lock: eight threads that start together fetch eight.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reprise.domain.errors import Retryable

PATIENCE = 120.0
"""Seconds to wait for another thread that asks the same."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Until(Generic[T]):
    value: T = field(repr=False)
    ends: float
    """Unix seconds."""


class Perishable(Generic[T]):
    def __init__(self, now: Callable[[], float]) -> None:
        """``now`` in Unix seconds."""
        self._now = now
        self._kept: dict[Hashable, Until[T]] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._looking = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], Until[T]]) -> T:
        """Raises what ``ask`` raises, and Retryable when another thread's takes longer than our patience."""
        kept = self._fresh(key)
        if kept is not None:
            return kept.value
        lock = self._lock(key)
        if not lock.acquire(timeout=PATIENCE):
            raise Retryable(f"GitHub was asked by another call, which took longer than {PATIENCE:g} s")
        try:
            kept = self._fresh(key)
            if kept is None:
                kept = ask()
                self.put(key, kept)
            return kept.value
        finally:
            lock.release()

    def put(self, key: Hashable, until: Until[T]) -> None:
        """What has ended goes, so that no more stay than are in use."""
        now = self._now()
        with self._looking:
            self._kept = {each: kept for each, kept in self._kept.items() if kept.ends > now}
            self._kept[key] = until

    def drop(self, key: Hashable, value: T) -> None:
        """This one proved wrong; one that came since stays."""
        with self._looking:
            kept = self._kept.get(key)
            if kept is not None and kept.value == value:
                del self._kept[key]

    def forget(self, key: Hashable) -> None:
        with self._looking:
            self._kept.pop(key, None)

    def _fresh(self, key: Hashable) -> Until[T] | None:
        with self._looking:
            kept = self._kept.get(key)
        return kept if kept is not None and kept.ends > self._now() else None

    def _lock(self, key: Hashable) -> threading.Lock:
        with self._looking:
            return self._locks.setdefault(key, threading.Lock())
