"""Keeps what we know of repositories, and of an App's access to them, and lets their runs follow.

Whoever hears something about a repository tells it here: the sweep and the intake what the forge said when
they asked, the leader's own loop what events say. No call to the outside: a slow forge must not keep a
repository that was made private in the open.
"""

import json
from collections.abc import Iterable
from datetime import datetime

import structlog

from reprise.domain import standing
from reprise.domain.event import AccessChanged, RepositoryChanged
from reprise.domain.run import Reason, Repository
from reprise.domain.standing import Outcome
from reprise.engine import stopping
from reprise.engine.world import World
from reprise.ports import Failed
from reprise.store import intake as inbox
from reprise.store import repositories, runs
from reprise.store.codec import load
from reprise.store.database import Connection
from reprise.store.intake import Trigger

log = structlog.get_logger()

OURSELVES = "the forge"
"""Who caused an end that nobody in particular asked for. With a space, which no login has."""

TOLD_AGAIN = 1_000
"""Runs of a repository that is back, newest first, whose verdicts are told after all."""


def learn(
    world: World, found: Repository, *, asked_at: datetime, watched_as: str | None = None
) -> Repository:
    """What the forge said when it was asked then; what stands in the row now.

    An event that came since knows better: until the next look its word stands. That a repository is back
    is dated like an event: for so long we try to tell what it missed.
    """
    with world.store.write() as connection:
        told_at = repositories.told_at(connection, found.id)
        known = repositories.find(connection, found.id)
        if known is not None and told_at is not None and told_at > asked_at:
            return known
        outcome = standing.learned(known, found) if known is not None else Outcome(found)
        back_at = asked_at if known is not None and standing.is_back(known, found) else None
        repositories.remember(connection, found, watched_as=watched_as, told_at=back_at)
        _follow(world, connection, known, outcome, OURSELVES)
    return found


def settle_changes(world: World) -> bool:
    """Let the rows follow every event that is due; whether there was one."""
    with world.store.read() as connection:
        due = inbox.due_changes(connection, world.clock.now())
    for trigger in due:
        with world.store.write() as connection:
            text = _apply(world, connection, trigger)
            inbox.settle(connection, trigger.number, text)
        log.info("repositories changed", repository=trigger.repository, what=trigger.ref, outcome=text)
    return bool(due)


def _apply(world: World, connection: Connection, trigger: Trigger) -> str:
    event = read_change(trigger.body or "{}")
    match event:
        case RepositoryChanged(facts):
            known = repositories.find(connection, facts.id)
            concerned = [(known, standing.told(known, event))] if known is not None else []
        case AccessChanged():
            every = repositories.known(connection)
            concerned = [
                (each, standing.access_changed(each, event))
                for each in every
                if standing.concerns(event, each)
            ]
    newest = [pair for pair in concerned if not _outdated(connection, pair[0], trigger)]
    for known, outcome in newest:
        repositories.remember(connection, outcome.repository, told_at=trigger.created_at)
        _follow(world, connection, known, outcome, trigger.who)
    return f"{len(newest)} known repositories concerned"


def _outdated(connection: Connection, known: Repository, trigger: Trigger) -> bool:
    """Whether a later event was here first: this one was found in the forge's log."""
    told_at = repositories.told_at(connection, known.id)
    return told_at is not None and told_at > trigger.created_at


def read_change(body: str) -> RepositoryChanged | AccessChanged:
    written = json.loads(body)
    return load(RepositoryChanged, written) if "facts" in written else load(AccessChanged, written)


def _follow(
    world: World, connection: Connection, known: Repository | None, outcome: Outcome, who: str
) -> None:
    now = outcome.repository
    if known is not None and known.full_name != now.full_name:
        log.info("repository renamed", was=known.full_name, repository=now.full_name)
    if known is not None and standing.is_back(known, now):
        untold = runs.tell_again(connection, now.id, TOLD_AGAIN)
        log.info("repository is back", repository=now.full_name, untold=untold)
    if outcome.ends_waiting is None:
        return
    log.warning("repository left alone", repository=now.full_name, why=outcome.ends_waiting)
    waiting, live = _unfinished(connection, now.id)
    stopping.give_up(world, connection, waiting, Failed(Reason.REFUSED, outcome.ends_waiting), who)
    if outcome.stops_live is not None:
        stopping.give_up(world, connection, live, Failed(Reason.REFUSED, outcome.stops_live), who)


def _unfinished(connection: Connection, repository_id: int) -> tuple[Iterable[runs.Run], Iterable[runs.Run]]:
    """Those that wait, and those that were granted; without those that have their verdict."""
    found = [run for run in runs.unfinished_runs(connection, repository_id) if run.judgement is None]
    return [run for run in found if run.granted_at is None], [run for run in found if run.granted_at]
