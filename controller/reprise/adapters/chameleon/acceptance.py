"""Asks a node what it is, with the programs that its images have; what to think of it, the domain says."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from reprise.domain.leasing.acceptance import Card, Survey
from reprise.ports.nodes import Node

LIMIT = 30.0
DRIVER_LIMIT = 120.0
"""Without its persistence daemon a driver wakes every card for each question."""
MIB = 1 << 20

NVIDIA = (
    "nvidia-smi",
    "--query-gpu=index,name,memory.total,driver_version,compute_cap",
    "--format=csv,noheader",
)
AMD = ("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--showdriverversion", "--json")

MEMORY = ("free", "--bytes")
DISK = ("df", "--block-size=1", "--output=avail")
HOLD_DATA = (PurePosixPath("."), PurePosixPath("/var/lib"))
"""Where runs and images are kept; the fuller one counts."""


def survey(node: Node, vendor: str | None, *, now: Callable[[], float] = time.time) -> Survey:
    """``vendor``: of its GPUs, None = it should have none. Raises Retryable when it does not answer."""
    cards, trouble = _cards(node, vendor)
    ahead, unsure = _clock(node, now)
    return Survey(
        cards=cards,
        trouble=trouble,
        cpus=_number(_out(node, "nproc")),
        memory_bytes=_memory(_out(node, *MEMORY)),
        disk_free_bytes=_disk(_out(node, *DISK, *map(str, HOLD_DATA))),
        clock_ahead_seconds=ahead,
        clock_unsure_seconds=unsure,
    )


def booted(node: Node) -> str | None:
    """None when cloud-init has done its work, or is none of this machine's, else what it still does."""
    said = node.run(("cloud-init", "status"), timeout=LIMIT)
    if said.code == 127:
        return None
    status = said.out.strip().removeprefix("status:").strip().splitlines()[0:1]
    waiting = status and status[0] in ("running", "not run", "not started")
    return f"cloud-init is still at work ({status[0]})" if waiting else None


def _cards(node: Node, vendor: str | None) -> tuple[tuple[Card, ...], str | None]:
    match vendor:
        case None:
            return (), None
        case "amd":
            return _asked(node, AMD, _amd)
        case _:
            return _asked(node, NVIDIA, _nvidia)


def _asked(
    node: Node, argv: tuple[str, ...], read: Callable[[str], tuple[Card, ...]]
) -> tuple[tuple[Card, ...], str | None]:
    said = node.run(argv, timeout=DRIVER_LIMIT)
    if said.code == 127:
        return (), f"{argv[0]} is not installed"
    if said.code != 0:
        return (), _first_line(said.out, said.err) or f"{argv[0]} ended with status {said.code}"
    try:
        return read(said.out), None
    except ValueError:
        return (), f"{argv[0]} said what nobody understands: {_first_line(said.out, said.err)!r}"


def _nvidia(text: str) -> tuple[Card, ...]:
    """Raises ValueError, also for a card that lost its memory: it is shown as ``[N/A]`` or an error."""
    return tuple(_nvidia_card(line) for line in text.splitlines() if line.strip() not in ("", NO_DEVICES))


NO_DEVICES = "No devices were found"


def _nvidia_card(line: str) -> Card:
    _, name, memory, driver, *_ = (field.strip() for field in line.split(","))
    return Card(name, int(memory.removesuffix("MiB")) * MIB, driver)


def _amd(text: str) -> tuple[Card, ...]:
    """Raises ValueError."""
    told: Mapping[str, Any] = json.loads(text)
    driver = _field(told.get("system", {}), "driver version")
    cards = [fields for name, fields in sorted(told.items()) if name.startswith("card")]
    return tuple(
        Card(
            _field(fields, "card series") or _field(fields, "card model") or "AMD GPU",
            int(_field(fields, "vram total memory (b)")),
            driver,
        )
        for fields in cards
    )


def _field(fields: Mapping[str, Any], name: str) -> str:
    """Its releases differ in upper and lower case."""
    return next((str(value) for key, value in fields.items() if key.lower() == name), "")


def _clock(node: Node, now: Callable[[], float]) -> tuple[float | None, float]:
    """How far it is ahead, and how far that may be wrong: half of the time that asking took."""
    before = now()
    said = _out(node, "date", "+%s.%N")
    after = now()
    try:
        return float(said) - (before + after) / 2, (after - before) / 2
    except ValueError:
        return None, 0.0


def _out(node: Node, *argv: str) -> str:
    """Nothing where it does not work: that is judged as not told."""
    said = node.run(argv, timeout=LIMIT)
    return said.out if said.code == 0 else ""


def _memory(text: str) -> int | None:
    line = next((line for line in text.splitlines() if line.startswith("Mem:")), "")
    return _number("".join(line.split()[1:2]))


def _disk(text: str) -> int | None:
    free = [_number(line) for line in text.splitlines()[1:]]
    return min((size for size in free if size is not None), default=None)


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _first_line(*texts: str) -> str:
    return next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")[:200]
