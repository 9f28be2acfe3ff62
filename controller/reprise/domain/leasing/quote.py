"""What a run would cost in service units, from what is known before anybody is asked. Pure.

Which machine it gets is only settled when one is leased: the cheapest that fits gives the lower end and what
is likely, the dearest the upper end. A lease is given back as soon as the run is over, so that it is seldom
paid to its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from reprise.domain.leasing.catalogue import GB, GUESS, Gpu, Machine, of_sites
from reprise.domain.leasing.choice import Nothing, most_su, unfit
from reprise.domain.leasing.inventory import MACHINES
from reprise.domain.leasing.length import OVERHEAD, SPARE, Length, lease_length
from reprise.domain.run import Reason
from reprise.domain.spec.model import Spec
from reprise.domain.trials import controls_of, wants_probe

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Service units."""

    low: float
    likely: float | None
    """None when nobody knows how long the job takes."""
    high: float
    """When the dearest machine is all there is, and the lease lasts to its end."""
    least: float
    """What the cheapest lease reserves: without as much in the budget there is none."""
    machines: tuple[str, ...]
    """That fit, the cheapest first."""
    length: Length
    guessed: bool
    """Some of the prices are not published."""

    @property
    def rate(self) -> float:
        """Service units an hour of the cheapest machine."""
        return self.least / (self.length.lease / _HOUR)


def quote(
    spec: Spec,
    *,
    sites: Sequence[str] = (),
    overhead: timedelta = OVERHEAD,
    usual: timedelta | None = None,
    machines: Sequence[Machine] = MACHINES,
) -> Estimate | Nothing:
    """``sites``: that this controller has; empty = any. ``usual``: what whole runs of it took so far."""
    offered = (*of_sites(machines, sites), *_unknown(spec, machines))
    fitting = [each for each in offered if unfit(spec.resources, each) is None]
    if not fitting:
        return Nothing(Reason.NO_CAPACITY, _none_fits(spec, offered))
    fitting.sort(key=lambda machine: (machine.rate.high, machine.rate.low, machine.name))
    length = lease_length(spec, overhead=overhead)
    expected = _expected(spec, overhead) if usual is None else usual
    cheapest = fitting[0].rate
    shortest = overhead / SPARE if expected is None else expected / SPARE
    return Estimate(
        low=min(machine.rate.low for machine in fitting) * (min(shortest, length.lease) / _HOUR),
        likely=None if expected is None else cheapest.high * (min(expected, length.lease) / _HOUR),
        high=max(most_su(machine.rate, length.lease) for machine in fitting),
        least=most_su(cheapest, length.lease),
        machines=tuple(dict.fromkeys(machine.name for machine in fitting)),
        length=length,
        guessed=any(not machine.rate.certain for machine in fitting),
    )


def _unknown(spec: Spec, machines: Sequence[Machine]) -> list[Machine]:
    """Types that the spec names and the catalogue does not know: a site may have them all the same."""
    known, wanted = {machine.name for machine in machines}, spec.resources
    gpu = None
    if wanted.gpus:
        memory_gb = -(-(wanted.gpu_memory_bytes or 0) // GB)
        gpu = Gpu("unknown", next(iter(wanted.gpu_arch), "unknown"), memory_gb)
    return [
        Machine("", name, False, gpu, wanted.gpus, 0, 0, GUESS)
        for name in wanted.node_types
        if name not in known
    ]


def _expected(spec: Spec, overhead: timedelta) -> timedelta | None:
    if spec.resources.duration is None:
        return None
    certain = spec.n + wants_probe(spec) + len(controls_of(spec))
    return overhead + certain * spec.resources.duration


def _none_fits(spec: Spec, offered: Sequence[Machine]) -> str:
    names = spec.resources.node_types
    near = [machine for machine in offered if not names or machine.name in names]
    if not near:
        return f"No site of this controller has {' or '.join(names)}: look at `resources.node_type`."
    if not names:
        return "No machine has all that `resources` asks for: ask for less, or for another GPU."
    told = dict.fromkeys(f"{machine.name} {unfit(spec.resources, machine)}" for machine in near)
    return f"No machine fits `resources`: {'; '.join(told)}. Ask for less, or for another."
