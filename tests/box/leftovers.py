"""Ends a box completely: processes, mounts, cgroups, bridge, folder. Also one whose keeper was killed."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.box import network

PREFIX = "reprise-box-"
MARK = "REPRISE_BOX"
"""In the environment of every program of a box: its folder."""

CGROUPS = Path("/sys/fs/cgroup")
PATIENCE = 15.0


@contextmanager
def locked_folder() -> Iterator[Path]:
    """Gets its name when it is locked, so that nobody takes it for an abandoned one.

    The name is one of containerd's namespaces too, which may not end with an underscore.
    """
    name = f"{PREFIX}{secrets.token_hex(4)}"
    making = Path(tempfile.gettempdir()) / f"making-{name}"
    making.mkdir(mode=0o700)
    with (making / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield making.rename(making.with_name(name))


def clear_abandoned() -> None:
    """A living keeper holds the lock of its box; the kernel lets go of a dead one's."""
    for box in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another keeper may be clearing the same one
            clear_if_abandoned(box)


def clear_if_abandoned(box: Path) -> None:
    if box.lstat().st_uid != os.geteuid():
        return
    with (box / "lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        clear(box)


def clear(box: Path) -> None:
    end_processes(box)
    unmount_below(box)
    remove_cgroups(box)
    network.remove_bridge(network.bridge_name(box))
    shutil.rmtree(box)


def end_jobs(box: Path) -> None:
    """So that an Engine that is asked to end does not wait for what ignores it."""
    kill(members(box))


def end_processes(box: Path) -> None:
    """Daemons by their mark, jobs by their cgroup. Raises TimeoutError when some do not die."""
    deadline = time.monotonic() + PATIENCE
    while pids := {*marked(box), *members(box)}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(pids)} of {box} do not end")
        kill(pids)
        time.sleep(0.1)


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def marked(box: Path) -> Iterator[int]:
    mark = f"{MARK}={box}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        # One that ended meanwhile has no environment any more; a zombie has an empty one.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def members(box: Path) -> Iterator[int]:
    for group in cgroups(box):
        with contextlib.suppress(OSError):  # the group went away meanwhile
            # 0 is a process of another pid namespace, and would be this whole process group for kill.
            yield from filter(None, map(int, (group / "cgroup.procs").read_text().split()))


def cgroups(box: Path) -> list[Path]:
    """Deepest first, in every hierarchy."""
    tops = [*CGROUPS.glob(box.name), *CGROUPS.glob(f"*/{box.name}")]
    found = [Path(folder) for top in tops for folder, _, _ in os.walk(top)]
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def remove_cgroups(box: Path) -> None:
    """The kernel may call a group busy for a moment after its last process. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while groups := cgroups(box):
        if time.monotonic() > deadline:
            raise TimeoutError(f"cgroups {groups} of {box} stay")
        for group in groups:
            with contextlib.suppress(OSError):
                group.rmdir()


def unmount_below(box: Path) -> None:
    for place in mounts(box):
        if subprocess.run(["umount", place], capture_output=True, timeout=20).returncode != 0:
            subprocess.run(["umount", "--lazy", place], capture_output=True, timeout=20, check=False)


def mounts(box: Path) -> list[str]:
    """Latest first."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in reversed(places) if place.startswith(f"{box}/")]
