"""The GPUs of this machine and their driver, through NVML. Called by ``capture.py``, at the end of a trial.

NVML and not the output of nvidia-smi, which is not promised to stay as it is; that is kept as it came.
A driver can hang in a way that no signal ends, so NVML is asked by a process of its own, which is given up
when it takes too long. Needs a Python >= 3.8 and its standard library; NVML's own module (``pynvml``) comes
with the runner where whoever packed it had it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Found = dict[str, Any]

NVML_SECONDS = 20.0
SMI_SECONDS = 20.0
LEAVE_SECONDS = 1.0
"""For a process that was killed to go."""
DEVICES = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")
"""One of them is there wherever a driver is."""
MAX_SMI_BYTES = 8 << 20
SMI = "nvidia-smi.xml"
ASK = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from reprise_runner import gpus; gpus.main()"
"""Finds us and NVML's module where we were found."""
MAX_KERNEL_RECORDS = 20_000
XID = re.compile(r"NVRM: Xid \(([^)]*)\): (\d+)")
NO_DRIVER = "no NVIDIA driver here"
NO_LIBRARY = "nvidia-ml-py was not packed with the runner and is not installed here"
THROTTLED = {
    0x1: "idle",
    0x2: "application clocks",
    0x4: "power cap (software)",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "thermal (software)",
    0x40: "thermal (hardware)",
    0x80: "power brake",
    0x100: "display clocks",
    0x200: "board limit",
    0x400: "reliability",
}
"""NVML's bits of why clocks are low; the names are ours."""
NEAR = {
    0: "one board",
    10: "one switch",
    20: "several switches",
    30: "one host bridge",
    40: "one NUMA node",
    50: "across nodes",
}
"""NVML's levels of how two GPUs are connected."""


def observe(missing: dict[str, str], *, devices: tuple[str, ...] = DEVICES) -> tuple[Found, list[Found]]:
    """``cuda`` and ``gpu``; what is not there is named in ``missing``. Takes `NVML_SECONDS` at most."""
    if not any(os.path.exists(device) for device in devices):
        missing["gpu"] = missing["cuda"] = NO_DRIVER
        return {}, []
    command = (sys.executable, "-I", "-S", "-c", ASK, json.dumps(sys.path))
    try:
        told = json.loads(_output(command, NVML_SECONDS))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        missing["gpu"] = missing["cuda"] = f"NVML did not answer: {type(error).__name__}"
        return {}, []
    missing.update(told["missing"])
    return told["cuda"], told["gpu"]


def read(missing: dict[str, str], *, library: Any = None) -> tuple[Found, list[Found]]:
    """The same without a bound in time. ``library`` is NVML's module."""
    nvml = library or _installed()
    if nvml is None:
        missing["gpu"] = missing["cuda"] = NO_LIBRARY
        return {}, []
    try:
        with _opened(nvml):
            return _stack(nvml, missing), _gpus(nvml, missing)
    except nvml.NVMLError as error:
        missing["gpu"] = missing["cuda"] = _why(nvml, error)
        return {}, []


def smi(missing: dict[str, str], *, program: str = "nvidia-smi") -> bytes | None:
    """What ``nvidia-smi -q -x`` prints, serial numbers included."""
    try:
        return _output((program, "-q", "-x"), SMI_SECONDS)[:MAX_SMI_BYTES]
    except FileNotFoundError:
        missing[SMI] = "nvidia-smi is not installed here"
    except (OSError, subprocess.SubprocessError) as error:
        missing[SMI] = f"nvidia-smi did not answer: {type(error).__name__}"
    return None


def xids(missing: dict[str, str], since: float, *, device: str = "/dev/kmsg") -> list[str]:
    """Errors that the driver told the kernel's log since then, as ``<bus id> <number>``.

    ``since`` is in seconds since the epoch.
    """
    try:
        with _kernel_log(device) as records:
            return [f"{bus} {number}" for at, bus, number in _errors(records) if at >= since]
    except OSError as error:
        missing["cuda.xid"] = f"the kernel's log cannot be read: {error.strerror}"
        return []


def _output(command: Sequence[str], seconds: float) -> bytes:
    """Raises OSError or SubprocessError when there is none. One that hangs in the driver is left behind."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=LEAVE_SECONDS)
        raise
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command[0])
    return output


def _installed() -> Any:
    """NVML's module, None without."""
    try:
        import pynvml  # late: few machines have a GPU
    except ImportError:
        return None
    return pynvml


@contextmanager
def _opened(library: Any) -> Iterator[None]:
    library.nvmlInit()
    try:
        yield
    finally:
        library.nvmlShutdown()


def _why(library: Any, error: Exception) -> str:
    absent = (library.NVML_ERROR_LIBRARY_NOT_FOUND, library.NVML_ERROR_DRIVER_NOT_LOADED)
    return NO_DRIVER if getattr(error, "value", None) in absent else f"NVML: {error}"


