"""A control group (version 2) around one job: limits that the kernel keeps, and an end that nobody survives.

Needs nothing but a Python >= 3.8 and its standard library, because it travels with the supervisor,
which makes the group and removes it. Which files are written is decided by ``groups.py``.
"""

from __future__ import annotations

import errno
import os
import signal
import time

POLL_SECONDS = 0.01
LEFTOVER_SECONDS = 3.0
OPTIONAL = ("memory.swap.max", "memory.oom.group")
"""Not on every kernel; without them a limit is softer, not absent."""
CONTAINER = ("/sys/fs/cgroup", "/sys/fs/cgroup/pids")
"""The container's own group of processes, seen from within, in version 2 and 1."""


def make(folder: str, limits: dict[str, str]) -> None:
    """Raises OSError, naming the file, when a limit cannot be set; then there is no group."""
    if not end(folder, LEFTOVER_SECONDS):
        raise OSError(errno.EBUSY, "control group: somebody of an earlier life is in it")
    os.mkdir(folder)
    for name, text in limits.items():
        if name in OPTIONAL and not os.path.exists(os.path.join(folder, name)):
            continue
        try:
            write(folder, name, text)
        except OSError as error:
            os.rmdir(folder)
            raise OSError(error.errno, f"control group: {name}: {error.strerror}") from error


def peak_bytes(folder: str) -> int:
    """Most memory so far, files that the kernel kept for it included; 0 where that is not counted."""
    text = read(folder, "memory.peak")
    return int(text) if text.isdigit() else 0


def ran_out(folder: str) -> bool:
    """Whether the kernel ended somebody in it for memory."""
    events = dict(line.split() for line in read(folder, "memory.events").splitlines())
    return int(events.get("oom_kill", 0)) > 0


def refused(folders: tuple[str, ...]) -> tuple[int, int]:
    """How many processes its bound kept from being started, and the bound, of the first that counts them.

    Both 0 where nobody counts.
    """
    for folder in folders:
        events = dict(line.split() for line in read(folder, "pids.events").splitlines())
        if "max" in events:
            most = read(folder, "pids.max")
            return int(events["max"]), int(most) if most.isdigit() else 0
    return 0, 0


def end(folder: str, seconds: float) -> bool:
    """KILL everybody in it and remove it; False when somebody is left. Gone is fine."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            os.rmdir(folder)
            return True
        except FileNotFoundError:
            return True
        except OSError:
            kill(folder)
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)


def kill(folder: str) -> None:
    """At once, also whom they start meanwhile; before Linux 5.14 one by one."""
    try:
        write(folder, "cgroup.kill", "1")
    except OSError:
        for pid in read(folder, "cgroup.procs").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue


def read(folder: str, name: str) -> str:
    """Without the newline; empty when there is no such file."""
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read().strip()
    except OSError:
        return ""


def write(folder: str, name: str, text: str) -> None:
    descriptor = os.open(os.path.join(folder, name), os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
