"""Finds and ends the processes of one MLflow server. Used by `server`.

All of them carry the server's folder in their environment, whoever their parent is by now; that finds
them without trusting a process id, which is used again.
"""

import os
import signal
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

MARK = "REPRISE_MLFLOW_SERVER"
"""Environment variable that holds the server's folder."""
TERM_SECONDS = 8.0
KILL_SECONDS = 5.0
POLL_SECONDS = 0.05


class Record(BaseModel):
    """What the server's first process wrote about itself; see `launch`."""

    model_config = ConfigDict(frozen=True)

    pid: int
    start_ticks: int
    """Field 22 of ``/proc/<pid>/stat``."""
    boot_id: str
    port: int
    command: list[str]


def read_record(path: Path) -> Record | None:
    try:
        return Record.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def is_alive(record: Record) -> bool:
    """Whether the server's first process still runs: pid, start time and boot are one identity."""
    if record.boot_id != Path("/proc/sys/kernel/random/boot_id").read_text().strip():
        return False
    try:
        fields = Path(f"/proc/{record.pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == record.start_ticks


def members(folder: Path) -> tuple[int, ...]:
    """Every living process of this folder's server. Takes milliseconds."""
    mark = b"\0" + MARK.encode() + b"=" + os.fsencode(folder) + b"\0"
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            environment = Path("/proc", entry, "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        if mark in b"\0" + environment + b"\0":
            found.append(int(entry))
    return tuple(found)


def end_all(folder: Path) -> None:
    """TERM, then KILL; none is left after that. Nothing to do is fine. At most 13 s."""
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        for pid in members(folder):
            _send(pid, number)
        deadline = time.monotonic() + seconds
        while members(folder) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
