"""What follows for us when a repository is renamed, hidden, archived or lost.

Pure. What an event takes away is gone at once; what it gives is only believed once the forge was asked,
where it would show something to strangers. So an event that comes late, or again, reveals nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reprise.domain.event import AccessChanged, RepositoryChanged
from reprise.domain.run import Repository, Standing

LOST = frozenset({Standing.SUSPENDED, Standing.REMOVED, Standing.DELETED})
"""Out of reach: no call is made to it, and nothing is run for it."""
ASK_AGAIN = timedelta(days=1)
"""How long what is lost is left alone: the event that gives it back may have been lost too."""

WHY: dict[Standing, str] = {
    Standing.ACTIVE: "",
    Standing.ARCHIVED: "{name} is archived, so nothing can be answered there: unarchive it and ask again",
    Standing.SUSPENDED: "the App's installation at {owner} is suspended: unsuspend it there and ask again",
    Standing.REMOVED: "{name} was taken from the App's installation: add it there and ask again",
    Standing.DELETED: "{name} was deleted",
}
"""Why nothing is done for a repository, for its runs and for the operator."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is true of a repository from now on, and what becomes of its runs."""

    repository: Repository
    ends_waiting: str | None = None
    """The sentence with which runs end that wait; None = they go on waiting."""
    stops_live: str | None = None
    """Likewise for those that hold, or may hold, a machine."""


def why_left_alone(repository: Repository) -> str | None:
    """Why nothing new is done for it; None = nothing stands in the way."""
    if repository.standing is Standing.ACTIVE:
        return None
    owner = repository.full_name.partition("/")[0]
    return WHY[repository.standing].format(name=repository.full_name, owner=owner)


def is_worth_asking(standing: Standing, told_at: datetime | None, now: datetime) -> bool:
    """``told_at``: when an event last said something about it."""
    return standing not in LOST or told_at is None or now - told_at >= ASK_AGAIN


def is_back(known: Repository, now: Repository) -> bool:
    """Whether it can be written to again, so that what it missed can be told."""
    return known.standing is not Standing.ACTIVE and now.standing is Standing.ACTIVE


def learned(known: Repository, found: Repository) -> Outcome:
    """What the forge itself said when it was asked."""
    return _outcome(known, found)


def told(known: Repository, event: RepositoryChanged) -> Outcome:
    """``known`` is the same repository, by its number."""
    return _outcome(known, replace(event.facts, public=known.public and event.facts.public))


def access_changed(known: Repository, event: AccessChanged) -> Outcome:
    """What comes back was lost with it; whether it is archived meanwhile, the next look tells."""
    if event.standing is Standing.ACTIVE and known.standing not in (Standing.SUSPENDED, Standing.REMOVED):
        return Outcome(known)
    return _outcome(known, replace(known, standing=event.standing))


def concerns(event: AccessChanged, repository: Repository) -> bool:
    """An installation is of one account and has repositories of that account only."""
    if event.repository_ids is not None:
        return repository.id in event.repository_ids
    return repository.full_name.lower().startswith(f"{event.account.lower()}/")


def _outcome(known: Repository, new: Repository) -> Outcome:
    why = why_left_alone(new)
    if new.standing is known.standing or why is None:
        return Outcome(new)
    return Outcome(new, ends_waiting=why, stops_live=why if new.standing in LOST else None)
