"""Level-triggered: compares the tags of every watched repository with what we know.

Events only hasten what this finds. Runs at start and on a timer, in the leader.
"""

from collections.abc import Iterable

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha
from reprise.engine.intake import known_repository
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import repositories
from reprise.store.intake import NewTrigger

log = structlog.get_logger()


def sweep(world: World, watched: Iterable[str]) -> int:
    """Make a trigger for every tag that no delivery told us of; returns how many.

    One repository that cannot be read does not keep the others from being looked at.
    """
    found = 0
    for name in watched:
        try:
            repository = known_repository(world, name)
            tags = world.source.tags(repository)
        except (Retryable, Refused) as error:
            log.warning("repository not swept", repository=name, why=str(error))
            continue
        found += _compare(world, repository, tags)
    return found


def _compare(world: World, repository: Repository, tags: dict[str, Sha]) -> int:
    now = world.clock.now()
    with world.store.write() as connection:
        told = inbox.triggered_tags(connection, repository.id)
        if not repositories.has_baseline(connection, repository.id):
            older = {name: sha for name, sha in tags.items() if name not in told}
            repositories.set_baseline(connection, repository.id, older, at=now)
            log.info("repository watched", repository=repository.full_name, older_tags=len(older))
            return 0
        known = repositories.known_tags(connection, repository.id)
        missed = sorted(set(tags.items()) - known)
        for name, sha in missed:
            new = NewTrigger(inbox.TAG, repository.id, repository.full_name, name, who="sweep")
            inbox.add_trigger(connection, new, at=now)
            repositories.see_tag(connection, repository.id, name, sha, at=now)
    if missed:
        log.info("tags found", repository=repository.full_name, tags=[name for name, _ in missed])
    return len(missed)
