"""How long a lease has to be: time to get going, and for every execution that may be needed. Pure.

Length = overhead + executions x duration x 1.25, at most 7 days. Executions are those that a run may need
at most: for a tolerance max(n, 3) trials, the probe and the controls. An execution ends at its timeout, so no
more than that is kept for one; a spec without a duration gets the timeout.
"""

from dataclasses import dataclass
from datetime import timedelta

from reprise.domain.spec.model import Spec
from reprise.domain.trials import most_executions

SPARE = 1.25
"""Kept for executions that take longer than declared."""
LONGEST = timedelta(days=7)
"""Of one lease of whole machines or of flavors with a GPU; an extension adds as much once."""
OVERHEAD = timedelta(minutes=45)
"""Start of the server, set-up, the image's way to it and the results' way back, where nobody measured it."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Length:
    lease: timedelta
    """Whole minutes, at most `LONGEST`."""
    beyond: timedelta = timedelta(0)
    """What is missing to all that the run may need; only an extension can give it."""


def lease_length(spec: Spec, *, overhead: timedelta = OVERHEAD, longest: timedelta = LONGEST) -> Length:
    """``longest``: of one lease, as the site allows it."""
    wanted = _whole_minutes(overhead + most_executions(spec) * each_at_most(spec))
    return Length(min(wanted, longest), max(wanted - longest, timedelta(0)))


def each_at_most(spec: Spec) -> timedelta:
    """What is kept for one execution."""
    duration, timeout = spec.resources.duration, spec.run.timeout
    return timeout if duration is None else min(duration * SPARE, timeout)


def _whole_minutes(length: timedelta) -> timedelta:
    return -(-length // _MINUTE) * _MINUTE
