"""What kind of machine a run had, as far as its first trial recorded it."""

from collections.abc import Sequence

import structlog

from reprise.domain.hardware import of_file
from reprise.domain.run import TrialResult
from reprise.domain.spec.model import Hardware
from reprise.engine.recorded import record_in
from reprise.engine.world import World
from reprise.store.runs import Run

log = structlog.get_logger()


def machine_of(world: World, run: Run, results: Sequence[TrialResult]) -> Hardware:
    """By the first trial's environment record; without one no GPU is known of, and none was asked for."""
    return of_file(_record(world, run, results[0]) if results else None)


def _record(world: World, run: Run, first: TrialResult) -> bytes | None:
    try:
        return record_in(world.folders.trial(run.id, first.plan.index, first.attempt))
    except OSError as error:
        log.warning("environment record not readable", why=str(error))
        return None
