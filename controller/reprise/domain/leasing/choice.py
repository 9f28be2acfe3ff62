"""Which machine a run is to have, and when: what fits the spec, by start, then by cost. Pure.

Nothing is leased that the spec does not need: a job without GPUs never gets a machine with some unless it
names the type, and no choice costs more than the run may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reprise.domain.hardware import named, same_class
from reprise.domain.leasing.catalogue import GIB, Care, Machine
from reprise.domain.leasing.money import Rate
from reprise.domain.leasing.supply import Supply
from reprise.domain.leasing.windows import Window, earliest, earliest_room
from reprise.domain.run import Reason
from reprise.domain.spec.model import Hardware, Resources
from reprise.domain.words import duration


@dataclass(frozen=True, slots=True)
class Choice:
    machine: Machine
    start: datetime | None
    """None = now."""
    end: datetime
    uids: tuple[str, ...]
    """The hosts to name in the reservation, in any order; empty = any of the type, or a flavor."""
    flavor_id: str | None
    most_su: float
    """When the lease lasts to its end."""
    comparability: str
    """What it means for the numbers: one sentence."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No machine for this run."""

    reason: Reason
    why: str
    """Whole sentences with what would help."""


@dataclass(frozen=True, slots=True)
class Limits:
    latest: datetime
    """After which a start is no use any more."""
    most_su: float | None = None
    """None = no bound."""


def choose(
    wanted: Resources,
    supplies: Sequence[Supply],
    *,
    now: datetime,
    length: timedelta,
    limits: Limits,
    published: Hardware | None = None,
) -> tuple[Choice, ...] | Nothing:
    """Every choice, the best first: whoever finds one taken meanwhile goes on to the next.

    ``supplies`` of all sites. ``published``: the class that the published numbers come from.
    """
    fitting = [supply for supply in supplies if unfit(wanted, supply.machine) is None]
    if not fitting:
        return Nothing(Reason.NO_CAPACITY, _none_fits(wanted, supplies))
    affordable = [supply for supply in fitting if _affordable(supply.machine.rate, length, limits)]
    if not affordable:
        return Nothing(Reason.OVER_BUDGET, _too_dear(fitting, length, limits))
    found = [
        _choice(wanted, supply, window, now, length, published)
        for supply in affordable
        if (window := _window(supply, now, length, limits)) is not None
    ]
    if not found:
        return Nothing(Reason.NO_CAPACITY, _all_taken(affordable, length, limits))
    return tuple(sorted(found, key=lambda choice: (choice.start or now, choice.most_su, choice.machine.name)))


def unfit(wanted: Resources, machine: Machine) -> str | None:
    """Why this machine is not for it, in a few words; None when it is."""
    by_name = machine.name in wanted.node_types
    if wanted.node_types and not by_name:
        return "is not among resources.node_type"
    gpu = machine.gpu
    by_arch = gpu is not None and gpu.arch in wanted.gpu_arch
    if machine.care is Care.NEVER:
        return "has GPUs that no supported image drives"
    if machine.care is Care.ASKED and not (by_name or by_arch):
        return "is only for who names its type or architecture"
    if (wanted.cpus or 0) > machine.cpus > 0:
        return f"has {machine.cpus} cores"
    if machine.memory_gib and (wanted.memory_bytes or 0) > machine.memory_gib * GIB:
        return f"has {machine.memory_gib:g} GiB of memory"
    return _unfit_gpus(wanted, machine, by_name=by_name)


def comparability(machine: Machine, gpus: int, published: Hardware | None) -> str:
    """One sentence. ``gpus``: that the job gets."""
    here = Hardware(machine.gpu.name, gpus) if machine.gpu is not None and gpus else Hardware(None, 0)
    what = named(here)
    if machine.gpu is not None and machine.gpu.slice is not None:
        return (
            f"{what}, a slice {machine.gpu.slice} of it: times and, where kernels are picked by size, "
            "last digits differ from a whole card's."
        )
    if published is None:
        return f"{what}; the spec does not say what the published numbers come from."
    if same_class(here, published):
        return f"{what}, the class that was published on."
    return (
        f"{what}, another class than was published on ({named(published)}): exact equality is not to be "
        "expected, a tolerance may hold."
    )


