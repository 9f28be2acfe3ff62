"""Asks the queue's rule about the rows as they are: for the grant loop, and for whoever wants to know why."""

from reprise.domain import queue
from reprise.domain.queue import Queue, Wait
from reprise.engine.world import World
from reprise.store import runs
from reprise.store.database import Connection


def look(world: World, connection: Connection) -> Queue:
    """What would be decided now about everybody who waits."""
    waiting = runs.waiting_entries(connection)
    if not waiting:
        return Queue((), {})
    busy = runs.busy_entries(connection)
    return queue.decide(waiting, busy, runs.last_granted(connection, queue.RECENT), world.limits)


def wait_of(world: World, connection: Connection, run: runs.Run) -> Wait | None:
    """Place and reason of a run; None when it waits no more."""
    if run.granted_at is not None or run.ended_at is not None:
        return None
    return look(world, connection).waits.get(run.id)
