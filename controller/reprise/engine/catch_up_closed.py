"""Pull requests with a fork's code at work that were closed and no delivery told us. Part of the sweep."""

from reprise.domain.queue import SWEEP
from reprise.domain.run import Repository
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import runs
from reprise.store.intake import NewTrigger


def catch_up_closed(world: World, repository: Repository) -> int:
    """How many were found. Asks nothing where no such code is at work.

    Raises what `Forge.open_pull_requests` raises.
    """
    with world.store.read() as connection:
        found = runs.unfinished_runs(connection, repository.id)
    numbers = {
        run.pull_request
        for run in found
        if run.pull_request is not None
        and run.untrusted
        and run.judgement is None
        and run.stop_requested is None
    }
    if not numbers:
        return 0
    closed = numbers - world.conversation.open_pull_requests(repository)
    with world.store.write() as connection:
        for number in sorted(closed):
            where = repository.id, repository.full_name, f"#{number}"
            new = NewTrigger(inbox.CHANGE, *where, SWEEP, number)
            inbox.add_trigger(connection, new, at=world.clock.now())
    return len(closed)
