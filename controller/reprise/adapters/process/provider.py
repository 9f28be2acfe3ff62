"""The Provider port on this machine: a folder per run, given back with everything that runs in it."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from reprise.adapters.process import processes
from reprise.adapters.process.groups import NO_GROUPS, Groups
from reprise.adapters.process.isolation import Isolation
from reprise.domain.leasing.money import Charge
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Spec
from reprise.domain.words import cores
from reprise.jobs import layout
from reprise.jobs.folders import Folders, Lent, wanted_by
from reprise.jobs.variables import count_gpus
from reprise.ports import Allocation, Failed
from reprise.removal import remove_tree

WORK = "work"
"""In the state folder; each backend has a folder of its own there, and owns all that is in it."""

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
        gpus: int | None = None,
    ) -> None:
        """What this machine may lend; None = all: cores that this process may use, memory, GPUs."""
        self._folders = Folders(state / WORK)
        self._lent = Lent(
            cpus or len(os.sched_getaffinity(0)),
            memory_bytes or _memory_bytes(),
            count_gpus() if gpus is None else gpus,
        )
        self._isolation = isolation or Isolation()
        self._groups = groups

    def request(self, run_id: RunId, spec: Spec) -> None:
        self._folders.make(run_id, wanted_by(spec))

    def observe(self, run_id: RunId) -> Allocation | Failed:
        folder = self._folders.of(run_id)
        wanted = self._folders.wanted(run_id)
        if wanted is None:
            return Failed(Reason.INFRASTRUCTURE, f"this machine holds nothing for run {run_id}")
        network = wanted.network
        lacking = self._lent.lacking(wanted)
        if lacking is not None:
            return Failed(Reason.NO_CAPACITY, lacking)
        cpus = wanted.cpus or self._lent.cpus
        return Allocation(
            run_id,
            str(folder),
            f"this machine, {cores(cpus)}",
            cpus,
            f"{self._isolation.words(layout.slot(folder), network)}; {self._limits()}",
            self._isolation.network_words(network),
        )

    def release(self, run_id: RunId) -> None:
        folder = self._folders.of(run_id)
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

    def quote(self, spec: Spec, usual: timedelta | None) -> None:
        """A machine that is there anyway costs nothing but its time."""

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        return ()

    def owned(self) -> tuple[RunId, ...]:
        return self._folders.runs()


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