def _stack(library: Any, missing: dict[str, str]) -> Found:
    ask = _asker(library, missing, "cuda")
    version = ask("version", library.nvmlSystemGetCudaDriverVersion_v2)
    return {
        "driver": ask("driver", library.nvmlSystemGetDriverVersion),
        "version": f"{version // 1000}.{version % 1000 // 10}" if version is not None else None,
        "nvml": ask("nvml", library.nvmlSystemGetNVMLVersion),
    }


def _gpus(library: Any, missing: dict[str, str]) -> list[Found]:
    handles = [library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())]
    return [_gpu(library, missing, handles, index) for index in range(len(handles))]


def _gpu(library: Any, missing: dict[str, str], handles: list[Any], index: int) -> Found:
    handle = handles[index]
    ask = _asker(library, missing, f"gpu.{index}")
    capability = ask("compute_capability", library.nvmlDeviceGetCudaComputeCapability, handle)
    power = ask("power_limit_watts", library.nvmlDeviceGetEnforcedPowerLimit, handle)
    memory = ask("memory_bytes", library.nvmlDeviceGetMemoryInfo, handle)
    return {
        "name": ask("name", library.nvmlDeviceGetName, handle),
        "uuid": ask("uuid", library.nvmlDeviceGetUUID, handle),
        "compute_capability": ".".join(map(str, capability)) if capability is not None else None,
        "cores": ask("cores", library.nvmlDeviceGetNumGpuCores, handle),
        "memory_bytes": memory.total if memory is not None else None,
        "vbios": ask("vbios", library.nvmlDeviceGetVbiosVersion, handle),
        "ecc": _on(ask("ecc", library.nvmlDeviceGetEccMode, handle)),
        "mig": _on(ask("mig", library.nvmlDeviceGetMigMode, handle)),
        "persistence": _on(ask("persistence", library.nvmlDeviceGetPersistenceMode, handle)),
        "power_limit_watts": power / 1000 if power is not None else None,
        "max_sm_clock_mhz": ask(
            "max_sm_clock_mhz", library.nvmlDeviceGetMaxClockInfo, handle, library.NVML_CLOCK_SM
        ),
        "pcie_generation": ask("pcie_generation", library.nvmlDeviceGetCurrPcieLinkGeneration, handle),
        "pcie_width": ask("pcie_width", library.nvmlDeviceGetCurrPcieLinkWidth, handle),
        "throttled": _throttled(ask("throttled", library.nvmlDeviceGetCurrentClocksThrottleReasons, handle)),
        "topology": _topology(library, ask, handles, index),
    }


def _asker(library: Any, missing: dict[str, str], group: str) -> Callable[..., Any]:
    """Calls a question of NVML's; None, with the reason kept, when this device has no answer."""

    def ask(field: str, question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            answer = question(*arguments)
        except library.NVMLError as error:
            missing[f"{group}.{field}"] = str(error)
            return None
        return answer.decode(errors="replace") if isinstance(answer, bytes) else answer

    return ask


def _on(mode: Any) -> bool | None:
    """NVML answers some modes with what is now and what will be after a restart."""
    now = mode[0] if isinstance(mode, (list, tuple)) else mode
    return None if now is None else bool(now)


def _throttled(bits: int | None) -> list[str] | None:
    if bits is None:
        return None
    return [name for bit, name in THROTTLED.items() if bits & bit]


def _topology(library: Any, ask: Callable[..., Any], handles: list[Any], index: int) -> list[str]:
    """``1: one switch`` for each other GPU."""
    found = []
    for other, handle in enumerate(handles):
        if other == index:
            continue
        level = ask("topology", library.nvmlDeviceGetTopologyCommonAncestor, handles[index], handle)
        if level is not None:
            found.append(f"{other}: {NEAR.get(level, str(level))}")
    return found


# --- the kernel's log -----------------------------------------------------------------------------


@contextmanager
def _kernel_log(device: str) -> Iterator[Iterator[str]]:
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield _records(descriptor)
    finally:
        os.close(descriptor)


def _records(descriptor: int) -> Iterator[str]:
    """One record a read, as the kernel gives them, until there are no more now."""
    for _ in range(MAX_KERNEL_RECORDS):
        try:
            data = os.read(descriptor, 8192)
        except BlockingIOError:
            return
        except BrokenPipeError:
            continue  # overwritten meanwhile; the next read goes on behind the gap
        if not data:
            return
        yield data.decode(errors="replace")


def _errors(records: Iterator[str]) -> Iterator[tuple[float, str, str]]:
    """Seconds since the epoch, bus id and number of each Xid. Records count microseconds since the start."""
    started = _booted_at()
    for record in records:
        head, _, text = record.partition(";")
        found = XID.search(text)
        words = head.split(",")
        if found and len(words) > 2 and words[2].isdigit():
            yield started + int(words[2]) / 1e6, found[1], found[2]


def _booted_at() -> float:
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)


# --- as a process of its own ------------------------------------------------------------------------


def main() -> None:
    missing: dict[str, str] = {}
    cuda, found = read(missing)
    print(json.dumps({"cuda": cuda, "gpu": found, "missing": missing}))