def _unfit_gpus(wanted: Resources, machine: Machine, *, by_name: bool) -> str | None:
    gpu = machine.gpu
    if not wanted.gpus:
        return None if machine.gpus == 0 or by_name else "has GPUs that the spec does not ask for"
    if gpu is None or machine.gpus < wanted.gpus:
        return f"has {machine.gpus} GPU{'s' if machine.gpus != 1 else ''}"
    if wanted.gpu_arch and gpu.arch not in wanted.gpu_arch:
        return f"has GPUs of architecture {gpu.arch}"
    if (wanted.gpu_memory_bytes or 0) > gpu.memory_gb * GIB:
        return f"has GPUs of {gpu.memory_gb} GB" if gpu.memory_gb else "has GPUs of unknown memory"
    return None


def _window(supply: Supply, now: datetime, length: timedelta, limits: Limits) -> Window | None:
    if supply.flavor_id is None:
        return earliest(supply.hosts, now=now, length=length, latest=limits.latest)
    if supply.rooms is None:  # nobody tells: the request itself will
        return Window(now)
    return earliest_room(supply.rooms, now=now, length=length, latest=limits.latest)


def _choice(
    wanted: Resources,
    supply: Supply,
    window: Window,
    now: datetime,
    length: timedelta,
    published: Hardware | None,
) -> Choice:
    machine = supply.machine
    return Choice(
        machine=machine,
        start=None if window.start == now else window.start,
        end=window.start + length,
        uids=() if supply.all_of_type else window.hosts,
        flavor_id=supply.flavor_id,
        most_su=most_su(machine.rate, length),
        comparability=comparability(machine, wanted.gpus, published),
    )


def most_su(rate: Rate, length: timedelta) -> float:
    return rate.high * (length / timedelta(hours=1))


def _affordable(rate: Rate, length: timedelta, limits: Limits) -> bool:
    return limits.most_su is None or most_su(rate, length) <= limits.most_su


def _none_fits(wanted: Resources, supplies: Sequence[Supply]) -> str:
    if not supplies:
        return "The sites of this controller have nothing to lease: ask the operator why."
    named_types = [s for s in supplies if not wanted.node_types or s.machine.name in wanted.node_types]
    if not named_types:
        have = ", ".join(sorted({supply.machine.name for supply in supplies}))
        return (
            f"No site of this controller has {' or '.join(wanted.node_types)}: name one of {have} "
            "in `resources.node_type`, or leave it out."
        )
    nearest = dict.fromkeys(
        f"{supply.machine.name} of {supply.machine.site} {unfit(wanted, supply.machine)}"
        for supply in named_types
    )
    return f"No machine fits `resources`: {'; '.join(nearest)}. Ask for less, or for another."


def _too_dear(fitting: Sequence[Supply], length: timedelta, limits: Limits) -> str:
    cheapest = min(fitting, key=lambda supply: supply.machine.rate.high)
    needs = most_su(cheapest.machine.rate, length)
    return (
        f"The cheapest machine that fits, {cheapest.machine.name} of {cheapest.machine.site}, would cost up "
        f"to {needs:.1f} SU for {duration(length.total_seconds())}, and this run may cost "
        f"{limits.most_su or 0:.1f} SU: ask for less time, or raise `policy.max_su_per_run` on the default "
        "branch."
    )


def _all_taken(supplies: Sequence[Supply], length: timedelta, limits: Limits) -> str:
    names = ", ".join(sorted({f"{s.machine.name} of {s.machine.site}" for s in supplies}))
    return (
        f"{names}: none is free for {duration(length.total_seconds())} with a start before "
        f"{limits.latest:%Y-%m-%d %H:%M} UTC. "
        "Allow another type in `resources.node_type`, ask for less time, or try again later."
    )
