"""Finds and ends the processes of one MLflow server. Used by `server`.

All of them carry the server's folder in their environment.
"""

import signal
import time
from pathlib import Path

from pydantic import ValidationError

from reprise.processes import Identity, marked, send

MARK = "REPRISE_MLFLOW_SERVER"
"""Environment variable that holds the server's folder."""
TERM_SECONDS = 8.0
KILL_SECONDS = 5.0
POLL_SECONDS = 0.05


class Record(Identity):
    """What the server's first process wrote about itself; see `launch`."""

    port: int
    command: list[str]


def read_record(path: Path) -> Record | None:
    try:
        return Record.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def members(folder: Path) -> tuple[int, ...]:
    """Every living process of this folder's server."""
    return tuple(marked(MARK, folder))


def end_all(folder: Path) -> None:
    """TERM, then KILL; none is left after that. Nothing to do is fine. At most 13 s."""
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        for pid in members(folder):
            send(pid, number)
        deadline = time.monotonic() + seconds
        while members(folder) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
