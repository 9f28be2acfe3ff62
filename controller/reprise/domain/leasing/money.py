"""Service units: what a machine costs an hour, what a lease has cost, what a run will. Pure.

One service unit is an hour of one base machine. A lease is charged for its whole length when it is made;
giving it back ends the charge at that moment, and before its start it costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """Service units an hour; two numbers where no site publishes the price."""

    low: float
    high: float

    @property
    def certain(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Charge:
    """One lease and what it costs. Read again while it grows; ``lease_id`` is what it is known by."""

    lease_id: str
    site: str
    what: str
    """For people: ``1 x gpu_a100_pcie``."""
    su_per_hour: float
    """Of all of its machines together."""
    start: datetime
    end: datetime
    """Until when it is reserved."""
    ended_at: datetime | None = None
    """When it was given back, or ended by itself; None = it goes on."""
    fault: str | None = None
    """Why it did not serve the job, through no doing of its author; None = it served it."""


def used(charge: Charge, now: datetime) -> float:
    """Service units up to ``now``."""
    until = min(charge.ended_at or now, charge.end)
    return charge.su_per_hour * _hours(until - charge.start)


def reserved(charge: Charge) -> float:
    """Service units that are kept for it: all of its length, or what it came to."""
    return charge.su_per_hour * hours(charge)


def hours(charge: Charge) -> float:
    """That it is, or was, held for."""
    until = charge.end if charge.ended_at is None else min(charge.ended_at, charge.end)
    return _hours(until - charge.start)


def total(charges: Iterable[Charge], now: datetime) -> float:
    return sum(used(charge, now) for charge in charges)


def kept(charges: Iterable[Charge]) -> float:
    return sum(reserved(charge) for charge in charges)


def lost(charges: Iterable[Charge], now: datetime) -> float:
    """What infrastructure faults cost."""
    return sum(used(charge, now) for charge in charges if charge.fault is not None)


def _hours(time: timedelta) -> float:
    return max(time / _HOUR, 0.0)
