"""What keeps a controller from being ready, in words. Asked by ``/readyz``."""

from dataclasses import dataclass

from reprise.domain.errors import Retryable
from reprise.domain.watch import Watch
from reprise.engine.sweep import INSTALLATIONS, Sweeps
from reprise.engine.world import Backend, World


@dataclass(frozen=True, slots=True)
class Lack:
    what: str
    """For everybody: no name of a repository, no path."""
    details: tuple[str, ...] = ()
    """For those who may read the pages."""


def lacks(
    world: World, watched: Watch, sweeps: Sweeps, *, leads: bool, tracking: str | None
) -> tuple[Lack, ...]:
    """Everything that is missing; empty = ready. ``tracking``: what our MLflow server waits for."""
    found = (_database(world), _leader(leads), _tracking(tracking), _swept(watched, sweeps))
    return tuple(lack for lack in (*found, *map(_backend, world.backends.values())) if lack is not None)


def _database(world: World) -> Lack | None:
    try:
        world.store.check_writable()
    except Retryable as error:
        return Lack("the database does not take writes", (str(error),))
    return None


def _leader(leads: bool) -> Lack | None:
    return None if leads else Lack("this process does not hold the lock of its state folder")


def _tracking(waits_for: str | None) -> Lack | None:
    return None if waits_for is None else Lack("MLflow's server is not ready", (waits_for,))


def _backend(backend: Backend) -> Lack | None:
    why = backend.lack()
    return None if why is None else Lack(f"the backend {backend.name} cannot work", (why,))


def _swept(watched: Watch, sweeps: Sweeps) -> Lack | None:
    missing = unswept(watched, sweeps)
    if not missing:
        return None
    details = tuple(
        f"{name}: {sweeps.trouble.get(name, 'its first sweep has not ended')}" for name in missing
    )
    return Lack(f"{len(missing)} of the watched repositories not swept since the start", details)


def unswept(watched: Watch, sweeps: Sweeps) -> tuple[str, ...]:
    """Named repositories without a sweep since the start, and owners and Apps that could not be listed."""
    swept = {name.lower() for name in dict(sweeps.done)}
    lists = (*(f"{owner}/*" for owner in watched.owners), INSTALLATIONS)
    return (
        *(name for name in watched.names if name.lower() not in swept),
        *(entry for entry in lists if entry in sweeps.trouble),
    )
