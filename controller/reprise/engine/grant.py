"""Which waiting run may start. Waiting runs are rows; a grant starts a durable workflow."""

from collections import Counter
from collections.abc import Callable

import structlog

from reprise.domain.run import Phase
from reprise.engine.turns import look
from reprise.engine.workflow import RESCUE
from reprise.engine.world import World
from reprise.ports import Workflows
from reprise.store import runs

log = structlog.get_logger()


def grant(world: World, start: Callable[[str], None]) -> int:
    """Start what may start; returns how many. A crash after the grant is healed by `resume`."""
    if not _room(world):
        return 0  # asked twice a second: a thousand waiting runs need not be ordered for this answer
    with world.store.write() as connection:
        now = world.clock.now()
        found = look(world, connection).granted
        chosen = [run_id for run_id in found if runs.grant_run(connection, run_id, now)]
    for run_id in chosen:
        log.info("run granted", run_id=run_id)
        start(run_id)
    return len(chosen)


def _room(world: World) -> bool:
    """Whether a backend that somebody waits for has a slot that nobody holds."""
    with world.store.read() as connection:
        taken = Counter(entry.backend for entry in runs.busy_entries(connection))
        free = {name for name, backend in world.backends.items() if taken[name] < backend.slots}
        return bool(free) and not free.isdisjoint(runs.waited_for(connection))


def resume(world: World, start: Callable[[str], None]) -> int:
    """Make sure that every granted run has its workflow; starting one twice does nothing."""
    with world.store.read() as connection:
        live = runs.live_runs(connection)
    for run in live:
        start(run.id)
    return len(live)


def rescue(world: World, engine: Workflows) -> int:
    """End every live run whose workflow is over, so that it does not hold its slot for ever.

    That is a bug, or a change of the workflow that stranded a running one: the operator is told.
    """
    stranded = _stranded(world, engine)
    for run in stranded:
        log.error("workflow broke", run_id=run.id, phase=run.phase.value)
        rescue_id = run.id + RESCUE
        if engine.over(rescue_id):
            _abandon(world, run)
        else:
            engine.start(rescue_id)
    return len(stranded)


def _stranded(world: World, engine: Workflows) -> list[runs.Run]:
    """A workflow ends its run's row before itself, so the rows are read again after the workflows."""
    with world.store.read() as connection:
        over = {run.id for run in runs.live_runs(connection) if engine.over(run.id)}
    with world.store.read() as connection:
        return [run for run in runs.live_runs(connection) if run.id in over]


def _abandon(world: World, run: runs.Run) -> None:
    """Nothing more can be done for this run; the reaper gives its machine back."""
    log.error("run abandoned", run_id=run.id)
    with world.store.write() as connection:
        runs.enter_phase(connection, run.id, Phase.DONE, world.clock.now())
        why = "a bug in Reprise stopped this run and its rescue: the operator's log has the details"
        runs.save(connection, run.id, ended_at=world.clock.now(), reporting_problem=why)
