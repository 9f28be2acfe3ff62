"""Looks at the commit before money is spent on it, else when its trials are over: then nobody waits for it.

Called by steps. What is found ends a run only before a machine is leased.
"""

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.lint.noticed import Linted, why_blocked
from reprise.domain.lint.request import LintRequest
from reprise.domain.run import Reason
from reprise.domain.spec.document import MOST_BYTES
from reprise.engine.trial import lay_out
from reprise.engine.world import World
from reprise.ports import Failed
from reprise.store import runs
from reprise.store.runs import Run

log = structlog.get_logger()


def blocked(world: World, run: Run) -> Failed | None:
    """Why no machine is to be asked for; looked at only where one costs something."""
    if not world.backend(run.backend).provider.leases:
        return None
    try:
        lay_out(world, run)
    except Refused as error:
        return Failed(Reason.BUILD_FAILED, str(error))
    why = why_blocked(_linted(world, run))
    return Failed(Reason.ERRORS_FOUND, why) if why is not None else None


def look_afterwards(world: World, run: Run) -> None:
    """At a commit that was laid out and not looked at yet; a run that somebody stopped is not kept longer."""
    laid_out = (world.folders.build(run.id) / "tree").exists()
    if run.linted is None and run.stop_requested is None and laid_out:
        _linted(world, run)


def _linted(world: World, run: Run) -> Linted:
    if run.linted is not None:
        return run.linted
    with world.store.read() as connection:
        now = runs.get_run(connection, run.id) or run
    tree = world.folders.build(run.id) / "tree"
    inside = tuple(each.path for each in now.submodules or ())
    request = LintRequest(tree, run.repository.full_name, run.spec_file, inside, _before(world, run))
    found = world.linter.lint(request)
    with world.store.write() as connection:
        runs.save(connection, run.id, linted=found)
    return found


def _before(world: World, run: Run) -> str | None:
    """The spec file in the parent commit, so that a widened bar is told. A courtesy: it fails quietly."""
    try:
        parent = world.source.parent(run.repository, run.commit)
        if parent is None:
            return None
        world.source.fetch(run.repository, parent)
        data = world.source.read(run.repository, parent, run.spec_file, limit=MOST_BYTES)
    except (Refused, Retryable) as error:
        log.info("parent commit not looked at", why=str(error))
        return None
    return data.decode(errors="replace") if data is not None else None
