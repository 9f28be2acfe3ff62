"""Gives back what no run works with any more: the second net when a release step never came.

Leases live in an account that several controllers may share: those of runs that are not in our database are
somebody else's and left alone, and those of running jobs are looked after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Phase, RunId
from reprise.engine import spending
from reprise.engine.world import Backend, World
from reprise.store import runs
from reprise.store.database import Connection
from reprise.store.runs import Run

log = structlog.get_logger()

Held = tuple[str, RunId]
"""A backend's name, and the run that it holds something for."""


@dataclass(slots=True)
class Reaper:
    """Releases an allocation only when it was nobody's on two sweeps in a row."""

    suspects: frozenset[Held] = field(default=frozenset())

    def reap(self, world: World) -> tuple[RunId, ...]:
        """What was released now, on any backend."""
        held = frozenset((name, run) for name, each in world.backends.items() for run in _owned(each))
        with world.store.read() as connection:
            running = runs.busy_runs(connection)
            unowned = held - {(run.backend, run.id) for run in running}
            foreign = frozenset(each for each in unowned if _foreign(world, connection, *each))
        _look_after(world, [run for run in running if run.phase is Phase.RUNNING])
        unowned -= foreign
        orphans = tuple(sorted(unowned & self.suspects))
        self.suspects = unowned
        for name, run_id in orphans:
            _release(world, world.backends[name], run_id)
        return tuple(run_id for _, run_id in orphans)


def _foreign(world: World, connection: Connection, name: str, run_id: RunId) -> bool:
    return world.backends[name].provider.leases and runs.get_run(connection, run_id) is None


def _look_after(world: World, running: Sequence[Run]) -> None:
    """A lease whose job takes longer than declared is extended before its end."""
    for run in running:
        backend = world.backends.get(run.backend)
        if backend is None or not backend.provider.leases:
            continue
        try:
            backend.provider.observe(run.id)
            spending.look(world, run)
        except (Retryable, Refused) as error:
            log.warning("lease not looked after", run_id=run.id, backend=run.backend, why=str(error))


def _owned(backend: Backend) -> tuple[RunId, ...]:
    """Nothing is known of a backend that does not answer, and the others are still looked at."""
    try:
        return backend.provider.owned()
    except (Retryable, Refused) as error:
        log.warning("backend not looked through", backend=backend.name, why=str(error))
        return ()


def _release(world: World, backend: Backend, run_id: RunId) -> None:
    try:
        backend.provider.release(run_id)
        spending.orphan_released(world, backend, run_id)
    except (Retryable, Refused) as error:
        log.warning("orphan not released", run_id=run_id, backend=backend.name, why=str(error))
        return
    log.warning("orphan released", run_id=run_id, backend=backend.name)
