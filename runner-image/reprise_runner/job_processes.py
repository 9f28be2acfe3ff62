"""Everything that a job started, seen from its supervisor, with which this travels.

Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import os
import resource


def descendants() -> list[int]:
    """Processes below this one. Orphans come to us or to the init, so a new session hides nobody.

    Zombies count until they are reaped: their other threads may still run.
    """
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            children.setdefault(parent_of(entry), []).append(int(entry))
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        below = children.get(pending.pop(), [])
        found.extend(below)
        pending.extend(below)
    return found


def parent_of(pid: str) -> int:
    """-1 when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return -1


def send(number: int) -> int:
    """Signal every descendant; how many there were."""
    found = descendants()
    for pid in found:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
    return len(found)


def memory_bytes(pids: list[int] | None = None) -> int:
    """What all descendants hold: their own pages, and once what the largest of them shares."""
    own, shared = 0, 0
    for pid in descendants() if pids is None else pids:
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                fields = file.read().split()
        except OSError:
            continue  # gone
        own += int(fields[1]) - int(fields[2])
        shared = max(shared, int(fields[2]))
    return (own + shared) * resource.getpagesize()


def used() -> tuple[float, int]:
    """Processor seconds of all descendants, ended ones included, and the memory that they hold."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    pids = descendants()
    ticks = sum(ticks_of(pid) for pid in pids)
    return usage.ru_utime + usage.ru_stime + ticks / os.sysconf("SC_CLK_TCK"), memory_bytes(pids)


def ticks_of(pid: int) -> int:
    """Of a process and of those of its children that it has waited for; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return sum(map(int, file.read().rpartition(b")")[2].split()[11:15]))
    except OSError:
        return 0
