"""Recognises processes that outlive whoever started them. Used by the adapters that own such processes.

A pid alone is not an identity, because it is used again: pid, start time and boot together are one.
Descendants are found by a mark in their environment, whoever their parent is by now; one that cleared
its environment escapes.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Identity(BaseModel):
    model_config = ConfigDict(frozen=True)

    pid: int
    start_ticks: int
    """Field 22 of ``/proc/<pid>/stat``."""
    boot_id: str


def alive(identity: Identity) -> bool:
    """Whether this very process still runs; a zombie does not."""
    if identity.boot_id != Path("/proc/sys/kernel/random/boot_id").read_text().strip():
        return False
    try:
        fields = Path(f"/proc/{identity.pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == identity.start_ticks


def marked(variable: str, folder: Path) -> Iterator[int]:
    """Every other process with this folder in this variable of its environment. Takes milliseconds."""
    mark = b"\0" + variable.encode() + b"=" + os.fsencode(folder) + b"\0"
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = Path("/proc", entry, "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        if mark in b"\0" + environment + b"\0":
            yield int(entry)


def send(pid: int, number: signal.Signals) -> None:
    """Gone, or no longer ours, is fine."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
