"""Where trials run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from reprise.domain.leasing.choice import Nothing
from reprise.domain.leasing.money import Charge
from reprise.domain.leasing.quote import Estimate
from reprise.domain.run import RunId
from reprise.domain.spec.model import Spec
from reprise.ports.building import Failed


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a provider granted a run. Plain strings: it crosses a durable step."""

    name: str
    folder: str
    """Where trials may work; gone after release."""
    description: str
    """For people, e.g. ``this machine, 2 cores``."""
    cpus: int
    isolation: str = "none"
    """For people: what separates the job from this machine."""
    network: str = "not enforced"
    """For people: ``off``, ``not enforced`` or ``open, as the spec asks``."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet; ask again after ``after``."""

    why: str
    after: timedelta


class Provider(Protocol):
    """A source of machines. Order: request, observe until Allocation or Failed, release."""

    @property
    def leases(self) -> bool:
        """Whether a request costs somebody something, so that a run with known errors makes none."""
        ...

    def request(self, run_id: RunId, spec: Spec) -> None:
        """Create or adopt what carries this run's id. Safe to repeat.

        ``spec.policy`` is the one that counts for this run: a lease costs at most its ``max_su_per_run``.
        """
        ...

    def observe(self, run_id: RunId) -> Pending | Allocation | Failed: ...

    def release(self, run_id: RunId) -> None:
        """End everything of this run and give it back. Already gone is fine."""
        ...

    def owned(self) -> tuple[RunId, ...]:
        """Runs that this provider holds something for."""
        ...

    def quote(self, spec: Spec, usual: timedelta | None) -> Estimate | Nothing | None:
        """What a run would cost; asks nobody. None where a machine costs nothing but its time.

        ``usual``: how long whole runs of it took so far.
        """
        ...

    def charges(self, run_id: RunId) -> tuple[Charge, ...]:
        """Every lease of this run and what it costs, also of those given back; () where nothing is leased."""
        ...
