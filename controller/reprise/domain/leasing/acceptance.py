"""Whether a leased machine is what was promised, judged before any job runs by what it says of itself. Pure.

A machine that fails is replaced, and the run's author is not charged for it: a GPU that fell off the bus is
nobody's result.
"""

from collections import Counter
from dataclasses import dataclass

from reprise.domain.leasing.catalogue import GB, GIB, Machine

GPU_MEMORY_SHARE = 0.85
"""Of what the vendor prints. Error correction takes a sixteenth, the driver some; a smaller card has half."""
MEMORY_SHARE = 0.8
"""Of a machine's memory: firmware and kernel keep some; a dead module takes more."""
CLOCK_SECONDS = 60.0
"""How far a clock may be off. Certificates and tokens start to fail within minutes."""


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    memory_bytes: int
    driver: str = ""
    """Its version; empty = not told."""


@dataclass(frozen=True, slots=True)
class Promise:
    gpus: int = 0
    gpu_memory_bytes: int | None = None
    """Of each, as the vendor prints it; None = nobody knows."""
    memory_bytes: int | None = None
    disk_bytes: int = 20 * GB
    """What images, data and results need."""


@dataclass(frozen=True, slots=True)
class Survey:
    """None = could not be told."""

    cards: tuple[Card, ...]
    trouble: str | None
    """Why the driver says nothing, in its words."""
    cpus: int | None
    memory_bytes: int | None
    disk_free_bytes: int | None
    clock_ahead_seconds: float | None
    clock_unsure_seconds: float = 0.0


def promised(machine: Machine, wanted_gpus: int) -> Promise:
    """What the catalogue says of it. For a run without GPUs nobody looks at those that it has."""
    memory = int(machine.memory_gib * GIB)
    if machine.gpu is None or not wanted_gpus:
        return Promise(memory_bytes=memory)
    return Promise(machine.gpus, machine.gpu.memory_gb * GIB, memory)


def failings(promise: Promise, survey: Survey) -> tuple[str, ...]:
    """What is wrong with it, each in words that follow "the machine"; empty = it is as promised."""
    found = (
        *_gpu_failings(promise, survey),
        _memory_failing(promise, survey),
        _disk_failing(promise, survey),
        _clock_failing(survey),
        None if survey.cpus else "does not tell how many cores it has",
    )
    return tuple(failing for failing in found if failing is not None)


def words(survey: Survey) -> str:
    """For people: ``2 x A100-PCIE-40GB 40 GB, driver 560.35.05, 64 cores, 252 GB``."""
    counted = Counter((card.name, _gib(card.memory_bytes)) for card in survey.cards)
    drivers = dict.fromkeys(card.driver for card in survey.cards if card.driver)
    parts = (
        *(f"{count} x {name} {gib}" for (name, gib), count in counted.items()),
        *(f"driver {driver}" for driver in drivers),
        f"{survey.cpus} cores" if survey.cpus else "",
        _gib(survey.memory_bytes) if survey.memory_bytes else "",
    )
    return ", ".join(part for part in parts if part)


def _gpu_failings(promise: Promise, survey: Survey) -> tuple[str, ...]:
    if not promise.gpus:
        return ()
    if survey.trouble is not None:
        return (f"has no GPU driver that answers: {survey.trouble}",)
    if len(survey.cards) < promise.gpus:
        return (f"shows {_gpus(len(survey.cards))} instead of {promise.gpus}",)
    least = (promise.gpu_memory_bytes or 0) * GPU_MEMORY_SHARE
    small = [card for card in survey.cards if card.memory_bytes < least]
    return tuple(
        f"has a {card.name} with {_gib(card.memory_bytes)} instead of {_gib(promise.gpu_memory_bytes or 0)}"
        for card in small
    )


def _memory_failing(promise: Promise, survey: Survey) -> str | None:
    if promise.memory_bytes is None:
        return None
    if survey.memory_bytes is None:
        return "does not tell how much memory it has"
    if survey.memory_bytes >= promise.memory_bytes * MEMORY_SHARE:
        return None
    return f"has {_gib(survey.memory_bytes)} of memory instead of {_gib(promise.memory_bytes)}"


def _disk_failing(promise: Promise, survey: Survey) -> str | None:
    if survey.disk_free_bytes is None:
        return "does not tell how much disk is free"
    free, needed = survey.disk_free_bytes / GB, promise.disk_bytes / GB
    return None if free >= needed else f"has {free:.1f} GB of disk free, and {needed:.0f} GB are needed"


def _clock_failing(survey: Survey) -> str | None:
    ahead = survey.clock_ahead_seconds
    if ahead is None:
        return "does not tell the time"
    if abs(ahead) - survey.clock_unsure_seconds <= CLOCK_SECONDS:
        return None
    return f"has a clock that is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}"


def _gpus(count: int) -> str:
    return "no GPU" if not count else f"{count} GPU{'s' if count > 1 else ''}"


def _gib(size: int) -> str:
    """As vendors print it: 24576 MiB are called 24 GB."""
    return f"{size / GIB:.0f} GB"
