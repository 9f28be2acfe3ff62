"""What is kept and for how long: decides what goes, from a list of what is there. Called by the engine.

What somebody needs never goes, whatever its age and size, and neither does what a verdict rests on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reprise.domain.words import size


class Kind(StrEnum):
    """Everything that grows."""

    DOWNLOADS = "downloads"
    CLONE = "clone"
    ENVIRONMENT = "environment"
    DATA = "data file"
    SERVER = "MLflow environment"
    LOGS = "logs"
    REHEARSAL = "rehearsal"
    DELIVERY = "deliveries"
    WORKFLOW = "steps"
    LEFTOVER = "leftover"
    EVIDENCE = "evidence"


class Group(StrEnum):
    """Kinds that share a bound."""

    CACHE = "cache"
    LOGS = "logs"
    REHEARSALS = "rehearsals"
    RECORDS = "records"
    LEFTOVERS = "leftovers"


GROUP: dict[Kind, Group | None] = {
    Kind.DOWNLOADS: Group.CACHE,
    Kind.CLONE: Group.CACHE,
    Kind.ENVIRONMENT: Group.CACHE,
    Kind.DATA: Group.CACHE,
    Kind.SERVER: Group.CACHE,
    Kind.LOGS: Group.LOGS,
    Kind.REHEARSAL: Group.REHEARSALS,
    Kind.DELIVERY: Group.RECORDS,
    Kind.WORKFLOW: Group.RECORDS,
    Kind.LEFTOVER: Group.LEFTOVERS,
    Kind.EVIDENCE: None,
}
"""None = stays for good."""

RECENT = timedelta(hours=1)
"""What was used since then is not removed for its size: whoever used it may be about to say so."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be removed by itself."""

    kind: Kind
    name: str
    """Tells it from the others of its kind: an environment's key, a run's id, a clone's folder."""
    bytes: int
    used_at: datetime
    """The last time that somebody needed it."""
    needed: str | None = None
    """Who needs it now, in words; None = nobody."""


@dataclass(frozen=True, slots=True)
class Bound:
    """None = no bound."""

    age: timedelta | None = None
    """Since the last use."""
    bytes: int | None = None
    """Of the whole group, also of what is needed."""


@dataclass(frozen=True, slots=True)
class Policy:
    cache: Bound = Bound()
    logs: Bound = Bound()
    rehearsals: Bound = Bound()
    records: Bound = Bound()
    leftovers: Bound = Bound(timedelta(days=1))
    """What a crash left behind. A day, because what has no owner yet may be getting one."""

    def of(self, group: Group) -> Bound:
        bounds = {
            Group.CACHE: self.cache,
            Group.LOGS: self.logs,
            Group.REHEARSALS: self.rehearsals,
            Group.RECORDS: self.records,
            Group.LEFTOVERS: self.leftovers,
        }
        return bounds[group]


@dataclass(frozen=True, slots=True)
class Removal:
    item: Item
    why: str


def what_to_remove(inventory: Iterable[Item], policy: Policy, now: datetime) -> list[Removal]:
    """First what was not used for too long, then, while a group is too large, what was unused longest.

    Downloads go before what was made of them. Deciding again about what is left removes nothing more.
    """
    groups: dict[Group, list[Item]] = {group: [] for group in Group}
    for item in inventory:
        group = GROUP[item.kind]
        if group is not None:
            groups[group].append(item)
    return [removal for group, items in groups.items() for removal in _of_group(items, policy.of(group), now)]


def _of_group(items: list[Item], bound: Bound, now: datetime) -> list[Removal]:
    left = sum(item.bytes for item in items)
    removals = []
    free = sorted((item for item in items if item.needed is None), key=_first_to_go)
    for item in free:
        if bound.age is not None and now - item.used_at > bound.age:
            removals.append(Removal(item, f"not used for {(now - item.used_at).days} days"))
            left -= item.bytes
    gone = {id(removal.item) for removal in removals}
    for item in free:
        if bound.bytes is None or left <= bound.bytes:
            break
        if id(item) not in gone and item.bytes > 0 and now - item.used_at > RECENT:
            removals.append(Removal(item, f"together there is more than {size(bound.bytes)}"))
            left -= item.bytes
    return removals


def _first_to_go(item: Item) -> tuple[int, datetime, str]:
    return int(item.kind is not Kind.DOWNLOADS), item.used_at, item.name
