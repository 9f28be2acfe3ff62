"""What differs between two leases, months or machines of one kind without touching numbers."""

import random

from tests.plants.jobs import PURE, Edit, Record, module_of, stepped

from reprise.domain.differences import Factor


def _set(group: str, **fields: object) -> Edit:
    def edit(record: Record, draw: random.Random) -> str:
        record[group] |= fields
        return ""

    return edit


def _set_card(**fields: object) -> Edit:
    def edit(record: Record, draw: random.Random) -> str:
        record["gpu"][0] |= fields
        return ""

    return edit


def _other_time(record: Record, draw: random.Random) -> str:
    record["run"] |= {
        "id": f"r{draw.getrandbits(40):010x}",
        "started_at": "2026-11-21T03:00:00+00:00",
        "ended_at": "2026-11-21T03:09:00+00:00",
        "seconds": draw.uniform(100, 900),
        "cpu_seconds": draw.uniform(100, 9000),
        "peak_memory_bytes": draw.randint(10**8, 10**10),
    }
    return ""


def _other_home(record: Record, draw: random.Random) -> str:
    record["run"]["environment"]["HOME"] = f"/state/{draw.randint(2, 99)}/home"
    return ""


def _unused_library(record: Record, draw: random.Random) -> str:
    """The hard one: a numerical library, another major release, that the job never imports."""
    packages = record["python"]["packages"]
    modules = record["in_process"]["modules"]
    unused = [name for name in packages if name in HARD and module_of(name) not in modules]
    name = draw.choice(unused)
    packages[name] = stepped(packages[name], draw.choice(("major", "minor")))
    return ""


HARD = ("xgboost", "torch", "statsmodels", "scipy", "pandas", "jax")


def _pure_package(record: Record, draw: random.Random) -> str:
    packages = record["python"]["packages"]
    name = draw.choice([name for name in packages if name in PURE])
    packages[name] = stepped("2.1.0", draw.choice(("major", "minor", "patch")))
    return ""


def _more_packages(record: Record, draw: random.Random) -> str:
    record["python"]["packages"] |= {"ipython": "8.20.0", "black": "25.1.0"}
    return ""


def _same_files(record: Record, draw: random.Random) -> str:
    record["source"]["commit"] = "beefbee"
    return ""


DECOYS: dict[str, Edit] = {
    "kernel": _set("os", kernel="6.8.0-45-generic", kernel_build="#45"),
    "kernel command line": _set("os", command_line="ro nomodeset"),
    "distribution": _set("os", version="24.04"),
    "container": _set("os", container="podman"),
    "time": _other_time,
    "home": _other_home,
    "disk": _set("memory", disk_free_bytes=10**10, filesystem="xfs"),
    "memory": _set("memory", total_bytes=10**11),
    "microcode": _set("cpu", microcode="0x2007108", stepping=7),
    "cores": _set("cpu", cores=32, threads=64, sockets=1, numa_nodes=1),
    "sibling processor": _set("cpu", model="Intel(R) Xeon(R) Gold 6242 CPU @ 2.80GHz"),
    "unused library": _unused_library,
    "pure package": _pure_package,
    "more packages": _more_packages,
    "same files": _same_files,
    "python patch": _set("python", version="3.11.9", build="3.11.9 (main)"),
    "environment key": _set("python", environment="0f0f", lock_sha256="dead"),
    "site": _set("run", site="tacc", node="7b2e"),
    "card's serial": _set_card(uuid="GPU-ffff", vbios="92.00.36.00.02"),
    "card's clock": _set_card(
        power_limit_watts=300, max_sm_clock_mhz=1500, throttled=["power cap (software)"]
    ),
    "card's modes": _set_card(ecc=False, persistence=False, pcie_generation=3),
    "driver patch": _set("cuda", driver="550.90.07", nvml="12.550.90.07"),
}
CARD_DECOYS = {"card's serial", "card's clock", "card's modes", "driver patch"}
OVERLAPS: dict[Factor, tuple[str, ...]] = {
    Factor.CODE: ("same files",),
    Factor.PYTHON: ("python patch",),
    Factor.DRIVER: ("driver patch",),
    Factor.GPU: ("card's serial",),
    Factor.CPU: ("sibling processor",),
}
