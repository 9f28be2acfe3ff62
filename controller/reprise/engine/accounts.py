"""What a repository has taken this month, and what a run of it would cost. Asked by policies and spending.

Machine time of backends without a price and service units of leases are one account: a machine for an hour is
one unit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reprise.domain.audit import Unit
from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.quote import Estimate
from reprise.domain.policy import SU_SECONDS
from reprise.domain.run import Repository
from reprise.domain.spec.model import Spec
from reprise.engine.world import World
from reprise.store import audit, charges, runs
from reprise.store.database import Connection


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one machine that costs one unit an hour."""

    spent: float
    reserved: float


def taken(connection: Connection, repository: Repository, now: datetime, *, besides: str = "") -> Taken:
    """In this calendar month, UTC. ``besides``: the run that asks."""
    month = month_of(now)
    spent = audit.spent_since(connection, repository.full_name, Unit.MACHINE_SECONDS, month)
    leased = charges.of_repository(connection, repository.id, month, besides=besides)
    reserved = runs.reserved_seconds(connection, repository.id, besides=besides)
    return Taken(spent + leased * SU_SECONDS, reserved)


def quote(world: World, repository: Repository, spec: Spec, backend: str) -> Estimate | Nothing | None:
    """None where nothing is leased, or the backend is not ours any more."""
    known = world.backends.get(backend)
    if known is None or not known.provider.leases:
        return None
    with world.store.read() as connection:
        usual = charges.usual_hours(connection, repository.id, spec.name)
    return known.provider.quote(spec, timedelta(hours=usual) if usual is not None else None)


def month_of(now: datetime) -> datetime:
    """The beginning of a calendar month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
