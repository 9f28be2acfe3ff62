"""docs/machines.md: every machine that the catalogue knows."""

from reprise.domain.leasing.catalogue import Care, Machine
from reprise.domain.leasing.inventory import MACHINES
from reprise.domain.leasing.money import Rate

HEAD = """# Machines that can be leased

What is known of Chameleon's sites before anybody asks them; [leased machines](leases.md) says how one is
chosen. Two prices: none is published.

| site | type or flavor | GPUs of one | architecture | cores | memory | SU an hour | taken |
|--|--|--|--|--|--|--|--|
"""
CARE = {Care.NONE: "when it fits", Care.ASKED: "if named", Care.NEVER: "never, no image drives it"}


def page() -> str:
    return HEAD + "".join(map(_row, MACHINES))


def _row(machine: Machine) -> str:
    gpu = machine.gpu
    gpus = f"{machine.gpus} × {gpu.name}" if gpu is not None else "–"
    if gpu is not None and gpu.slice is not None:
        gpus = f"a slice {gpu.slice} of an {gpu.name}"
    cells = (
        machine.site,
        f"`{machine.name}`",
        gpus,
        gpu.arch if gpu is not None else "–",
        str(machine.cpus),
        f"{machine.memory_gib:g} GiB",
        _price(machine.rate),
        CARE[machine.care],
    )
    return f"| {' | '.join(cells)} |\n"


def _price(rate: Rate) -> str:
    return f"{rate.low:g}" if rate.certain else f"{rate.low:g} to {rate.high:g}"
