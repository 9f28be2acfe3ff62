"""When a run will probably end, learned from earlier runs of the same experiment. Pure."""

from collections.abc import Sequence
from statistics import median

from reprise.domain.run import Phase


def usual_seconds(earlier: Sequence[float]) -> float | None:
    """The median from grant to end; None when there was no earlier run."""
    return median(earlier) if earlier else None


def forecast(phase: Phase, usual: float | None, elapsed: float) -> str:
    """For people: how long it takes, or what is left of it. Empty when unknown or over."""
    if usual is None or phase is Phase.DONE:
        return ""
    if phase is Phase.QUEUED:
        return f"takes {about(usual)} once it starts"
    return f"{about(usual - elapsed)} left" if elapsed < usual else f"longer than usual ({about(usual)})"


def about(seconds: float) -> str:
    """``about 20 s``, ``about 3 min``, ``about 2 h``: no more precise than a forecast is."""
    if seconds < 55:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    if seconds < 90 * 60:
        return f"about {max(round(seconds / 60), 1)} min"
    return f"about {round(seconds / 3600)} h"
