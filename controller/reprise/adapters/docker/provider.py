"""The Provider port on a Docker Engine of this machine: a folder per run and its containers."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from reprise.containers import devices, names
from reprise.containers.engine import About, Engine
from reprise.containers.folders import user_words
from reprise.containers.wish import Limits
from reprise.domain.errors import Retryable
from reprise.domain.leasing.money import Charge
from reprise.domain.run import Reason, RunId
from reprise.domain.spec.model import Network, Spec
from reprise.domain.words import cores, size
from reprise.jobs import layout
from reprise.jobs.folders import RUN_ID, Folders, Lent, gpus, wanted_by
from reprise.ports import Allocation, Failed
from reprise.removal import remove_tree

GONE_SECONDS = 10.0
LOOK_SECONDS = 0.1
MEMORY_SHARE = 0.9
"""Of the machine's, that a run may have which declares nothing, and that a run may ask for."""


class DockerProvider:
    leases = False
    """This machine is here anyway."""

    def __init__(
        self,
        engine: Engine,
        *,
        state: Path,
        cpus: int | None = None,
        limits: Limits | None = None,
        gpus: devices.Gpus | None = None,
        may_open_network: bool = True,
    ) -> None:
        """``state`` is the controller's folder: runs work below it, and its digest marks what is ours in the
        Engine. ``cpus``: what it may lend, None = all of the Engine's machine; ``gpus``: None = look.
        ``may_open_network``: whether the operator lets a spec open the network.
        """
        self._engine = engine
        self._state = state
        self._folders = Folders(state / names.WORK)
        self._cpus = cpus
        self._limits = limits or Limits()
        self._gpus = gpus or devices.found()
        self._may_open = may_open_network

    def request(self, run_id: RunId, spec: Spec) -> None:
        self._folders.make(run_id, wanted_by(spec))

    def observe(self, run_id: RunId) -> Allocation | Failed:
        folder = self._folders.of(run_id)
        wanted = self._folders.wanted(run_id)
        if wanted is None:
            return Failed(Reason.INFRASTRUCTURE, f"this machine holds nothing for run {run_id}")
        if wanted.network is Network.OPEN and not self._may_open:
            return Failed(Reason.REFUSED, CLOSED)
        about = self._engine.about()
        lent = self._lent(about)
        lacking = lent.lacking(wanted)
        if lacking is not None:
            return Failed(Reason.NO_CAPACITY, lacking)
        count = wanted.cpus or lent.cpus
        memory = wanted.memory_bytes or self._limits.memory_bytes or lent.memory_bytes
        has = [cores(count), size(memory), *([gpus(wanted.gpus)] if wanted.gpus else [])]
        return Allocation(
            run_id,
            str(folder),
            f"container on this machine, {', '.join(has)}",
            count,
            f"{user_words(layout.slot(folder), rootless=about.rootless)}; {self._words()}",
            "open, as the spec asks" if wanted.network is Network.OPEN else "off",
        )

    def release(self, run_id: RunId) -> None:
        folder = self._folders.of(run_id)
        labels = names.of_run(self._state, run_id)
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(self._engine.remove, self._engine.containers(labels)))
        self._wait_until_none(labels)
        self._engine.remove_networks(labels)
        self._engine.remove_volumes(labels)
        if folder.exists():
            remove_tree(folder)

    def quote(self, spec: Spec, usual: timedelta | None) -> None:
        """A machine that is there anyway costs nothing but its time."""

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        return ()

    def owned(self) -> tuple[RunId, ...]:
        """By folders, and by what carries our labels: a folder that somebody removed leaves containers."""
        labels = names.of_state(self._state)
        found = [*self._engine.containers(labels).values(), *self._engine.networks(labels).values()]
        labelled = {each.get(names.RUN, "") for each in found}
        mine = {RunId(name) for name in labelled if RUN_ID.fullmatch(name)}
        return tuple(sorted(mine | set(self._folders.runs())))

    def _lent(self, about: About) -> Lent:
        return Lent(
            cpus=min(self._cpus or about.cpus, about.cpus),
            memory_bytes=int(about.memory_bytes * MEMORY_SHARE),
            gpus=self._gpus.count,
            gpu_memory_bytes=self._gpus.memory_bytes,
            gpu_arch=self._gpus.arch,
        )

    def _words(self) -> str:
        limits = self._limits
        return (
            "no capabilities, no new privileges, read-only root, the Engine's seccomp profile; "
            f"at most {limits.pids:,} processes and {size(limits.disk_bytes)} of disk"
        )

    def _wait_until_none(self, labels: dict[str, str]) -> None:
        """Removal is not over when the Engine says so. Raises Retryable when some stay."""
        deadline = time.monotonic() + GONE_SECONDS
        while left := self._engine.containers(labels):
            if time.monotonic() > deadline:
                raise Retryable(f"the Docker Engine does not remove {', '.join(sorted(left))}")
            time.sleep(LOOK_SECONDS)


CLOSED = (
    "the spec has `environment.network: open`, which the operator of this controller does not allow: "
    "commit the data and write `fetch-only`, or ask the operator to allow it"
)
