"""GPUs as NVML tells them. No GPU is needed: a stand-in answers by NVML's own names and errors."""

import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from reprise.domain import environment
from reprise.domain.environment_fields import known
from reprise.jobs import gpus as told
from reprise_runner import gpus

UUID = "GPU-5d8e2c1a-0000-4b6e-9d1f-0123456789ab"
ANSWERS: dict[str, Any] = {
    "nvmlInit": None,
    "nvmlShutdown": None,
    "nvmlSystemGetCudaDriverVersion_v2": 12040,
    "nvmlSystemGetDriverVersion": "550.54.15",
    "nvmlSystemGetNVMLVersion": b"12.550.54.15",
    "nvmlDeviceGetCount": 2,
    "nvmlDeviceGetHandleByIndex": "handle",
    "nvmlDeviceGetCudaComputeCapability": (8, 0),
    "nvmlDeviceGetUUID": UUID,
    "nvmlDeviceGetEnforcedPowerLimit": 250_000,
    "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=42_949_672_960),
    "nvmlDeviceGetName": "NVIDIA A100-PCIE-40GB",
    "nvmlDeviceGetNumGpuCores": 6912,
    "nvmlDeviceGetVbiosVersion": "92.00.25.00.08",
    "nvmlDeviceGetEccMode": [1, 1],
    "nvmlDeviceGetMigMode": pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED),
    "nvmlDeviceGetPersistenceMode": 0,
    "nvmlDeviceGetMaxClockInfo": 1410,
    "nvmlDeviceGetCurrPcieLinkGeneration": 4,
    "nvmlDeviceGetCurrPcieLinkWidth": 16,
    "nvmlDeviceGetCurrentClocksThrottleReasons": 0x24,
    "nvmlDeviceGetTopologyCommonAncestor": 50,
}
ERRORS = ("NVMLError", "NVML_ERROR_LIBRARY_NOT_FOUND", "NVML_ERROR_DRIVER_NOT_LOADED", "NVML_CLOCK_SM")


def nvml(**changes: Any) -> SimpleNamespace:
    def answering(answer: Any) -> Callable[..., Any]:
        def question(*_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return question

    answers = {name: answering(answer) for name, answer in (ANSWERS | changes).items()}
    return SimpleNamespace(**{name: getattr(pynvml, name) for name in ERRORS}, **answers)


def test_the_stand_in_has_only_names_that_nvml_has() -> None:
    assert [name for name in ANSWERS if not hasattr(pynvml, name)] == []


def test_gpus_and_their_driver_are_described() -> None:
    missing: dict[str, str] = {}
    cuda, found = gpus.read(missing, library=nvml())

    assert cuda == {"driver": "550.54.15", "version": "12.4", "nvml": "12.550.54.15"}
    assert len(found) == 2
    assert found[0] == {
        "name": "NVIDIA A100-PCIE-40GB",
        "uuid": UUID,
        "compute_capability": "8.0",
        "cores": 6912,
        "memory_bytes": 42_949_672_960,
        "vbios": "92.00.25.00.08",
        "ecc": True,
        "mig": None,
        "persistence": False,
        "power_limit_watts": 250.0,
        "max_sm_clock_mhz": 1410,
        "pcie_generation": 4,
        "pcie_width": 16,
        "throttled": ["power cap (software)", "thermal (software)"],
        "topology": ["1: across nodes"],
    }
    assert missing == {"gpu.0.mig": "Not Supported", "gpu.1.mig": "Not Supported"}
    names = environment.flatten({"gpu": found, "cuda": cuda, "missing": missing})
    assert [name for name in names if not known(name)] == []


def test_identities_are_hidden_when_the_operator_asks() -> None:
    found = told.hidden(gpus.read({}, library=nvml())[1])

    assert found[0]["uuid"].startswith("sha256:")
    assert UUID not in str(found)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "no NVIDIA driver here"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "no NVIDIA driver here"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "NVML: RM has detected an NVML/RM version mismatch."),
    ],
)
def test_a_machine_without_a_usable_driver_says_so(number: int, said: str) -> None:
    missing: dict[str, str] = {}
    library = nvml(nvmlInit=pynvml.NVMLError(number))

    assert gpus.read(missing, library=library) == ({}, [])
    assert missing == {"gpu": said, "cuda": said}


def test_without_any_device_of_a_driver_nothing_is_asked(tmp_path: Path) -> None:
    missing: dict[str, str] = {}

    assert gpus.observe(missing, devices=(str(tmp_path / "nvidiactl"),)) == ({}, [])
    assert missing == {"gpu": "no NVIDIA driver here", "cuda": "no NVIDIA driver here"}


def test_a_driver_is_asked_by_a_process_of_its_own(tmp_path: Path) -> None:
    missing: dict[str, str] = {}
    cuda, found = gpus.observe(missing, devices=(str(tmp_path),))

    assert found or missing["gpu"]  # whatever this machine has, it was answered
    assert cuda or missing["cuda"]
    assert "did not answer" not in missing.get("gpu", "")


def test_a_gpu_that_fell_off_the_bus_is_said_and_the_library_closed() -> None:
    closed: list[bool] = []
    missing: dict[str, str] = {}
    library = nvml(nvmlDeviceGetHandleByIndex=pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST))
    library.nvmlShutdown = lambda: closed.append(True)

    assert gpus.read(missing, library=library) == ({}, [])
    assert missing["gpu"].startswith("NVML: ")
    assert closed == [True]


# --- nvidia-smi -----------------------------------------------------------------------------------


def program(folder: Path, script: str) -> str:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_its_output_is_kept_as_it_came_or_without_identities(tmp_path: Path) -> None:
    asked = program(tmp_path, f'echo "$@ <uuid>{UUID}</uuid><serial>1320621</serial>"')

    told_now = gpus.smi({}, program=asked)
    assert told_now is not None
    shown = told.smi_text(told_now, hash_ids=False)
    assert shown == f"-q -x <uuid>{UUID}</uuid><serial>1320621</serial>\n"
    hidden = told.smi_text(told_now, hash_ids=True)
    assert hidden.startswith("-q -x <uuid>sha256:")
    assert hidden.endswith("</uuid><serial>hidden</serial>\n")


def test_a_missing_or_failing_program_is_named(tmp_path: Path) -> None:
    missing: dict[str, str] = {}

    assert gpus.smi(missing, program=str(tmp_path / "none")) is None
    assert missing == {"nvidia-smi.xml": "nvidia-smi is not installed here"}
    assert gpus.smi(missing, program=program(tmp_path, "exit 9")) is None
    assert missing == {"nvidia-smi.xml": "nvidia-smi did not answer: CalledProcessError"}


# --- errors in the kernel's log -------------------------------------------------------------------

LOG = "6,1,{then},-;NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.\n"


def test_errors_since_the_start_are_found_and_earlier_ones_are_not(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_text(LOG.format(then=5_000_000))

    assert gpus.xids({}, 1.5e9, device=str(log)) == ["PCI:0000:3b:00 79"]
    assert gpus.xids({}, 3e10, device=str(log)) == []


def test_a_log_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    missing: dict[str, str] = {}

    assert gpus.xids(missing, time.time(), device=str(tmp_path / "none")) == []
    assert missing == {"cuda.xid": "the kernel's log cannot be read: No such file or directory"}
