"""What one site could lease now: its hosts of one type or one flavor, with calendar and price. Pure.

Made from what a reservation service says, and from the catalogue where that says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reprise.domain.leasing.catalogue import GIB, GUESS, Care, Gpu, Machine, entries, kind_of
from reprise.domain.leasing.inventory import MACHINES
from reprise.domain.leasing.money import Rate
from reprise.domain.leasing.windows import Room, Span


@dataclass(frozen=True, slots=True)
class HostFact:
    """A usable host, as its site tells of it."""

    uid: str
    node_type: str
    properties: Mapping[str, str]
    busy: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class FlavorFact:
    id: str
    name: str
    cpus: int
    memory_bytes: int
    specs: Mapping[str, str]
    rooms: tuple[Room, ...] | None = None
    """None = the site does not tell."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Machines that are alike: either hosts with their calendar, or a flavor with its rooms."""

    machine: Machine
    hosts: Mapping[str, tuple[Span, ...]]
    """uid → when it is taken; empty for a flavor."""
    all_of_type: bool
    """Whether the site has no other kind of this type, so that hosts need no naming."""
    flavor_id: str | None = None
    rooms: tuple[Room, ...] | None = None


def of_hosts(
    site: str, hosts: Iterable[HostFact], machines: Sequence[Machine] = MACHINES
) -> tuple[Supply, ...]:
    """One for each kind of machine among them."""
    made: list[Supply] = []
    in_order = sorted(hosts, key=lambda host: host.node_type)
    for _, same_type in groupby(in_order, key=lambda host: host.node_type):
        kinds: dict[Machine, dict[str, tuple[Span, ...]]] = {}
        for host in same_type:
            kinds.setdefault(_machine(site, host, machines), {})[host.uid] = host.busy
        made += [Supply(kind, calendar, len(kinds) == 1) for kind, calendar in kinds.items()]
    return tuple(made)


def of_flavor(site: str, flavor: FlavorFact, machines: Sequence[Machine] = MACHINES) -> Supply:
    kinds = entries(machines, site, flavor.name)
    if kinds:
        machine = replace(kinds[0], site=site)
    else:
        gpu = _UNKNOWN_GPU if _asks_for_gpu(flavor.specs) else None
        memory_gib = flavor.memory_bytes / GIB
        machine = Machine(
            site, flavor.name, True, gpu, int(gpu is not None), flavor.cpus, memory_gib, GUESS, Care.ASKED
        )
    return Supply(machine, {}, True, flavor.id, flavor.rooms)


def _machine(site: str, host: HostFact, machines: Sequence[Machine]) -> Machine:
    said = host.properties
    gpus = _gpus(said)
    known = kind_of(entries(machines, site, host.node_type), gpus, said.get("gpu.gpu_model"))
    if known is None:
        gpu = Gpu(said.get("gpu.gpu_model", _UNKNOWN_GPU.name), _UNKNOWN_GPU.arch, 0) if gpus else None
        known = Machine(site, host.node_type, False, gpu, gpus or 0, 0, 0, GUESS, Care.ASKED)
    price = _number(said.get("su_factor"))
    return replace(known, site=site, rate=known.rate if price is None else Rate(price, price))


def _gpus(said: Mapping[str, str]) -> int | None:
    """None where the host does not tell, as one in ten does not."""
    count = _number(said.get("gpu.gpu_count"))
    if count is not None:
        return int(count)
    return 0 if said.get("gpu.gpu", "").lower() == "false" else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _asks_for_gpu(specs: Mapping[str, str]) -> bool:
    return any(specs.get(f"trait:{trait}") == "required" for trait in ("CUSTOM_GPU", "CUSTOM_VGPU"))


_UNKNOWN_GPU = Gpu("a GPU that is not in the catalogue", "unknown", 0)
