"""Finds and ends the supervisors of trials, and jobs whose supervisor died. Used by runner and provider.

A pid alone is not an identity: it is used again. Pid, start time and boot together are one.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from reprise.adapters.process import layout

POLL_SECONDS = 0.02
KILL_SECONDS = 3.0


class Supervisor(BaseModel):
    """What a supervisor wrote about itself in ``supervisor.json``."""

    model_config = ConfigDict(frozen=True)

    pid: int
    start_ticks: int
    """Field 22 of ``/proc/<pid>/stat``."""
    boot_id: str
    started_at: float
    """Seconds since the epoch."""


def read_supervisor(folder: Path) -> Supervisor | None:
    """The supervisor that was started in this trial's folder; None when there was none."""
    try:
        return Supervisor.model_validate_json((folder / layout.SUPERVISOR).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def alive(supervisor: Supervisor) -> bool:
    """Whether this very process still runs; a zombie does not."""
    if supervisor.boot_id != Path("/proc/sys/kernel/random/boot_id").read_text().strip():
        return False
    try:
        fields = Path(f"/proc/{supervisor.pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == supervisor.start_ticks


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
            _send(supervisor.pid, number)
            _wait_until_gone(supervisor, seconds)
    end_stragglers(folder)


def end_stragglers(folder: Path) -> int:
    """KILL what a job left behind when its supervisor could not; how many there were.

    They are known by the output folder in their environment, so one that cleared it escapes.
    """
    count = 0
    for pid in _stragglers(folder):
        _send(pid, signal.SIGKILL)
        count += 1
    return count


def _stragglers(folder: Path) -> Iterator[int]:
    mark = b"\0REPRISE_OUTPUT_DIR=" + os.fsencode(folder / layout.OUTPUT) + b"\0"
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue  # gone, or not ours
        if mark in b"\0" + environment + b"\0":
            yield int(entry)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _wait_until_gone(supervisor: Supervisor, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(supervisor) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
