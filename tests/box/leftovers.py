"""Ends a box completely: processes, mounts, cgroups, bridge, folder. Also one whose keeper was killed."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.box import network

PREFIX = "reprise-box-"
MARK = "REPRISE_BOX"
"""In the environment of every program of a box: its folder."""

CGROUPS = Path("/sys/fs/cgroup")
PATIENCE = 15.0


def clear_abandoned() -> None:
    """A living keeper holds the lock of its box; the kernel lets go of a dead one's."""
    for box in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if box.stat().st_uid != os.geteuid():
            continue
        with (box / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            clear(box)


def clear(box: Path) -> None:
    end_processes(box)
    unmount_below(box)
    remove_cgroups(box)
    network.remove_bridge(network.bridge_name(box))
    shutil.rmtree(box)


def end_processes(box: Path) -> None:
    """Daemons by their mark, jobs by their cgroup. Raises TimeoutError when some do not die."""
    deadline = time.monotonic() + PATIENCE
    while pids := {*marked(box), *members(box)}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(pids)} of {box} do not end")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def marked(box: Path) -> Iterator[int]:
    mark = f"{MARK}={box}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        # One that ended meanwhile has no environment any more; a zombie has an empty one.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def members(box: Path) -> Iterator[int]:
    for group in cgroups(box):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, OSError):
            yield from map(int, (group / "cgroup.procs").read_text().split())


def cgroups(box: Path) -> list[Path]:
    """Deepest first, in every hierarchy."""
    tops = [*CGROUPS.glob(box.name), *CGROUPS.glob(f"*/{box.name}")]
    found = {path for top in tops for path in (top, *(entry for entry in top.rglob("*") if entry.is_dir()))}
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def remove_cgroups(box: Path) -> None:
    for group in cgroups(box):
        with contextlib.suppress(FileNotFoundError):
            group.rmdir()


def unmount_below(box: Path) -> None:
    for place in mounts(box):
        if subprocess.run(["umount", place], capture_output=True, timeout=20).returncode != 0:
            subprocess.run(["umount", "--lazy", place], capture_output=True, timeout=20, check=False)


def mounts(box: Path) -> list[str]:
    """Latest first."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in reversed(places) if place.startswith(f"{box}/")]
