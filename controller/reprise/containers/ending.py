"""What the end of a container means: facts for the keeper, or that the trial is lost. Pure.

The Engine's word and our own marks come first. The runner's ``result.json`` says more, but the job shares its
user: it is believed only where it agrees with how the container ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reprise.containers.engine import State, Used
from reprise.jobs.outcome import Facts
from reprise.ports import Lost
from reprise_runner import exit_codes, job_log

KILLED = 137
FROM_OUTSIDE = (KILLED, 143)
"""What a container exits with whose first process was killed or asked to go."""
SLACK_SECONDS = 5.0
"""How far the runner's clock may be from the Engine's, in the same machine: the time to start and to end."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What we did to the container ourselves."""

    stopped: bool = False
    late: bool = False
    """It was still there after its time, and we ended it."""
    disk: str = ""
    """Why we ended it for what it wrote; empty when we did not."""
    idle: str = ""
    """Why we ended it for what it left unused; empty when we did not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A container that has ended, as far as it can be seen from outside."""

    state: State
    marks: Marks
    used: Used
    log_bytes: int
    log_cut: int
    complaint: str = ""
    """The last that the runner itself said."""
    began: bool = True
    """Whether the runner took the trial up."""


def facts_of(seen: Seen, told: Facts | None) -> Facts | Lost:
    """``told``: the runner's own facts, when they can be read.

    An Engine that is restarted asks its containers to go: a job that was stopped, and not by us, is lost.
    """
    state = seen.state
    believed = told if told is not None and exit_codes.of(told.model_dump()) == state.exit_code else None
    if seen.marks.disk:
        return _outside(seen, "disk_exceeded", detail=seen.marks.disk)
    if seen.marks.idle:
        return _outside(seen, "idle", detail=seen.marks.idle)
    if seen.marks.late:
        return _outside(seen, "timed_out")
    if state.out_of_memory and state.exit_code and (believed is None or believed.outcome == "exited"):
        return _outside(seen, "memory_exceeded")
    if believed is not None and (believed.outcome != "stopped" or seen.marks.stopped):
        return _checked(seen, believed)
    if seen.marks.stopped:
        return _outside(seen, "stopped")
    if not seen.began and state.exit_code not in (0, *FROM_OUTSIDE):
        return _outside(seen, "not_started", error="no_python", detail=_why(seen))
    return Lost(_lost(seen))


def printed(told: Facts) -> int:
    """How many bytes the runner put on its standard output, with the line that counts what it left out."""
    note = len(job_log.note(told.log_cut)) if told.log_cut else 0
    return told.log_bytes - told.log_cut + note


def lasted(state: State) -> float:
    if state.started_at is None or state.finished_at is None:
        return 0.0
    return max(0.0, (state.finished_at - state.started_at).total_seconds())


def is_late(state: State, now: datetime, *, timeout: timedelta, grace: timedelta) -> bool:
    """Whether a container is still there although its runner must have ended its job."""
    if state.started_at is None:
        return False
    return now > state.started_at + timeout + grace + timedelta(seconds=30)


def _outside(seen: Seen, outcome: str, *, error: str | None = None, detail: str = "") -> Facts:
    state = seen.state
    killed = state.exit_code == KILLED
    return Facts.model_validate(
        {
            "outcome": outcome,
            "error": error,
            "detail": detail,
            "exit_code": state.exit_code,
            "signal": 9 if killed else None,
            "started_at": state.started_at.timestamp() if state.started_at else 0.0,
            "seconds": lasted(state),
            "cpu_seconds": seen.used.cpu_seconds,
            "peak_memory_bytes": seen.used.memory_bytes,
            "log_bytes": seen.log_bytes,
            "log_cut": seen.log_cut,
            "problems": (),
        }
    )


def _checked(seen: Seen, told: Facts) -> Facts:
    """The runner's facts, within what the Engine saw."""
    state, long = seen.state, lasted(seen.state) + SLACK_SECONDS
    began = state.started_at.timestamp() if state.started_at else told.started_at
    inside = began - SLACK_SECONDS <= told.started_at <= began + long
    return told.model_copy(
        update={
            "started_at": told.started_at if inside else began,
            "seconds": min(told.seconds, long),
            "cpu_seconds": max(seen.used.cpu_seconds, min(told.cpu_seconds, long * 1024)),
            "peak_memory_bytes": max(seen.used.memory_bytes, told.peak_memory_bytes),
            "log_bytes": max(seen.log_bytes, told.log_bytes),
            "log_cut": max(seen.log_cut, told.log_cut),
        }
    )


def _lost(seen: Seen) -> str:
    state = seen.state
    if state.exit_code in FROM_OUTSIDE:
        return (
            "the job's container was ended from outside, without a result: its Engine was restarted or "
            "somebody removed it"
        )
    return f"the runner in the container left no result (exit code {state.exit_code}{_because(seen)})"


def _because(seen: Seen) -> str:
    why = _why(seen)
    return f": {why}" if why else ""


def _why(seen: Seen) -> str:
    return seen.state.error or seen.complaint
