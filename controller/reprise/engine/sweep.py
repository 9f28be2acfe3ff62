"""Level-triggered: compares the tags of every watched repository with what we know.

Events only hasten what this finds. Runs at start and on a timer, in the leader.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.run import Repository, Sha
from reprise.domain.watch import Watch
from reprise.engine.intake import known_repository
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import repositories
from reprise.store.intake import NewTrigger

log = structlog.get_logger()


def sweep(world: World, watched: Watch) -> int:
    """Make a trigger for every tag that no delivery told us of; returns how many.

    One repository that cannot be read does not keep the others from being looked at.
    """
    found = 0
    for repository in _repositories(world, watched):
        try:
            tags = world.source.tags(repository)
        except (Retryable, Refused) as error:
            log.warning("repository not swept", repository=repository.full_name, why=str(error))
            continue
        found += _compare(world, repository, tags)
    return found


def _repositories(world: World, watched: Watch) -> Iterator[Repository]:
    """Each once, those with a name of their own first; owners are asked again at every sweep, because a
    repository may have appeared."""
    seen: set[int] = set()
    for repository in (*_named(world, watched.names), *_listed(world, watched)):
        if repository.id not in seen:
            seen.add(repository.id)
            yield repository


def _named(world: World, names: Iterable[str]) -> Iterator[Repository]:
    for name in names:
        yield from _asked(name, partial(_by_name, world, name))


def _by_name(world: World, name: str) -> tuple[Repository, ...]:
    return (known_repository(world, name),)


def _listed(world: World, watched: Watch) -> Iterator[Repository]:
    for owner in watched.owners:
        for repository in _asked(f"{owner}/*", partial(world.conversation.repositories, owner)):
            if watched.by_pattern(repository.full_name):
                with world.store.write() as connection:
                    repositories.remember(connection, repository)
                yield repository


def _asked(name: str, ask: Callable[[], tuple[Repository, ...]]) -> tuple[Repository, ...]:
    try:
        return ask()
    except (Retryable, Refused) as error:
        log.warning("repository not swept", repository=name, why=str(error))
        return ()


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
