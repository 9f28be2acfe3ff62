"""The process that asks NVML: it is nobody's child, and whatever becomes of it the supervisor goes on."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import jobs

from reprise_runner import job_gpus
from reprise_runner.job_processes import descendants

Ask = Callable[[], dict[str, float]]


def started(tmp_path: Path, opened: Callable[[], Ask]) -> job_gpus.Asker:
    asker = job_gpus.start((str(tmp_path),), opened)
    assert asker is not None
    return asker


def test_without_a_driver_nothing_is_started(tmp_path: Path) -> None:
    assert job_gpus.start((str(tmp_path / "none"),)) is None


def test_answers_come_from_a_process_that_is_no_child(tmp_path: Path) -> None:
    before = descendants()
    asker = started(tmp_path, lambda: lambda: {"pid": float(os.getpid())})
    told: dict[str, float] = {}
    asker.ask(told)
    asker.wait(10)
    assert told["pid"] != os.getpid()
    assert descendants() == before
    jobs.until(lambda: not Path(f"/proc/{int(told['pid'])}/fd").is_dir() or gone(int(told["pid"])) or None)


def gone(pid: int) -> bool:
    """Also when nobody has waited for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_one_that_hangs_is_left_alone(tmp_path: Path) -> None:
    def hangs() -> Ask:
        time.sleep(20)
        raise OSError

    asker = started(tmp_path, hangs)
    first: dict[str, float] = {}
    began = time.monotonic()
    for _ in range(1_000):
        asker.ask(first)
    asker.wait(0.05)
    assert time.monotonic() - began < 5
    assert first == {}


def test_one_without_a_library_or_that_crashes_answers_nothing(tmp_path: Path) -> None:
    def missing() -> Ask:
        raise OSError("libnvidia-ml.so.1")

    def crashes() -> Ask:
        os.kill(os.getpid(), signal.SIGKILL)
        raise OSError

    for opened in (missing, crashes):
        asker = started(tmp_path, opened)
        told: dict[str, float] = {}
        for _ in range(3):
            asker.ask(told)
            asker.wait(5)
        assert told == {}


class Library:
    """NVML of one GPU; ``without`` names what it does not tell."""

    def __init__(self, without: tuple[str, ...] = ()) -> None:
        self.without = without

    def __getattr__(self, name: str) -> Callable[..., int]:
        return lambda handle, into: 3 if name in self.without else self.put(name, into)

    def put(self, name: str, into: Any) -> int:
        target = into._obj
        if name == "nvmlDeviceGetMemoryInfo":
            target.total, target.used = 80_000_000_000, 20_000_000_000
        elif name == "nvmlDeviceGetUtilizationRates":
            target.gpu = 93
        else:
            target.value = {"nvmlDeviceGetPowerUsage": 350_000}.get(name, 700_000)
        return 0


def test_a_gpu_tells_by_mlflows_names() -> None:
    assert dict(job_gpus.one(Library(), ctypes.c_void_p())) == {
        "memory_usage_percentage": 25.0,
        "memory_usage_megabytes": 20_000.0,
        "utilization_percentage": 93.0,
        "power_usage_watts": 350.0,
        "power_usage_percentage": 50.0,
    }


def test_a_gpu_in_parts_leaves_out_what_it_does_not_tell() -> None:
    told = job_gpus.one(Library(("nvmlDeviceGetUtilizationRates", "nvmlDeviceGetPowerUsage")), None)
    assert [name for name, _ in told] == ["memory_usage_percentage", "memory_usage_megabytes"]
