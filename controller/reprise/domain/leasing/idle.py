"""Whether a job leaves the GPUs idle that were leased for it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FLOOR_PERCENT = 5
"""A GPU that is busier than that in a look is in use."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What was seen so far."""

    since: datetime | None = None
    """No look since then found a GPU in use; None = the last one did."""


def seen(before: Idle, percent: tuple[int, ...], now: datetime) -> Idle:
    """``percent``: of each GPU, as its driver tells; none = it did not tell, which is no sign of idleness."""
    if not percent or max(percent) > FLOOR_PERCENT:
        return Idle()
    return before if before.since is not None else Idle(now)


def too_long(state: Idle, now: datetime, *, after: timedelta) -> str | None:
    """The end of a sentence about the job that is to be ended; None while it is not."""
    if state.since is None or now - state.since < after:
        return None
    minutes = int((now - state.since).total_seconds() // 60)
    return f"left every GPU below {FLOOR_PERCENT} % for {minutes} min, so it was ended"


def parse_percent(printed: str) -> tuple[int, ...]:
    """What ``nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits`` prints.

    Nothing where a line is no number, as for GPUs that are shared.
    """
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return tuple(map(int, lines)) if all(line.isdecimal() for line in lines) else ()
