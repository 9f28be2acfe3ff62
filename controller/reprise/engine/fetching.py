"""Brings the data that a commit only names, while its run is built. Repeating it finds them in the cache."""

from collections.abc import Callable
from pathlib import Path

import structlog

from reprise.domain.spec.model import Spec
from reprise.engine.world import World
from reprise.ports import Failed, FetchRequest
from reprise.store import runs
from reprise.store.runs import Run

log = structlog.get_logger()


def fetch(world: World, run: Run, spec: Spec, tree: Path, stopping: Callable[[], bool]) -> Failed | None:
    """Whatever came is kept with the run before any trial may want it."""
    if not spec.data:
        return None
    request = FetchRequest(
        run_id=run.id,
        repository=run.repository.full_name,
        tree=tree,
        spec=spec,
        log=world.folders.build_log(run.id),
        trusted=not run.untrusted,
        stopping=stopping,
        remote=run.repository.clone_url,
    )
    fetched = world.fetcher.fetch(request)
    if isinstance(fetched, Failed):
        return fetched
    for each in fetched:
        log.info("data fetched", path=each.path, bytes=each.size, sha256=each.sha256, pinned=each.pinned)
    with world.store.write() as connection:
        runs.save(connection, run.id, fetched=fetched)
    return None
