"""The portal's arithmetic: a charge for each reservation, encumbered whole when it is made, cut when it ends.

Service units are hours times a machine's ``su_factor``; a flavor costs its share of a host's processors.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.openstack.machines import FLAVORS
from tests.openstack.rules import Rules

TOLERANCE = 1.0
HOST_CPUS = 48
FREE = "virtual:floatingip"
Asked = Mapping[str, Any]


class Denied(Exception):
    """The portal's sentence."""


@dataclass(frozen=True)
class Charge:
    lease: str
    """Its name: a lease that is asked for has no id yet."""
    project: str
    user: str
    start: datetime
    end: datetime
    rate: float
    """Service units an hour."""

    def units(self) -> float:
        return max(0.0, (self.end - self.start).total_seconds()) / 3600 * self.rate


class Book:
    """Safe from several threads. ``name`` tells what a project or person with that id is called."""

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name
        self._charges: list[Charge] = []
        self._lock = threading.Lock()

    def shown(self, now: datetime) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "lease": charge.lease,
                    "project": charge.project,
                    "user": charge.user,
                    "start": charge.start.isoformat(),
                    "end": charge.end.isoformat(),
                    "rate": charge.rate,
                    "units": charge.units(),
                    "ongoing": charge.end > now,
                }
                for charge in self._charges
            ]

    def forget(self) -> None:
        """As if nobody had ever leased."""
        with self._lock:
            self._charges = []

    def create(self, asked: Asked, rules: Rules) -> None:
        """Raises Denied. Blazar asks also for what it cannot give, without any host; that costs nothing."""
        wanted = charge_of(asked["context"], asked["lease"])
        check_length((wanted.end - wanted.start).total_seconds(), rules)
        check_project_end(wanted, rules)
        with self._lock:
            self._check_budgets(wanted, rules, "Reservation")
            if wanted.rate:
                self._charges.append(wanted)

    def update(self, asked: Asked, rules: Rules, now: datetime) -> None:
        """Raises Denied. What is not to be changed may be missing in the new lease."""
        before = charge_of(asked["context"], asked["current_lease"])
        wanted = charge_of(asked["context"], {**asked["current_lease"], **asked["lease"]})
        if wanted.end > before.end and before.start <= now:
            check_length((wanted.end - before.end).total_seconds(), rules)
            check_window(before.end, now, rules)
        check_project_end(wanted, rules)
        if not before.rate:
            return
        with self._lock:
            charge = self._ongoing(before)
            others = [other for other in self._charges if other is not charge]
            self._check_budgets(wanted, rules, "Reservation update", others)
            self._charges = [*others, replace(charge, start=wanted.start, end=wanted.end, rate=wanted.rate)]

    def end(self, asked: Asked, now: datetime) -> None:
        """The charge stops now; of one that has not begun nothing is left."""
        ended = charge_of(asked["context"], asked["lease"])
        if not ended.rate:
            return
        with self._lock:
            charge = self._ongoing(ended)
            others = [other for other in self._charges if other is not charge]
            if charge.start < now:
                others.append(replace(charge, end=now))
            self._charges = others

    def _ongoing(self, like: Charge) -> Charge:
        found = [
            charge
            for charge in self._charges
            if (charge.lease, charge.project) == (like.lease, like.project) and charge.end >= like.end
        ]
        if len(found) != 1:
            raise Denied(f"Wrong number of ongoing charges for reservation {like.lease}")
        return found[0]

    def _check_budgets(
        self, wanted: Charge, rules: Rules, what: str, others: list[Charge] | None = None
    ) -> None:
        known = self._charges if others is None else others
        spent = sum(charge.units() for charge in known if charge.project == wanted.project)
        left = rules.project_sus - spent
        if wanted.units() > left:
            name = self._name(wanted.project)
            raise Denied(
                f"{what} for project {name} would spend {wanted.units():.2f} SUs, only {left:.2f} left"
            )
        if rules.user_sus is None:
            return
        left = rules.user_sus - sum(charge.units() for charge in known if charge.user == wanted.user)
        if wanted.units() > left:
            name = self._name(wanted.user)
            raise Denied(
                f"{what} for user {name} would spend {wanted.units():.2f} SUs, "
                f"only {left:.2f} left in user budget"
            )


def charge_of(context: Asked, lease: Asked) -> Charge:
    return Charge(
        lease=lease["name"],
        project=context["project_id"],
        user=context["user_id"],
        start=datetime.fromisoformat(lease["start_date"]),
        end=datetime.fromisoformat(lease["end_date"]),
        rate=sum(rate_of(reservation) for reservation in lease["reservations"]),
    )


def rate_of(reservation: Asked) -> float:
    if reservation["resource_type"] == FREE:
        return 0.0
    hosts = reservation["allocations"]
    factors = [float(host.get("su_factor", 1.0)) for host in hosts]
    if reservation["resource_type"] == "physical:host":
        return sum(factors)
    return sum(factors) * cpus_of(reservation) / HOST_CPUS


def cpus_of(reservation: Asked) -> int:
    """Of one server. What is only asked for has a flavor's id, what is there has the processors too."""
    known = {flavor.name: flavor.cpus for flavor in FLAVORS}
    return int(reservation.get("vcpus") or known[reservation["flavor_id"]])


def check_length(seconds: float, rules: Rules) -> None:
    if seconds > rules.longest_seconds + TOLERANCE:
        raise Denied(
            f"Lease duration of {seconds:.0f} seconds must be less than or equal to "
            f"the maximum lease duration of {rules.longest_seconds:.0f} seconds"
        )


def check_window(end: datetime, now: datetime, rules: Rules) -> None:
    if (end - now).total_seconds() > rules.window_seconds:
        raise Denied(
            f"Lease can only be extended within {rules.window_seconds:.0f} seconds "
            f"of the leases current end time."
        )


def check_project_end(wanted: Charge, rules: Rules) -> None:
    if rules.project_ends is not None and wanted.end > rules.project_ends:
        raise Denied(
            f"Cannot create a lease beyond Chameleon project expiration date {rules.project_ends:%Y-%m-%d}."
        )
