"""What this machine is, as far as numbers may depend on it: processor, memory, system.

All of it is read from files that need no privilege. What cannot be read is named with its reason, never
guessed. Called by ``capture.py``; needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Found = dict[str, Any]

MAX_FILE = 1 << 20
UNLIMITED = 1 << 60
CONTAINER_MARKS = (
    (".dockerenv", "docker"),
    ("run/.containerenv", "podman"),
    ("var/run/secrets/kubernetes.io", "kubernetes"),
)


class Machine:
    """The files of a machine below ``root``; gathers in ``missing`` what they do not tell."""

    def __init__(self, root: str | os.PathLike[str] = "/") -> None:
        self.root = os.fspath(root)
        self.missing: dict[str, str] = {}

    def text(self, path: str, field: str = "") -> str | None:
        """A file's text; None, noted for ``field``, when it cannot be read."""
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                return file.read(MAX_FILE).decode(errors="replace").replace("\0", "\n").strip()
        except OSError as error:
            if field:
                self.missing[field] = f"/{path}: {error.strerror}"
            return None

    # --- processor ------------------------------------------------------------------------------

    def cpu(self) -> Found:
        processors = _processors(self.text("proc/cpuinfo", "cpu") or "")
        first = processors[0] if processors else {}
        return {
            "vendor": first.get("vendor_id") or first.get("CPU implementer"),
            "model": first.get("model name") or _arm_model(first),
            "family": _number(first.get("cpu family")),
            "model_number": _number(first.get("model")),
            "stepping": _number(first.get("stepping")),
            "microcode": first.get("microcode"),
            "flags": sorted((first.get("flags") or first.get("Features") or "").split()),
            "sockets": len({each["physical id"] for each in processors if "physical id" in each}) or None,
            "cores": len({(each["physical id"], each["core id"]) for each in processors if "core id" in each})
            or None,
            "threads": len(processors) or os.cpu_count(),
            "affinity": ranges(os.sched_getaffinity(0)),
            "quota": self._quota(),
            "numa_nodes": self._numa_nodes(),
            "governor": self.text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        }

    def _numa_nodes(self) -> int | None:
        try:
            names = os.listdir(os.path.join(self.root, "sys/devices/system/node"))
        except OSError:
            return None
        return sum(name.startswith("node") and name[4:].isdigit() for name in names) or None

    def _quota(self) -> str | None:
        """``2 of 100000 µs`` as the kernel writes it: quota and period; ``max`` for none."""
        for path in (f"sys/fs/cgroup{self._group()}/cpu.max", "sys/fs/cgroup/cpu.max"):
            if text := self.text(path):
                return text
        quota = self.text("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "cpu.quota")
        period = self.text("sys/fs/cgroup/cpu/cpu.cfs_period_us")
        if quota is None:
            return None
        return "max" if quota.startswith("-") else f"{quota} {period}"

    def _group(self) -> str:
        """The path of our control group (version 2), from the root of its hierarchy."""
        lines = (self.text("proc/self/cgroup") or "").splitlines()
        found = [line[3:] for line in lines if line.startswith("0::")]
        return "" if not found or found[0] == "/" else found[0]

    # --- memory and disk ------------------------------------------------------------------------

    def memory(self, folder: str | os.PathLike[str]) -> Found:
        """``folder`` is where the trial works."""
        sizes = _fields(self.text("proc/meminfo", "memory.total_bytes") or "")
        return {
            "total_bytes": _kibibytes(sizes.get("MemTotal")),
            "swap_bytes": _kibibytes(sizes.get("SwapTotal")),
            "limit_bytes": self._memory_limit(),
            "huge_pages": _chosen(self.text("sys/kernel/mm/transparent_hugepage/enabled")),
            **self._disk(os.path.abspath(folder)),
        }

    def _memory_limit(self) -> int | str | None:
        paths = (
            f"sys/fs/cgroup{self._group()}/memory.max",
            "sys/fs/cgroup/memory.max",
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
        )
        for path in paths:
            if text := self.text(path):
                return _limit(text)
        self.missing["memory.limit_bytes"] = "no control group limits memory here"
        return None

    def _disk(self, folder: str) -> Found:
        try:
            about = os.statvfs(folder)
        except OSError as error:
            self.missing["memory.disk_free_bytes"] = f"{error.strerror}"
            return {}
        return {
            "disk_bytes": about.f_blocks * about.f_frsize,
            "disk_free_bytes": about.f_bavail * about.f_frsize,
            "filesystem": self._filesystem(folder),
        }

    def _filesystem(self, folder: str) -> str | None:
        mounts = [
            line.split() for line in (self.text("proc/self/mounts", "memory.filesystem") or "").splitlines()
        ]
        parts = folder.strip("/").split("/")
        above = {"/" + "/".join(parts[:count]) for count in range(len(parts) + 1)}
        found = [(len(words[1]), words[2]) for words in mounts if len(words) > 2 and words[1] in above]
        return max(found)[1] if found else None

    # --- system ---------------------------------------------------------------------------------

    def system(self) -> Found:
        release = _assignments(self.text("etc/os-release", "os.distribution") or "")
        name = os.uname()
        return {
            "system": name.sysname,
            "architecture": name.machine,
            "kernel": name.release,
            "kernel_build": name.version,
            "command_line": self.text("proc/cmdline", "os.command_line") or None,
            "distribution": release.get("ID"),
            "version": release.get("VERSION_ID"),
            "libc": _libc(),
            "container": self._container(),
            "random_addresses": self.text("proc/sys/kernel/randomize_va_space"),
        }

    def _container(self) -> str:
        for path, name in CONTAINER_MARKS:
            if os.path.exists(os.path.join(self.root, path)):
                return name
        return self.text("run/systemd/container") or "none"


def _libc() -> str | None:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return None  # another library, which has no such question


def ranges(numbers: set[int]) -> str:
    """``0-3, 8`` of these numbers."""
    parts: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1] = (parts[-1][0], number)
        else:
            parts.append((number, number))
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def _processors(text: str) -> list[dict[str, str]]:
    """The blocks of ``/proc/cpuinfo`` that are processors; other architectures add one about the board."""
    blocks = [_fields(block) for block in text.split("\n\n")]
    return [block for block in blocks if "processor" in block]


def _arm_model(processor: dict[str, str]) -> str | None:
    """Numbers of maker and part are all that it says."""
    maker, part = processor.get("CPU implementer"), processor.get("CPU part")
    return f"implementer {maker}, part {part}" if maker and part else None


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _assignments(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value.strip("\"'") for name, _, value in pairs}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _limit(text: str) -> int | str:
    """The first version of control groups has a huge number for no limit."""
    number = _number(text)
    return "max" if number is None or number >= UNLIMITED else number


def _kibibytes(text: str | None) -> int | None:
    number = _number((text or "").partition(" kB")[0])
    return None if number is None else number * 1024


def _chosen(text: str | None) -> str | None:
    """``madvise`` of ``always [madvise] never``."""
    return text.partition("[")[2].partition("]")[0] or text if text else None
