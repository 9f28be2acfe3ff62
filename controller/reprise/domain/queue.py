"""Who may start next, and why everybody else waits. Pure: the grant loop acts on it, pages show it.

Repositories take turns: the one with the fewest live or recently granted runs comes first, then whoever
came first. So a repository with 200 tags costs its neighbour one place, not 200. Within a repository
the order of arrival stands, except that a run whose own limit is reached, or whose backend is full, lets the
next one pass.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reprise.domain.run import RunId

SWEEP = "the sweep"
BACKFILL = "the backfill"
"""Who caused what nobody asked for. With a space, which no login has."""
NOBODY = frozenset({SWEEP, BACKFILL})
"""They are no users, so no limit of one user counts their runs."""

RECENT = 20
"""Grants that count for the turns of the repositories. Older ones are forgotten, so nobody waits for ever."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as the queue sees it."""

    id: RunId
    number: int
    """The order of arrival."""
    repository_id: int
    repository: str
    who: str
    backend: str
    """Where it is to run."""

    @property
    def user(self) -> str | None:
        return None if self.who in NOBODY else self.who


@dataclass(frozen=True, slots=True)
class Limits:
    """Runs at the same time; None = as many as there are slots."""

    slots: Mapping[str, int]
    """By backend."""
    per_repository: int | None = None
    per_user: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    place: int
    """1 = next."""
    why: str
    """e.g. ``the only slot is in use``; empty when it starts at once"""

    def __str__(self) -> str:
        return f"place {self.place}" + (f", {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Queue:
    """What is decided about every waiting run."""

    granted: tuple[RunId, ...]
    """These start now."""
    waits: dict[RunId, Wait]
    """Everybody, in the order of the places."""


def decide(waiting: Iterable[Entry], busy: Sequence[Entry], recent: Iterable[Entry], limits: Limits) -> Queue:
    """``busy`` runs hold a slot; ``recent`` are the last `RECENT` grants, among them busy ones."""
    users = Counter(entry.user for entry in busy)
    repositories = Counter(entry.repository_id for entry in busy)
    taken = Counter(entry.backend for entry in busy)
    granted: list[RunId] = []
    waits: dict[RunId, Wait] = {}
    for entry in _in_turn(waiting, (*busy, *recent)):
        why = _why(entry, taken, repositories, users, limits)
        waits[entry.id] = Wait(len(waits) + 1, why)
        if why:
            continue
        granted.append(entry.id)
        taken[entry.backend] += 1
        users[entry.user] += 1
        repositories[entry.repository_id] += 1
    return Queue(tuple(granted), waits)


def _in_turn(waiting: Iterable[Entry], served: Iterable[Entry]) -> list[Entry]:
    """Each further run of a repository counts as if the ones before it were granted."""
    shares = Counter(repository for _, repository in {(each.id, each.repository_id) for each in served})
    turns = []
    for entry in sorted(waiting, key=lambda each: each.number):
        turns.append((shares[entry.repository_id], entry.number, entry))
        shares[entry.repository_id] += 1
    return [entry for *_, entry in sorted(turns, key=lambda turn: turn[:2])]


def gone(backend: str, here: Iterable[str]) -> str:
    """Why nothing can be done on a backend that the settings do not name any more, and what to do."""
    return (
        f"the backend {backend} is not among those of this controller ({', '.join(here)}): "
        f"the operator can put {backend} back into REPRISE_BACKENDS, or cancel the run"
    )


def _why(
    entry: Entry,
    taken: Counter[str],
    repositories: Counter[int],
    users: Counter[str | None],
    limits: Limits,
) -> str:
    """Why this run cannot start now; its own limits first, since a free slot would not help it."""
    if entry.backend not in limits.slots:
        return gone(entry.backend, limits.slots)
    if limits.per_repository is not None and repositories[entry.repository_id] >= limits.per_repository:
        return f"{entry.repository} already has {_runs(limits.per_repository)} of {limits.per_repository}"
    if limits.per_user is not None and entry.user is not None and users[entry.user] >= limits.per_user:
        return f"{entry.user} already has {_runs(limits.per_user)} of {limits.per_user}"
    slots = limits.slots[entry.backend]
    if taken[entry.backend] >= slots:
        where = f" of {entry.backend}" if len(limits.slots) > 1 else ""
        return f"the only slot{where} is in use" if slots == 1 else f"all {slots} slots{where} are in use"
    return ""


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
