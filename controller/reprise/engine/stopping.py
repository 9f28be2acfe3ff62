"""Ends runs before their verdict: a person cancelled them, or a newer run took their place.

Only a row says so. A live run's workflow reads it at its points and goes the usual way out, machine
first: the durable engine's own cancel would keep every later step, the release among them, from running.
A run that waits has no workflow; its row is ended here, and the forge is told in the leader's own loop,
as it is of a verdict that it could not take while the repository was out of reach.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from reprise.domain.audit import OURSELVES, Action
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forge import Place
from reprise.domain.run import Phase, Reason, RunId, Sha
from reprise.domain.verdict import not_run
from reprise.domain.words import duration
from reprise.engine import auditing, reporting
from reprise.engine.world import World
from reprise.ports import Failed
from reprise.store import audit, repositories, runs
from reprise.store.database import Connection
from reprise.store.intake import CHECK, COMMENT, TAG
from reprise.store.runs import NewRun, Run

log = structlog.get_logger()

_AGAIN = timedelta(seconds=15)
_GIVE_UP = timedelta(days=7)


def requested(world: World, run_id: str) -> Failed | None:
    """Why this run is to end now, read again from its row; None = it goes on."""
    with world.store.read() as connection:
        run = runs.get_run(connection, run_id)
    return run.stop_requested if run is not None else None


def cancellable(connection: Connection, repository_id: int, place: Place) -> list[Run]:
    """Runs of a pull request or commit that have no verdict yet."""
    found = runs.unfinished_runs(connection, repository_id)
    return [run for run in found if run.place == place and run.judgement is None]


def cancel(world: World, connection: Connection, repository_id: int, place: Place, who: str) -> None:
    """Stop everything of a pull request or commit that has no verdict yet."""
    why = Failed(Reason.CANCELLED, f"cancelled by {who}")
    for run in cancellable(connection, repository_id, place):
        _stop(world, connection, run, why, who)


def close(world: World, connection: Connection, repository_id: int, place: Place, who: str) -> None:
    """Stop a fork's code, whose pull request was closed: nobody who may approve it wants it any more."""
    why = Failed(Reason.CANCELLED, "the pull request was closed, which ends what may be a stranger's code")
    for run in cancellable(connection, repository_id, place):
        if run.untrusted:
            _stop(world, connection, run, why, who)


def untag(
    world: World, connection: Connection, repository_id: int, tag: str, *, tagged: Iterable[Sha], who: str
) -> None:
    """Stop what this tag, which is gone, had run: where no tag names the commit any more, nobody wants it.

    ``tagged`` are the commits that tags name now.
    """
    left = repositories.commits_of_tag(connection, repository_id, tag) - set(tagged)
    if not left:
        return
    for run in runs.unfinished_runs(connection, repository_id):
        if run.pull_request is None and run.judgement is None and run.commit in left:
            _stop(world, connection, run, runs.TAG_DELETED, who)


def give_up(world: World, connection: Connection, these: Iterable[Run], why: Failed, who: str) -> None:
    """Stop runs of a repository that we may, or can, do nothing for any more."""
    for run in these:
        _stop(world, connection, run, why, who)


def supersede(world: World, connection: Connection, new: NewRun, tagged: Iterable[Sha]) -> None:
    """Stop the older runs whose place ``new`` takes. ``tagged`` are the commits that tags name now."""
    why = Failed(Reason.SUPERSEDED, f"{new.trigger} asked for the same experiment again, at {new.commit[:7]}")
    moved_from = repositories.commits_of_tag(connection, new.repository_id, new.ref) - set(tagged)
    if new.generation == TAG and not moved_from:
        return  # a new tag on a new commit: a thousand waiting runs need not be read for it
    for run in runs.unfinished_runs(connection, new.repository_id):
        if run.id != new.id and run.judgement is None and _takes_place(new, run, moved_from):
            _stop(world, connection, run, why, new.who)


def _takes_place(new: NewRun, old: Run, moved_from: set[Sha]) -> bool:
    """A run of some claims never takes the place of one that judges them all."""
    if new.experiment != old.experiment or (new.claims is not None and old.claims is None):
        return False
    if new.pull_request is not None or old.pull_request is not None:
        return new.pull_request == old.pull_request
    if old.commit == new.commit:
        return new.generation.startswith((COMMENT, CHECK))
    return old.commit in moved_from


def refuse(world: World, connection: Connection, run_id: RunId, why: str) -> None:
    """End a run that was just added and may not start, so that its commit says why."""
    run = runs.get_run(connection, run_id)
    if run is not None:
        _stop(world, connection, run, Failed(Reason.REFUSED, why), OURSELVES)


def end_overspent(world: World) -> None:
    """Stop whatever has had its machine for longer than its spend limit."""
    now = world.clock.now()
    with world.store.read() as connection:
        over = [run for run in runs.limited_runs(connection) if _overspent(connection, run, now)]
    for run in over:
        limit = duration(run.spend_limit or 0.0)
        why = Failed(Reason.OVER_BUDGET, f"it has taken its limit of {limit} of one machine")
        with world.store.write() as connection:
            _stop(world, connection, run, why, OURSELVES)


def _overspent(connection: Connection, run: Run, now: datetime) -> bool:
    taken = audit.find(connection, Action.MACHINE_TAKEN, about=run.id)
    limit = run.spend_limit
    return taken is not None and limit is not None and (now - taken.at).total_seconds() >= limit


def _stop(world: World, connection: Connection, run: Run, why: Failed, who: str) -> None:
    if not runs.request_stop(connection, run.id, why):
        return
    log.info("stop requested", run_id=run.id, reason=why.reason.value, phase=run.phase.value)
    now, judgement = world.clock.now(), not_run(why.reason, why.message)
    auditing.stopped(connection, run, why, who, now)
    if runs.end_waiting(connection, run.id, judgement, now):
        auditing.judged(connection, run, judgement, now)


def tell_stopped(world: World) -> None:
    """Report the runs that ended while they waited, and those whose repository is back.

    A forge that does not answer is asked again later.
    """
    now = world.clock.now()
    with world.store.read() as connection:
        untold = runs.untold_runs(connection)
    for run in untold:
        if run.shown_at is None or now - run.shown_at >= _AGAIN:
            _tell(world, run)


def _told_since(world: World, run: Run) -> datetime:
    """Since when the forge could have been told: it ended, or its repository came back after that."""
    with world.store.read() as connection:
        told_at = repositories.told_at(connection, run.repository.id)
    ended_at = run.ended_at or run.created_at
    return max(ended_at, told_at) if told_at is not None else ended_at


def _tell(world: World, run: Run) -> None:
    now = world.clock.now()
    try:
        reporting.publish(world, run)
    except Retryable as error:
        if now - _told_since(world, run) < _GIVE_UP:
            log.warning("ended run not told", run_id=run.id, why=str(error))
            # A forge that limits our calls says for how long, which can be more than our own pause.
            wanted = max(timedelta(seconds=error.after), _AGAIN)
            with world.store.write() as connection:
                runs.save(connection, run.id, shown_at=now + wanted - _AGAIN)
            return
        problem: str | None = str(error)
    except Refused as error:
        problem = str(error)
    else:
        problem = None
    with world.store.write() as connection:
        runs.enter_phase(connection, run.id, Phase.DONE, now)
        runs.save(connection, run.id, reporting_problem=problem)
