"""Environment records of two jobs, one with a graphics card, and the steps that versions take."""

import random
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Edit = Callable[[Record, random.Random], str]
"""Changes a record; returns the name of the package that it is about, or nothing."""

PURE = ("tqdm", "pyyaml", "click", "requests", "rich", "jinja2", "filelock", "certifi", "idna", "urllib3")


def plain_job(draw: random.Random) -> Record:
    used = {
        "numpy": "2.3.4",
        "scipy": "1.16.2",
        "scikit-learn": "1.7.1",
        "joblib": "1.4.2",
        "pandas": "2.3.1",
    }
    unused = {
        "matplotlib": "3.10.0",
        "xgboost": "3.0.2",
        "torch": "2.6.0",
        "statsmodels": "0.14.4",
        "pip": "24.0",
    }
    record = _job(draw, used, unused, ["python", "train.py", "--lr", "0.1"])
    record["in_process"]["torch.backends.cuda.matmul.allow_tf32"] = False
    return record


def card_job(draw: random.Random) -> Record:
    used = {
        "torch": "2.6.0",
        "numpy": "2.3.4",
        "torchvision": "0.21.0",
        "transformers": "4.51.3",
        "tokenizers": "0.21.1",
    }
    unused = {
        "scipy": "1.16.2",
        "pandas": "2.3.1",
        "jax": "0.6.0",
        "pip": "24.0",
        "nvidia-cudnn-cu12": "9.1.0.70",
        "nvidia-cublas-cu12": "12.4.5.8",
    }
    record = _job(draw, used, unused, ["python", "-m", "train", "--epochs", "3"])
    record["gpu"] = [
        {
            "name": "NVIDIA A100-PCIE-40GB",
            "uuid": "GPU-5a1c",
            "compute_capability": "8.0",
            "cores": 6912,
            "memory_bytes": 42_949_672_960,
            "vbios": "92.00.25.00.08",
            "ecc": True,
            "mig": False,
            "persistence": True,
            "power_limit_watts": 250,
            "max_sm_clock_mhz": 1410,
            "pcie_generation": 4,
            "throttled": ["idle"],
        }
    ]
    record["cuda"] = {"driver": "550.54.15", "version": "12.4", "nvml": "12.550.54.15"}
    record["in_process"] |= {
        "torch.__version__": "2.6.0",
        "torch.get_num_threads": 8,
        "torch.are_deterministic_algorithms_enabled": False,
        "torch.get_float32_matmul_precision": "highest",
        "torch.backends.cudnn.benchmark": False,
        "torch.backends.cudnn.deterministic": False,
        "torch.backends.cudnn.allow_tf32": True,
        "torch.backends.cudnn.version": 90100,
        "torch.backends.cuda.matmul.allow_tf32": False,
    }
    return record


def _job(draw: random.Random, used: dict[str, str], unused: dict[str, str], argv: list[str]) -> Record:
    pure = dict.fromkeys(draw.sample(PURE, 6), "2.1.0")
    imported = draw.sample(sorted(pure), 3)
    return {
        "gpu": [],
        "cuda": {},
        **_machine(),
        "python": {
            "version": "3.11.7",
            "implementation": "cpython",
            "build": "3.11.7 (main)",
            "environment": "e6aa",
            "lock_sha256": "7242",
            "packages": {**used, **unused, **pure},
        },
        "blas": [
            {
                "library": "openblas",
                "version": "0.3.29",
                "architecture": "SkylakeX",
                "threads": 8,
                "threading": "pthreads",
            }
        ],
        "source": {"commit": "54cff1d", "tree": "fa83d5", "dirty": False},
        "data": {"data/train.csv": "aa11", "data/test.csv": "bb22"},
        "run": _run(argv),
        "in_process": {
            "modules": sorted({*map(module_of, used), *map(module_of, imported)}),
            "numpy.simd.found": ["X86_V3", "X86_V4"],
            "processor_seconds": 3999.0,
        },
        "profile": {"name": "as-published", "applied": []},
        "missing": {},
    }


def _machine() -> Record:
    return {
        "cpu": {
            "vendor": "GenuineIntel",
            "model": "Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz",
            "family": 6,
            "model_number": 85,
            "stepping": 4,
            "microcode": "0x2007006",
            "flags": ["avx", "avx2", "avx512f", "fma"],
            "sockets": 2,
            "cores": 24,
            "threads": 48,
            "quota": "max",
            "numa_nodes": 2,
        },
        "memory": {"total_bytes": 2 * 10**11, "disk_free_bytes": 4 * 10**11, "filesystem": "ext4"},
        "os": {
            "kernel": "5.15.0-91-generic",
            "kernel_build": "#101",
            "command_line": "ro quiet",
            "distribution": "ubuntu",
            "version": "22.04",
            "libc": "glibc 2.35",
            "time_zone": "UTC",
            "locale": "C.UTF-8",
            "container": "docker",
            "image": "sha256:1f0a",
        },
    }


def _run(argv: list[str]) -> Record:
    threads = {f"{name}_NUM_THREADS": "8" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    return {
        "id": "r47e52c551446",
        "argv": [*argv, "--seed", "0"],
        "seed": 0,
        "cpus": 8,
        "started_at": "2026-03-01T12:00:00+00:00",
        "ended_at": "2026-03-01T12:10:00+00:00",
        "seconds": 600.1,
        "cpu_seconds": 4000.2,
        "peak_memory_bytes": 10**9,
        "environment": {
            **threads,
            "PYTHONHASHSEED": "0",
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "HOME": "/state/1/home",
            "REPRISE_SEED": "0",
            "SEQUENCE_MODE": "packed",
        },
    }


def module_of(package: str) -> str:
    return {"scikit-learn": "sklearn", "pyyaml": "yaml"}.get(package, package)


def stepped(version: str, step: str) -> str:
    parts = [int(part) for part in version.split(".")]
    place = ("major", "minor", "patch").index(step)
    parts[place] += 1
    return ".".join(map(str, parts))
