"""Where jobs get control groups of their own on this machine, and which limits the kernel keeps there.

Found once at the start of a controller: below its own group, where that was handed to it (a unit
with ``Delegate=yes``) or is the root of all. Controllers that the machine has bound to version 1 of
the interface are not there, and then the words say what is done instead.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from reprise.domain.errors import Retryable
from reprise_runner import control_group

CONTROLLERS = ("memory", "pids", "cpu")
JOBS = "reprise-jobs"
OURS = "controller"
"""The leaf that we move to: only groups without processes of their own may limit those below them."""
CPU_PERIOD = 100_000
"""Microseconds; the kernel's own default."""
END_SECONDS = 3.0
_WAITING = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)")


@dataclass(frozen=True, slots=True)
class Groups:
    jobs: Path | None = None
    """The group that holds those of all jobs; None: there are none."""
    controllers: tuple[str, ...] = ()
    """Of `CONTROLLERS`, those that are in force below it."""

    def of(self, trial: Path) -> Path | None:
        """Named by run and trial: ``trial`` is its working folder ``<run id>/trials/<index>-<attempt>``."""
        return self.jobs / f"{trial.parent.parent.name}.{trial.name}" if self.jobs is not None else None

    def limits(self, *, memory_bytes: int | None, processes: int, cpus: int) -> dict[str, str]:
        """File → text. The job's init is one process more."""
        wanted: dict[str, str] = {}
        if "memory" in self.controllers and memory_bytes is not None:
            wanted |= {"memory.max": str(memory_bytes), "memory.swap.max": "0", "memory.oom.group": "1"}
        if "pids" in self.controllers:
            wanted["pids.max"] = str(processes + 1)
        if "cpu" in self.controllers:
            wanted["cpu.max"] = f"{cpus * CPU_PERIOD} {CPU_PERIOD}"
        return wanted

    def words(self, *, root: bool) -> str:
        """What is limited, and how. ``root``: jobs run as root, whom RLIMIT_NPROC does not bind."""
        kept = [_SHOWN[name] for name in self.controllers]
        parts = [f"{' and '.join(kept)} limited by control group"] if kept else []
        if "memory" not in self.controllers:
            parts.append("memory watched")
        if "pids" not in self.controllers:
            parts.append("processes not limited" if root else "processes by rlimit")
        if self.jobs is not None and not kept:
            parts.append("ended by control group")
        return ", ".join(parts)

    def end(self, trial: Path) -> None:
        """End whoever is left in a trial's group and remove it. Raises Retryable when somebody stays."""
        folder = self.of(trial)
        if folder is not None and not control_group.end(str(folder), END_SECONDS):
            raise Retryable(f"processes of the job in control group {folder} could not be ended", after=5.0)


NO_GROUPS = Groups()
_SHOWN = {"memory": "memory", "pids": "processes", "cpu": "cores"}


def own_groups(mountinfo: str, cgroup: str) -> tuple[Path, ...]:
    """Where our own group of version 2 is mounted, and the root of that mount; empty when it is not. Pure.

    ``mountinfo`` and ``cgroup`` are what ``/proc/self`` says in the files of these names.
    """
    own = next((line[3:] for line in cgroup.splitlines() if line.startswith("0::/")), None)
    if own is not None and ".." in Path(own).parts:
        return ()  # outside of what this namespace may see
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if own is None or after.split()[:1] != ["cgroup2"]:
            continue
        root, mounted = before.split()[3:5]
        if Path(own).is_relative_to(root):
            return Path(mounted) / Path(own).relative_to(root), Path(mounted)
    return ()


def find() -> Groups:
    """The place where most can be limited; it is made where it is missing, and nothing else is changed."""
    best = NO_GROUPS
    for home in _homes():
        try:
            found = open_home(home)
        except OSError:
            continue  # not ours to divide
        if best.jobs is None or len(found.controllers) > len(best.controllers):
            best = found
        if len(best.controllers) == len(CONTROLLERS):
            break
    return best


def _homes() -> list[Path]:
    """Our own group; as root also the root of all."""
    try:
        said = [Path(f"/proc/self/{name}").read_text() for name in ("mountinfo", "cgroup")]
    except OSError:
        return []
    own, *top = own_groups(*said) or (None,)
    if own is None:
        return []
    home = own.parent if own.name == OURS else own
    return [home, *top] if os.geteuid() == 0 else [home]


def open_home(home: Path) -> Groups:
    """Raises OSError when jobs cannot have groups below this one."""
    jobs = home / JOBS
    jobs.mkdir(exist_ok=True)
    _hand_down(home)
    _hand_down(jobs)
    _try_out(jobs)
    inside = control_group.read(str(jobs), "cgroup.subtree_control").split()
    return Groups(jobs, tuple(name for name in CONTROLLERS if name in inside))


def _try_out(jobs: Path) -> None:
    """One process in and out. Raises OSError when that is not allowed."""
    trial = str(jobs / f"probe-{os.getpid()}")
    control_group.make(trial, {})
    try:
        with subprocess.Popen(_WAITING, stdin=subprocess.DEVNULL) as somebody:
            try:
                control_group.write(trial, "cgroup.procs", str(somebody.pid))
            finally:
                somebody.kill()
    finally:
        control_group.end(trial, END_SECONDS)


def _hand_down(folder: Path) -> None:
    """Each controller that this group has, to those below it."""
    there = control_group.read(str(folder), "cgroup.controllers").split()
    for name in CONTROLLERS:
        if name in there and not _try(folder, name) and _step_aside(folder):
            _try(folder, name)


def _try(folder: Path, name: str) -> bool:
    try:
        control_group.write(str(folder), "cgroup.subtree_control", f"+{name}")
    except OSError:
        return False
    return True


def _step_aside(folder: Path) -> bool:
    """Into a leaf, when nobody else is in this group: others are not ours to move."""
    if control_group.read(str(folder), "cgroup.procs").split() != [str(os.getpid())]:
        return False
    ours = folder / OURS
    ours.mkdir(exist_ok=True)
    control_group.write(str(ours), "cgroup.procs", "0")
    return True
