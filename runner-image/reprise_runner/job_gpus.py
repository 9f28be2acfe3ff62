"""How busy the GPUs are while a job runs, told by NVML to a process of its own. Travels with the supervisor.

A driver can hang in a way that no signal ends, and a library of the driver's can crash: neither may reach
the supervisor. So a process asks that is nobody's child, the supervisor never waits for it while the job
runs, and it leaves when the supervisor is gone. Standard library of a Python >= 3.8 only.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DEVICES = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")
"""One of them is there wherever a driver is."""
LIBRARY = "libnvidia-ml.so.1"
MAX_GPUS = 16
MAX_ANSWER = 1 << 16
MEGA = 1e6


class Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def start(
    devices: tuple[str, ...] = DEVICES, opened: Callable[[], Callable[[], dict[str, float]]] | None = None
) -> Asker | None:
    """None without a driver or without room for another process. Call it before becoming a subreaper."""
    if not any(map(os.path.exists, devices)):
        return None
    requests, answers = os.pipe(), os.pipe()
    try:
        child = os.fork()
    except OSError:
        for descriptor in (*requests, *answers):
            os.close(descriptor)
        return None
    if child == 0:
        leave_to(requests, answers, opened or nvml)
    os.close(requests[0])
    os.close(answers[1])
    os.waitpid(child, 0)
    return Asker(requests[1], answers[0])


def leave_to(requests: Any, answers: Any, opened: Callable[[], Callable[[], dict[str, float]]]) -> None:
    """In the child: go, and leave the asking to a process without a parent. Does not return."""
    try:
        if os.fork() == 0:
            os.close(requests[1])
            os.close(answers[0])
            os.setsid()
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            serve(requests[0], answers[1], opened())
    except (OSError, AttributeError):
        pass  # no such library, or one without what we ask: no answer is an answer
    finally:
        os._exit(0)


def serve(requests: int, answers: int, ask: Callable[[], dict[str, float]]) -> None:
    """One line for each byte, until nobody asks any more."""
    while os.read(requests, 1):
        os.write(answers, json.dumps(ask()).encode() + b"\n")


class Asker:
    """The supervisor's end. Nothing here waits, but `wait`."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests = requests
        self.answers = answers
        self.waiting: list[dict[str, float]] = []
        self.heard = b""
        for descriptor in (requests, answers):
            os.set_blocking(descriptor, False)

    def ask(self, into: dict[str, float]) -> None:
        """Have the answer put there when it comes. One that is slow is not asked again meanwhile."""
        self.hear()
        if self.waiting or self.requests < 0:
            return
        try:
            os.write(self.requests, b"?")
        except OSError:
            self.close()
            return
        self.waiting.append(into)

    def hear(self) -> None:
        if self.answers < 0:
            return
        try:
            data = os.read(self.answers, MAX_ANSWER)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or len(self.heard) > MAX_ANSWER:
            self.close()
            return
        self.heard += data
        *lines, self.heard = self.heard.split(b"\n")
        for line in lines:
            if self.waiting:
                self.waiting.pop(0).update(json.loads(line))

    def wait(self, seconds: float) -> None:
        """For what was asked last, at most so long; then let go."""
        deadline = time.monotonic() + seconds
        answered = select.poll()
        if self.answers >= 0:
            answered.register(self.answers, select.POLLIN)
        while self.waiting and self.answers >= 0 and time.monotonic() < deadline:
            answered.poll(max(0.0, deadline - time.monotonic()) * 1000)
            self.hear()
        self.close()

    def close(self) -> None:
        for descriptor in {self.requests, self.answers} - {-1}:
            os.close(descriptor)
        self.requests = self.answers = -1
        self.waiting.clear()


# --- NVML -------------------------------------------------------------------------------------------


def nvml() -> Callable[[], dict[str, float]]:
    """Raises OSError without the library, AttributeError when it is not the one we know."""
    library = ctypes.CDLL(LIBRARY)
    if library.nvmlInit_v2():
        raise OSError(LIBRARY)
    count = ctypes.c_uint()
    library.nvmlDeviceGetCount_v2(ctypes.byref(count))
    handles = []
    for index in range(min(count.value, MAX_GPUS)):
        handle = ctypes.c_void_p()
        if not library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)):
            handles.append((index, handle))
    return lambda: {
        f"gpu_{index}_{name}": value for index, handle in handles for name, value in one(library, handle)
    }


def one(library: Any, handle: Any) -> list[tuple[str, float]]:
    """What one GPU tells; a device in parts does not tell how busy it is."""
    found: list[tuple[str, float]] = []
    memory, busy = Memory(), Utilization()
    power, limit = ctypes.c_uint(), ctypes.c_uint()
    if not library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) and memory.total:
        found.append(("memory_usage_percentage", 100 * memory.used / memory.total))
        found.append(("memory_usage_megabytes", memory.used / MEGA))
    if not library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(busy)):
        found.append(("utilization_percentage", float(busy.gpu)))
    if not library.nvmlDeviceGetPowerUsage(handle, ctypes.byref(power)):
        found.append(("power_usage_watts", power.value / 1000))
        if not library.nvmlDeviceGetEnforcedPowerLimit(handle, ctypes.byref(limit)) and limit.value:
            found.append(("power_usage_percentage", 100 * power.value / limit.value))
    return found
