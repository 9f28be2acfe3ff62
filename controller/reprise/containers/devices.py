"""What is asked of the Engine so that a container sees GPUs. Pure."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

RENDER_NODES = "dri"


class Vendor(Enum):
    NVIDIA = "nvidia"
    AMD = "amd"


@dataclass(frozen=True, slots=True)
class Gpus:
    """What this machine has, as far as it is known."""

    count: int = 0
    vendor: Vendor = Vendor.NVIDIA
    memory_bytes: int | None = None
    """Of each; None = unknown."""
    arch: str | None = None
    """Lower case, such as ``hopper``; None = unknown."""
    groups: tuple[int, ...] = ()
    """Who may open AMD's device files."""


def found(*, nvidia: Path = Path("/proc/driver/nvidia/gpus"), dev: Path = Path("/dev")) -> Gpus:
    """How many the drivers of this machine tell of. Reads two folders."""
    count = len(_names(nvidia))
    if count:
        return Gpus(count)
    nodes = [name for name in _names(dev / RENDER_NODES) if name.startswith("renderD")]
    return Gpus(len(nodes), Vendor.AMD, groups=groups(dev)) if (dev / "kfd").exists() else Gpus()


def request(count: int, vendor: Vendor, *, groups: tuple[int, ...] = ()) -> dict[str, Any]:
    """Fields of a container's ``HostConfig``. ``groups``: as in `Gpus`.

    NVIDIA: what ``docker run --gpus N`` sends. AMD has no such hook: all of its device files
    are passed.
    """
    if not count:
        return {}
    if vendor is Vendor.NVIDIA:
        return {"DeviceRequests": [{"Driver": "", "Count": count, "Capabilities": [["gpu"]]}]}
    return {
        "Devices": [_device("/dev/kfd"), _device("/dev/dri")],
        "GroupAdd": [str(group) for group in groups],
    }


def groups(dev: Path = Path("/dev")) -> tuple[int, ...]:
    """Of AMD's device files on this machine."""
    files = [dev / "kfd", *sorted((dev / RENDER_NODES).glob("renderD*"))]
    return tuple(sorted({file.stat().st_gid for file in files if file.exists()}))


def _device(path: str) -> dict[str, str]:
    return {"PathOnHost": path, "PathInContainer": path, "CgroupPermissions": "rw"}


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []
