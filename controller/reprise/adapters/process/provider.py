"""The Provider port on this machine: a folder per run, given back with everything that runs in it."""

import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reprise.adapters.process import processes
from reprise.adapters.process.groups import NO_GROUPS, Groups
from reprise.adapters.process.isolation import Isolation
from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Network, Spec
from reprise.jobs import layout
from reprise.ports import Allocation, Failed
from reprise.removal import remove_tree

WORK = "work"
REQUEST = "request.json"
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
RELEASE_PATIENCE_SECONDS = 3.0
"""How long a job that still runs at release may take to end; then it is killed."""
MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class ProcessProvider:
    leases = False
    """This machine is here anyway."""

    def __init__(
        self,
        state: Path,
        *,
        cpus: int | None = None,
        memory_bytes: int | None = None,
        isolation: Isolation | None = None,
        groups: Groups = NO_GROUPS,
    ) -> None:
        """What this machine may lend; None = all cores that this process may use, all its memory."""
        self._work = state / WORK
        self._cpus = cpus or len(os.sched_getaffinity(0))
        self._memory_bytes = memory_bytes or _memory_bytes()
        self._isolation = isolation or Isolation()
        self._groups = groups
        self._numbering = threading.Lock()

    def request(self, run_id: RunId, spec: Spec) -> None:
        folder = self._folder(run_id)
        wanted = {
            "cpus": spec.resources.cpus,
            "memory_bytes": spec.resources.memory_bytes,
            "network": spec.environment.network.value,
        }
        try:
            (folder / layout.TRIALS).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._number(folder)
            (folder / f"{REQUEST}.new").write_text(json.dumps(wanted))
            (folder / f"{REQUEST}.new").replace(folder / REQUEST)
        except OSError as error:
            raise Retryable(f"{folder} could not be made: {error.strerror}") from error

    def observe(self, run_id: RunId) -> Allocation | Failed:
        folder = self._folder(run_id)
        try:
            wanted = json.loads((folder / REQUEST).read_text())
        except FileNotFoundError:
            return Failed(Reason.INFRASTRUCTURE, f"this machine holds nothing for run {run_id}")
        lacking = self._lacking(wanted["cpus"], wanted["memory_bytes"])
        if lacking is not None:
            return Failed(Reason.NO_CAPACITY, lacking)
        cpus = wanted["cpus"] or self._cpus
        network = Network(wanted["network"])
        return Allocation(
            run_id,
            str(folder),
            f"this machine, {_count(cpus, 'core')}",
            cpus,
            f"{self._isolation.words(layout.slot(folder), network)}; {self._limits()}",
            self._isolation.network_words(network),
        )

    def release(self, run_id: RunId) -> None:
        folder = self._folder(run_id)
        if not folder.exists():
            return
        trials = [trial for trial in (folder / layout.TRIALS).glob("*") if trial.is_dir()]
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self._end, trials))
        remove_tree(folder)

    def _end(self, trial: Path) -> None:
        processes.end_trial(trial, patience_seconds=RELEASE_PATIENCE_SECONDS)
        self._groups.end(trial)
        layout.remove_short_name(trial)

    def _limits(self) -> str:
        return self._groups.words(root=os.geteuid() == 0 and not self._isolation.uid)

    def owned(self) -> tuple[RunId, ...]:
        if not self._work.is_dir():
            return ()
        names = (path.name for path in self._work.iterdir() if path.is_dir())
        return tuple(sorted(RunId(name) for name in names if RUN_ID.fullmatch(name)))

    def _number(self, folder: Path) -> None:
        """The smallest slot that no other run has: it says which throw-away user its jobs are."""
        with self._numbering:
            if (folder / layout.SLOT).exists():
                return
            taken = {layout.slot(other) for other in self._work.iterdir() if (other / layout.SLOT).exists()}
            free = next(number for number in range(len(taken) + 1) if number not in taken)
            (folder / layout.SLOT).write_text(str(free))

    def _folder(self, run_id: RunId) -> Path:
        """Raises Refused when the id could name another folder than one of ours."""
        if not RUN_ID.fullmatch(run_id):
            raise Refused(f"{run_id!r} is no run id")
        return self._work / run_id

    def _lacking(self, cpus: int | None, memory_bytes: int | None) -> str | None:
        if cpus is not None and cpus > self._cpus:
            return (
                f"the spec asks for {_count(cpus, 'core')}, this machine lends {self._cpus}: "
                "lower `resources.cpus` or use a larger machine"
            )
        if memory_bytes is not None and memory_bytes > self._memory_bytes:
            return (
                f"the spec asks for {_gigabytes(memory_bytes)} of memory, this machine has "
                f"{_gigabytes(self._memory_bytes)}: lower `resources.memory` or use a larger machine"
            )
        return None


def _memory_bytes() -> int:
    """Memory of the machine, or the limit of our own control group where that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *filter(None, map(_read_limit, MEMORY_LIMITS))])


def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"
