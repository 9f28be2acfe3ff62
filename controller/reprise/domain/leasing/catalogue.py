"""What the sites have to lease, as far as no service tells it: memory and architecture of GPUs, prices. Pure.

A site's own word on a host (how many GPUs, which model, its price) wins over this; how much memory a GPU has,
no reservation service knows. Machines of one type may differ, then each kind has its entry. The data is in
`inventory`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from reprise.domain.leasing.money import Rate

GB = 10**9
GIB = 2**30

GUESS = Rate(1.0, 16.0)
"""Of a machine whose price nobody tells."""


class Care(Enum):
    """How far a machine can be relied on."""

    NONE = "none"
    ASKED = "asked"
    """Its GPUs want another driver or image than most, or it is very small: only for who names it, or its
    architecture."""
    NEVER = "never"
    """No supported image drives it."""


@dataclass(frozen=True, slots=True)
class Gpu:
    name: str
    """As people write the card, e.g. ``A100-PCIe-80GB``."""
    arch: str
    """In lower case."""
    memory_gb: int
    """As the vendor prints it; of a slice what it shows, in GiB."""
    vendor: str = "nvidia"
    slice: str | None = None
    """Of a card that several share, e.g. ``1g.12gb``; None = the whole card."""


@dataclass(frozen=True, slots=True)
class Machine:
    site: str
    name: str
    """The node type, or the flavor's name."""
    flavor: bool
    """A virtual machine instead of a whole one."""
    gpu: Gpu | None
    gpus: int
    """Of one machine."""
    cpus: int
    """Threads; of machines that differ, most of them."""
    memory_gib: float
    rate: Rate
    """Of one machine."""
    care: Care = Care.NONE


def entries(machines: Sequence[Machine], site: str, name: str) -> tuple[Machine, ...]:
    """Every kind of this name at the site, else at another: a type means the same everywhere."""
    same = [machine for machine in machines if machine.name == name]
    here = [machine for machine in same if machine.site == site]
    first = same[0].site if same else site
    return tuple(here or (machine for machine in same if machine.site == first))


def of_sites(machines: Sequence[Machine], sites: Sequence[str]) -> tuple[Machine, ...]:
    """All that these sites have; everything where the catalogue knows none of them."""
    here = tuple(machine for machine in machines if machine.site in sites)
    return here or tuple(machines)


def kind_of(kinds: Sequence[Machine], gpus: int | None, model: str | None) -> Machine | None:
    """Which of the kinds of a type a host is, by what its site says; None where that fits none of them.

    ``model`` is compared by the name of the card alone: sites write the rest in their own ways.
    """
    fitting = [kind for kind in kinds if gpus is None or kind.gpus == gpus]
    if model is not None:
        named = [kind for kind in fitting if kind.gpu is None or _card(kind.gpu) in _marketed(model)]
        fitting = _closest(named, model) or fitting
    return min(fitting, key=_least, default=None)


def _least(kind: Machine) -> tuple[int, int]:
    """Where nobody tells which it is, no more is promised than all of them have."""
    return kind.gpus, kind.gpu.memory_gb if kind.gpu is not None else 0


def _card(gpu: Gpu) -> str:
    return gpu.name.upper().split("-")[0]


def _marketed(model: str) -> str:
    """``GA100GL [A30 PCIe]`` is the chip and the card; chips are named like other cards."""
    inside = model.partition("[")[2].partition("]")[0]
    return (inside or model).upper().replace(" ", "")


def _closest(kinds: Sequence[Machine], model: str) -> list[Machine]:
    """Those that agree on the form, where the model tells it."""
    for form in ("SXM", "PCIE"):
        if form in model.upper():
            same = [kind for kind in kinds if kind.gpu is not None and form in kind.gpu.name.upper()]
            return same or list(kinds)
    return list(kinds)
