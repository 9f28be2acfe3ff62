"""What the Engine is told to make for a trial: as little as a job can do with. Pure.

The fields are the Engine's own JSON (``POST /containers/create``), so that a reader can compare them with its
documentation. Nothing here takes away the Engine's default seccomp profile and masked paths.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.containers import inside

SHM_SHARE = 2
"""``/dev/shm`` may take this part of the memory, as on an ordinary Linux; it counts as memory."""
LOG_DRIVER = "local"
"""Keeps bytes as they are (``json-file`` replaces what is not UTF-8), and is bounded."""
LOG_SHARE = 2
"""The Engine's copy of the log may be so much larger than ours."""
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each trial. Bytes and numbers; None = as the Engine's machine has."""

    memory_bytes: int | None = None
    """Where the spec declares none; default nine tenths of the machine."""
    pids: int = 2048
    disk_bytes: int = 20_000_000_000
    """All that a job writes: tree, home, output, temporary folder."""
    log_bytes: int = 50_000_000


@dataclass(frozen=True, slots=True)
class Mount:
    source: Path
    target: Path
    writable: bool = False
    of_engine: bool = False
    """Whether the source is in the Engine's own folder: those it wants to be able to take away again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one trial gets."""

    image: str
    labels: Mapping[str, str]
    mounts: tuple[Mount, ...]
    user: str
    """``uid:gid``, never root of the machine."""
    cpus: int
    memory_bytes: int
    pids: int
    log_bytes: int
    network: str = "none"
    """``none``, or a network's name, or ``container:NAME`` to share one."""
    volumes: tuple[str, ...] = ()
    """That the image declares: they become small folders in memory, not unbounded ones on the disk."""
    devices: Mapping[str, Any] | None = None


def config(wish: Wish) -> dict[str, Any]:
    return {
        "Image": wish.image,
        "Entrypoint": list(inside.COMMAND),
        "Cmd": [],
        "User": wish.user,
        "WorkingDir": "/",
        "Labels": dict(wish.labels),
        "Healthcheck": {"Test": ["NONE"]},
        "AttachStdin": False,
        "OpenStdin": False,
        "Tty": False,
        "StopSignal": "SIGTERM",
        "NetworkDisabled": wish.network == "none",
        "HostConfig": host_config(wish),
    }


def host_config(wish: Wish) -> dict[str, Any]:
    return {
        "NetworkMode": wish.network,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Privileged": False,
        "ReadonlyRootfs": True,
        "Init": False,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "OomScoreAdj": 500,
        "Memory": wish.memory_bytes,
        "MemorySwap": wish.memory_bytes,
        "NanoCpus": wish.cpus * 1_000_000_000,
        "PidsLimit": wish.pids,
        "ShmSize": wish.memory_bytes // SHM_SHARE,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "Mounts": [mounted(mount) for mount in wish.mounts],
        "Tmpfs": dict.fromkeys(_own(wish.volumes, wish.mounts), f"rw,nosuid,nodev,size={64 * MEBIBYTE}"),
        "LogConfig": {"Type": LOG_DRIVER, "Config": _log_options(wish.log_bytes)},
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
        **(wish.devices or {}),
    }


def _own(volumes: Iterable[str], mounts: tuple[Mount, ...]) -> list[str]:
    """Those that no mount of ours covers or lies in."""
    ours = [str(mount.target) for mount in mounts]
    return [
        volume
        for volume in volumes
        if not any(f"{mine}/".startswith(f"{volume.rstrip('/')}/") for mine in ours)
    ]


def mounted(mount: Mount) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(mount.source),
        "Target": str(mount.target),
        "ReadOnly": not mount.writable,
        "BindOptions": {"Propagation": "rslave" if mount.of_engine else "rprivate"},
    }


def _log_options(limit_bytes: int) -> dict[str, str]:
    each = max(limit_bytes, 1_000_000) * LOG_SHARE
    return {"max-size": f"{each}", "max-file": "2", "compress": "false", "mode": "blocking"}
