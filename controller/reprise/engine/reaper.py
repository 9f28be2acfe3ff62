"""Gives back what no run works with any more: the second net when a release step never came."""

from dataclasses import dataclass, field

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import RunId
from reprise.engine import auditing
from reprise.engine.world import World
from reprise.store import runs

log = structlog.get_logger()


@dataclass(slots=True)
class Reaper:
    """Releases an allocation only when it was nobody's on two sweeps in a row."""

    suspects: frozenset[RunId] = field(default=frozenset())

    def reap(self, world: World) -> tuple[RunId, ...]:
        """What was released now."""
        owned = frozenset(world.provider.owned())
        with world.store.read() as connection:
            busy = frozenset(run.id for run in runs.busy_runs(connection))
        unowned = owned - busy
        orphans = tuple(sorted(unowned & self.suspects))
        self.suspects = unowned
        for run_id in orphans:
            _release(world, run_id)
        return orphans


def _release(world: World, run_id: RunId) -> None:
    try:
        world.provider.release(run_id)
    except (Retryable, Refused) as error:
        log.warning("orphan not released", run_id=run_id, why=str(error))
        return
    log.warning("orphan released", run_id=run_id)
    with world.store.write() as connection:
        run = runs.get_run(connection, run_id)
        auditing.orphan_released(connection, run_id, run, world.clock.now())
