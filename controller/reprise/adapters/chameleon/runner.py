"""The Runner port on leased nodes: containers of each node's own Docker Engine, reached through SSH.

What runs on a node goes on without us. When its connection breaks, the calls say so and may be repeated;
whoever comes next, also another controller, finds the container by its name and goes on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from reprise.adapters.chameleon import asking
from reprise.adapters.chameleon.images import SentImages
from reprise.adapters.chameleon.unused import Unused
from reprise.containers.afar import Afar
from reprise.containers.devices import Gpus
from reprise.containers.engine import Engine
from reprise.containers.runner import DockerRunner
from reprise.containers.wish import Limits
from reprise.domain.errors import RepriseError
from reprise.domain.run import Reason, RunId
from reprise.jobs import collect, keeping
from reprise.jobs.copying import Copying
from reprise.ports import Failed, Finished, JobRequest, Lost, Running
from reprise.ports.nodes import Access, Node, Nodes

SOCKET = PurePosixPath("/var/run/docker.sock")
GIVEN_BACK = "the node of this run was given back"


DISK_BYTES = 200_000_000_000
"""Of a trial: a node is there for one run."""


@dataclass(frozen=True, slots=True)
class _OnNode:
    """A run's connection to its node."""

    access: Access
    node: Node
    engine: Engine
    runner: DockerRunner

    def close(self) -> None:
        self.engine.close()
        self.node.close()


@dataclass(frozen=True, slots=True)
class How:
    """What is the same for all nodes."""

    state: Path
    """The controller's folder, whose digest marks what is ours."""
    cache: Path
    limits: Limits = field(default_factory=lambda: Limits(disk_bytes=DISK_BYTES))
    """Of each trial; without a bound of memory it may have nine tenths of the node's."""
    bounds: collect.Bounds = field(default_factory=collect.Bounds)
    hash_gpu_ids: bool = False
    idle_after: timedelta | None = None
    """How long a job may leave every GPU idle that it asked for; None = for ever."""
    grace: timedelta = timedelta(seconds=10)
    """Between TERM and KILL."""


class NodeRunner:
    """Safe for several threads. `forget` a run when its node is given back, and close it in the end."""

    def __init__(
        self,
        nodes: Nodes,
        access: Callable[[RunId], Access | None],
        how: How,
        *,
        here: Engine | None,
        copying: Copying | None = None,
    ) -> None:
        """``access``: to a run's node, None when it has none. ``copying``: of checkpoints.

        ``here``: the Engine that images are built into.
        """
        self._nodes = nodes
        self._access = access
        self._how = how
        self._here = here
        self._copying = copying or Copying()
        self._connected: dict[RunId, _OnNode] = {}
        self._locks: dict[RunId, threading.Lock] = {}
        self._guard = threading.Lock()

    def start(self, job: JobRequest) -> Failed | None:
        if keeping.kept(job.results) is not None:
            return None
        found = self._on_node(job)
        return Failed(Reason.NODE_FAILED, GIVEN_BACK) if found is None else found.runner.start(job)

    def observe(self, job: JobRequest) -> Running | Finished | Lost:
        kept = keeping.kept(job.results)
        if kept is not None:
            return kept
        found = self._on_node(job)
        return Lost(GIVEN_BACK) if found is None else found.runner.observe(job)

    def stop(self, job: JobRequest) -> None:
        found = None if keeping.kept(job.results) is not None else self._on_node(job)
        if found is not None:
            found.runner.stop(job)

    def forget(self, run_id: RunId) -> None:
        """Close the connection to the node of a run. None there is fine."""
        with self._lock(run_id):
            self._close(run_id)
        with self._guard:
            self._locks.pop(run_id, None)

    def close(self) -> None:
        """What runs goes on."""
        for run_id in list(self._connected):
            self.forget(run_id)

    # --- connections ----------------------------------------------------------------------------

    def _on_node(self, job: JobRequest) -> _OnNode | None:
        """Connected anew when the run has another node, or the same one with a new way to it."""
        with self._lock(job.run_id):
            access = self._access(job.run_id)
            found = self._connected.get(job.run_id)
            if found is not None and found.access == access:
                return found
            self._close(job.run_id)
            if access is None:
                return None
            self._connected[job.run_id] = self._connect(job, access)
            return self._connected[job.run_id]

    def _connect(self, job: JobRequest, access: Access) -> _OnNode:
        node = self._nodes.connect(access)
        try:
            engine = Engine(
                f"unix://{node.socket(SOCKET)}", name=f"the Docker Engine of node {access.address.host}"
            )
            gpus = asking.gpus(node) if job.spec.resources.gpus else Gpus()
        except RepriseError:
            node.close()
            raise
        return _OnNode(access, node, engine, self._runner(node, engine, gpus))

    def _runner(self, node: Node, engine: Engine, gpus: Gpus) -> DockerRunner:
        how = self._how
        return DockerRunner(
            engine,
            state=how.state,
            cache=how.cache,
            limits=how.limits,
            grace=how.grace,
            bounds=how.bounds,
            gpus=gpus,
            hash_gpu_ids=how.hash_gpu_ids,
            copying=self._copying,
            place=Afar(
                engine, how.state, disk_bytes=how.limits.disk_bytes, python=partial(asking.python, node)
            ),
            images=SentImages(engine, self._here),
            idle=Unused(node, how.idle_after).look,
            backend="chameleon",
        )

    def _close(self, run_id: RunId) -> None:
        found = self._connected.pop(run_id, None)
        if found is not None:
            found.close()

    def _lock(self, run_id: RunId) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(run_id, threading.Lock())
