"""Finds and ends the supervisors of trials, and jobs whose supervisor died. Used by runner and provider."""

import signal
import time
from pathlib import Path

from pydantic import ValidationError

from reprise.jobs import layout
from reprise.processes import Identity, alive, marked, send

POLL_SECONDS = 0.02
KILL_SECONDS = 3.0


class Supervisor(Identity):
    """What a supervisor wrote about itself in ``supervisor.json``."""

    started_at: float
    """Seconds since the epoch."""


def read_supervisor(folder: Path) -> Supervisor | None:
    """The supervisor that was started in this trial's folder; None when there was none."""
    try:
        return Supervisor.model_validate_json((folder / layout.SUPERVISOR).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def end_trial(folder: Path, *, patience_seconds: float) -> None:
    """End the supervisor of a folder and all it started; nothing to do when there is none.

    Asks first; after ``patience_seconds`` asks it to hurry; at last it is killed. Takes at most
    ``patience_seconds`` + 2 × `KILL_SECONDS` and a little.
    """
    supervisor = read_supervisor(folder)
    if supervisor is not None:
        for number, seconds in (
            (signal.SIGTERM, patience_seconds),
            (signal.SIGTERM, KILL_SECONDS),
            (signal.SIGKILL, KILL_SECONDS),
        ):
            if not alive(supervisor):
                break
            send(supervisor.pid, number)
            _wait_until_gone(supervisor, seconds)
    end_stragglers(folder)


def end_stragglers(folder: Path) -> int:
    """KILL what a job left behind when its supervisor could not; how many there were.

    They are known by the output folder in their environment, so one that cleared it escapes.
    """
    count = 0
    for pid in marked("REPRISE_OUTPUT_DIR", folder / layout.OUTPUT):
        send(pid, signal.SIGKILL)
        count += 1
    return count


def _wait_until_gone(supervisor: Supervisor, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(supervisor) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
