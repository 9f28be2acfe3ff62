"""Level-triggered: compares the tags of every watched repository with what we know, and reads its comments.

Events only hasten what this finds. Runs at start and on a timer, in the leader.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from reprise.domain.errors import Moved, Refused, Retryable
from reprise.domain.queue import BACKFILL, SWEEP
from reprise.domain.run import Repository, Sha
from reprise.domain.standing import is_worth_asking, why_left_alone
from reprise.domain.watch import Watch
from reprise.engine import life
from reprise.engine.catch_up_closed import catch_up_closed
from reprise.engine.catch_up_comments import catch_up_comments
from reprise.engine.moved_back import moved_back
from reprise.engine.world import World
from reprise.store import intake as inbox
from reprise.store import repositories, runs
from reprise.store.intake import NewTrigger

log = structlog.get_logger()


INSTALLATIONS = "the installations of the GitHub App"
"""Under this name it is said why they could not be listed."""
SOON = 15.0
"""Seconds until a sweep is repeated for the first time because somebody did not answer."""


@dataclass(slots=True)
class Sweeps:
    """What this process knows of its own sweeps; readiness and metrics tell it."""

    done: dict[str, datetime] = field(default_factory=dict)
    """repository → the last time it was swept"""
    trouble: dict[str, str] = field(default_factory=dict)
    """repository → why the latest sweep failed"""
    followed: dict[int, str] = field(default_factory=dict)
    """number of a repository → the name in the settings that still means it, though it has another now"""
    unanswered: int = 0
    """Sweeps in a row in which somebody did not answer."""
    _silent: bool = False

    def begin(self) -> None:
        self._silent = False

    def watches(self, watched: Watch, repository_id: int, name: str) -> bool:
        """Whether a delivery about this repository concerns us."""
        return watched.includes(name) or repository_id in self.followed

    def sweep_ended(self, repository: Repository, at: datetime) -> None:
        for name in {repository.full_name, self.followed.get(repository.id, repository.full_name)}:
            self.done[name] = at
            self.trouble.pop(name, None)

    def fail(self, name: str, error: Retryable | Refused) -> None:
        self.trouble[name] = str(error)
        self._silent = self._silent or isinstance(error, Retryable)

    def end(self) -> None:
        self.unanswered = self.unanswered + 1 if self._silent else 0

    def pause(self, interval: float, chance: float) -> float:
        """Seconds until the next sweep: sooner, 15 s and then doubling, while somebody does not answer.

        ``chance`` from 0 to 1 adds up to a quarter, so that not everybody asks a restarted forge at once.
        """
        if self.unanswered == 0:
            return interval
        return min(interval, SOON * 2.0 ** min(self.unanswered - 1, 20) * (1 + chance / 4))


def sweep(world: World, watched: Watch, *, backfill: bool = False, sweeps: Sweeps | None = None) -> int:
    """Make a trigger for every tag, and every command, that no delivery told us of; returns how many.

    One repository that cannot be read does not keep the others from being looked at. With
    ``backfill`` the tags that are older than the watch count as missed too, each once.
    """
    known = sweeps if sweeps is not None else Sweeps()
    found = 0
    known.begin()
    for repository in _repositories(world, watched, known):
        if (why := why_left_alone(repository)) is not None:
            log.info("repository left alone", repository=repository.full_name, why=why)
            known.sweep_ended(repository, world.clock.now())
            continue
        try:
            tags = world.source.tags(repository)
        except (Retryable, Refused) as error:
            if isinstance(error, Moved) and watched.lists(repository.full_name):
                log.info("repository moved since it was listed", repository=repository.full_name)
                continue
            log.warning("repository not swept", repository=repository.full_name, why=str(error))
            known.fail(repository.full_name, error)
            continue
        found += _compare(world, repository, tags, backfill=backfill)
        known.sweep_ended(repository, world.clock.now())
        found += _commands(world, repository, known)
    known.end()
    return found


def _commands(world: World, repository: Repository, known: Sweeps) -> int:
    """Who may not read comments still gets the tags."""
    try:
        return catch_up_comments(world, repository) + catch_up_closed(world, repository)
    except (Retryable, Refused) as error:
        log.warning("comments not read", repository=repository.full_name, why=str(error))
        known.fail(repository.full_name, error)
        return 0


def _repositories(world: World, watched: Watch, known: Sweeps) -> Iterator[Repository]:
    """Each once, those with a name of their own first; owners are asked again at every sweep, because a
    repository may have appeared."""
    seen: set[int] = set()
    named = _named(world, watched.names, known)
    for repository in (*named, *_listed(world, watched, known), *_installed(world, watched, known)):
        if repository.id not in seen:
            seen.add(repository.id)
            yield repository


def _named(world: World, names: Iterable[str], known: Sweeps) -> Iterator[Repository]:
    for name in names:
        for repository in _asked(name, partial(_by_name, world, name), known):
            _follow(known, name, repository)
            yield repository


def _by_name(world: World, name: str) -> tuple[Repository, ...]:
    """What the name meant when it was first looked up, by whatever name it goes now: another repository
    may have its old one. Only when that is gone, what is called so now."""
    with world.store.read() as connection:
        before = repositories.watched_as(connection, name)
        told_at = repositories.told_at(connection, before.id) if before is not None else None
    asked_at = world.clock.now()
    if before is not None and not is_worth_asking(before.standing, told_at, asked_at):
        return (before,)
    found = _still_there(world, before) if before is not None else None
    found = found or world.conversation.repository(name)
    return (life.learn(world, found, asked_at=asked_at, watched_as=name),)


def _still_there(world: World, before: Repository) -> Repository | None:
    try:
        found = world.conversation.repository(before.full_name)
    except Refused:
        return None
    return found if found.id == before.id else None


def _follow(known: Sweeps, name: str, repository: Repository) -> None:
    if repository.full_name.lower() == name.lower():
        known.followed.pop(repository.id, None)
    elif known.followed.get(repository.id) != name:
        known.followed[repository.id] = name
        log.warning("repository has another name", watched=name, repository=repository.full_name)


def _listed(world: World, watched: Watch, known: Sweeps) -> Iterator[Repository]:
    for owner in watched.owners:
        asked_at = world.clock.now()
        for found in _asked(f"{owner}/*", partial(world.conversation.repositories, owner), known):
            if watched.by_pattern(found.full_name):
                yield life.learn(world, found, asked_at=asked_at)


def _installed(world: World, watched: Watch, known: Sweeps) -> Iterator[Repository]:
    if not watched.installed:
        return
    asked_at = world.clock.now()
    for found in _asked(INSTALLATIONS, world.conversation.installed, known):
        yield life.learn(world, found, asked_at=asked_at)


def _asked(name: str, ask: Callable[[], tuple[Repository, ...]], known: Sweeps) -> tuple[Repository, ...]:
    try:
        found = ask()
    except (Retryable, Refused) as error:
        log.warning("repository not swept", repository=name, why=str(error))
        known.fail(name, error)
        return ()
    known.trouble.pop(name, None)
    return found


def _compare(world: World, repository: Repository, tags: dict[str, Sha], *, backfill: bool) -> int:
    now = world.clock.now()
    current = set(tags.items())
    begun = _begin_watch(world, repository, tags)
    who = BACKFILL if backfill else SWEEP
    back = moved_back(world, repository, tags)
    with world.store.write() as connection:
        new = set() if begun else current - repositories.known_tags(connection, repository.id)
        older = current & repositories.older_tags(connection, repository.id) if backfill else set()
        told = inbox.open_tags(connection, repository.id)
        gone = runs.untagged_refs(connection, repository.id, tags)
        missed = sorted(({name for name, _ in new | older | back} | gone) - told)
        for name in missed:
            trigger = NewTrigger(inbox.TAG, repository.id, repository.full_name, name, who)
            inbox.add_trigger(connection, trigger, at=now)
    if missed:
        log.info("tags found", repository=repository.full_name, tags=missed)
    return len(missed)


def _begin_watch(world: World, repository: Repository, tags: dict[str, Sha]) -> bool:
    """Whether the watch begins now: what is older, and of which no delivery told us, runs not by itself."""
    with world.store.write() as connection:
        if repositories.has_baseline(connection, repository.id):
            return False
        told = inbox.triggered_tags(connection, repository.id)
        older = {name: sha for name, sha in tags.items() if name not in told}
        repositories.set_baseline(connection, repository.id, older, at=world.clock.now())
    log.info("repository watched", repository=repository.full_name, older_tags=len(older))
    return True
