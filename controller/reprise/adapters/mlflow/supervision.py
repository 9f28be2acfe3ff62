"""Decides what to do with a server process after each look at it. Pure; used by `server`."""

from dataclasses import dataclass, replace
from enum import Enum

START_SECONDS = 240.0
"""A new server may take this long to answer; it needs 8 to 30 s."""
SILENT_SECONDS = 60.0
"""A server that answered before may be silent this long."""
STABLE_SECONDS = 60.0
"""After this long in good health earlier failures are forgotten."""
MAX_DELAY_SECONDS = 60.0


class Action(Enum):
    WAIT = "wait"
    START = "start"
    """Start one; end what is left of an earlier one first."""


@dataclass(frozen=True, slots=True)
class Watch:
    """All times in seconds of one monotonic clock."""

    started_at: float
    healthy_at: float | None = None
    """When it last answered."""
    failures: int = 0
    not_before: float = 0.0
    """No start before this time."""


def decide(watch: Watch, *, alive: bool, healthy: bool, now: float) -> tuple[Watch, Action]:
    """A dead or silent server is started again, at once at first and then with doubling delay."""
    if alive and healthy:
        stable = now - watch.started_at >= STABLE_SECONDS
        return replace(watch, healthy_at=now, failures=0 if stable else watch.failures), Action.WAIT
    if alive and now < _patience_ends(watch):
        return watch, Action.WAIT
    if now < watch.not_before:
        return watch, Action.WAIT
    failures = watch.failures + 1
    delay = min(MAX_DELAY_SECONDS, 2.0 ** min(failures, 10))
    return Watch(now, None, failures, now + delay), Action.START


def _patience_ends(watch: Watch) -> float:
    if watch.healthy_at is None:
        return watch.started_at + START_SECONDS
    return watch.healthy_at + SILENT_SECONDS
