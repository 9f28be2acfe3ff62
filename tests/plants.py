"""Pairs of environment records in which one cause was planted among benign variation, from a seed.

What varies without touching numbers is drawn from what two leases, two months or two machines of one kind
differ in; what was planted is an edit of the same record and carries no mark. `rank` sees the two flat
records and the clues that a run has, nothing else.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from reprise.domain import environment
from reprise.domain.differences import Factor, Flat
from reprise.domain.suspects import Clues

Record = dict[str, Any]
Edit = Callable[[Record, random.Random], str]
"""Changes a record; returns the name of the package that it is about, or nothing."""

ROUNDING = (-9.0, -1.0)
DRAW = (-4.0, -0.4)
MEANING = (-4.0, 0.3)
ANY = (-8.0, 0.0)
"""Powers of ten between which the relative miss of such a cause is drawn."""


@dataclass(frozen=True)
class Plant:
    truth: Factor
    package: str
    """The planted one, where the truth is a package."""
    reference: Flat
    run: Flat
    clues: Clues
    decoys: tuple[str, ...]
    scene: str


@cache
def planted(truth: Factor, seed: int) -> Plant:
    """The same for the same arguments."""
    draw = random.Random(f"{truth.value}|{seed}")
    scene = "card" if truth in NEEDS_CARD or draw.random() < 0.5 else "plain"
    reference = _card_job(draw) if scene == "card" else _plain_job(draw)
    run = copy.deepcopy(reference)
    edit, powers = TRUTHS[truth]
    package = edit(run, draw)
    fitting = [name for name in DECOYS if (name not in CARD_DECOYS or scene == "card") and _free(name, truth)]
    chosen = draw.sample(fitting, draw.randint(5, min(11, len(fitting))))
    for name in chosen:
        DECOYS[name](run, draw)
    if draw.random() < 0.25:  # a record of another tool, or of a job that was ended
        for record in (reference, run):
            record["in_process"].pop("modules", None)
    miss = 10 ** draw.uniform(*powers) if draw.random() < 0.8 else None
    clues = Clues(repeats=draw.choice((True, True, None)), relative_difference=miss)
    flat = (environment.flatten(reference), environment.flatten(run))
    return Plant(truth, package, *flat, clues, tuple(chosen), scene)


def _free(decoy: str, truth: Factor) -> bool:
    """Whether a decoy leaves the planted field alone."""
    return decoy not in OVERLAPS.get(truth, ())


# --- jobs ----------------------------------------------------------------------------------------

PURE = ("tqdm", "pyyaml", "click", "requests", "rich", "jinja2", "filelock", "certifi", "idna", "urllib3")


def _plain_job(draw: random.Random) -> Record:
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


def _card_job(draw: random.Random) -> Record:
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
    threads = {f"{name}_NUM_THREADS": "8" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    return {
        "gpu": [],
        "cuda": {},
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
        "run": {
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
        },
        "in_process": {
            "modules": sorted({*map(_module, used), *map(_module, imported)}),
            "numpy.simd.found": ["X86_V3", "X86_V4"],
            "processor_seconds": 3999.0,
        },
        "profile": {"name": "as-published", "applied": []},
        "missing": {},
    }


def _module(package: str) -> str:
    return {"scikit-learn": "sklearn", "pyyaml": "yaml"}.get(package, package)


# --- causes --------------------------------------------------------------------------------------


def _code(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["run"]["argv"][-3] = "7"
    else:
        record["source"] |= {"commit": "0badf00", "tree": "123abc"}
    return ""


def _seed(record: Record, draw: random.Random) -> str:
    seed = draw.randint(1, 99)
    record["run"]["argv"][-1] = str(seed)
    record["run"]["seed"] = seed
    record["run"]["environment"]["REPRISE_SEED"] = str(seed)
    return ""


def _data(record: Record, draw: random.Random) -> str:
    record["data"][draw.choice(sorted(record["data"]))] = "cc33"
    return ""


def _package(record: Record, draw: random.Random) -> str:
    used = [name for name in LIBRARIES if _module(name) in record["in_process"]["modules"]]
    name = draw.choice(used)
    packages = record["python"]["packages"]
    packages[name] = _stepped(packages[name], draw.choice(("major", "minor", "minor", "patch")))
    if name == "numpy":  # as real releases do
        record["in_process"]["numpy.simd.found"] = ["SSSE3", "SSE41", "AVX2", "AVX512F"]
        record["blas"][0]["version"] = "0.3.30"
    return name


LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "torchvision", "transformers", "tokenizers")


def _stepped(version: str, step: str) -> str:
    parts = [int(part) for part in version.split(".")]
    place = ("major", "minor", "patch").index(step)
    parts[place] += 1
    return ".".join(map(str, parts))


def _python(record: Record, draw: random.Random) -> str:
    version = draw.choice(("3.12.3", "3.10.14", "3.13.1"))
    record["python"] |= {"version": version, "build": f"{version} (main)"}
    return ""


def _image(record: Record, draw: random.Random) -> str:
    record["os"]["image"] = "sha256:9e9e"
    return ""


def _blas(record: Record, draw: random.Random) -> str:
    library = record["blas"][0]
    if draw.random() < 0.3:
        library["version"] = "0.3.21"
    else:
        library["architecture"] = draw.choice(("Haswell", "Zen", "Prescott"))
    return ""


def _threads(record: Record, draw: random.Random) -> str:
    count = draw.choice((1, 2, 4, 16))
    variables = record["run"]["environment"]
    variables |= {name: str(count) for name in variables if name.endswith("_NUM_THREADS")}
    record["blas"][0]["threads"] = count
    if "torch.get_num_threads" in record["in_process"]:
        record["in_process"]["torch.get_num_threads"] = count
    return ""


def _flags(record: Record, draw: random.Random) -> str:
    inside = record["in_process"]
    name, value = draw.choice(
        (
            ("torch.backends.cuda.matmul.allow_tf32", True),
            ("torch.get_float32_matmul_precision", "high"),
            ("torch.backends.cudnn.benchmark", True),
            ("torch.are_deterministic_algorithms_enabled", True),
            ("torch.backends.cudnn.allow_tf32", False),
        )
    )
    inside[name] = value
    return ""


def _profile(record: Record, draw: random.Random) -> str:
    record["profile"] = {"name": "strict", "applied": ["torch"]}
    record["run"]["environment"] |= {"NVIDIA_TF32_OVERRIDE": "0"}
    record["in_process"]["torch.are_deterministic_algorithms_enabled"] = True
    record["in_process"]["torch.backends.cudnn.allow_tf32"] = False
    return ""


def _hash_seed(record: Record, draw: random.Random) -> str:
    record["run"]["environment"]["PYTHONHASHSEED"] = str(draw.randint(1, 99))
    return ""


def _gpu(record: Record, draw: random.Random) -> str:
    name, capability, cores = draw.choice(
        (
            ("NVIDIA H100 PCIe", "9.0", 14592),
            ("Quadro RTX 6000", "7.5", 4608),
            ("Tesla V100-PCIE-32GB", "7.0", 5120),
        )
    )
    record["gpu"][0] |= {"name": name, "compute_capability": capability, "cores": cores, "uuid": "GPU-77"}
    return ""


def _cuda(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["python"]["packages"]["nvidia-cudnn-cu12"] = "9.5.1.17"
        record["in_process"]["torch.backends.cudnn.version"] = 90501
    else:
        record["python"]["packages"]["nvidia-cublas-cu12"] = "12.6.4.1"
    return ""


def _driver(record: Record, draw: random.Random) -> str:
    record["cuda"] |= {"driver": "535.183.01", "version": "12.2", "nvml": "12.535.183.01"}
    return ""


def _cpu(record: Record, draw: random.Random) -> str:
    record["cpu"] |= {
        "model": "Intel(R) Xeon(R) CPU E5-2670 v3",
        "model_number": 63,
        "flags": ["avx", "avx2"],
    }
    record["in_process"]["numpy.simd.found"] = ["X86_V3"]
    if draw.random() < 0.5:
        record["blas"] = []
    return ""


def _libc(record: Record, draw: random.Random) -> str:
    record["os"]["libc"] = draw.choice(("glibc 2.28", "glibc 2.39"))
    return ""


def _locale(record: Record, draw: random.Random) -> str:
    if draw.random() < 0.5:
        record["os"]["time_zone"] = record["run"]["environment"]["TZ"] = "Asia/Kolkata"
    else:
        record["os"]["locale"] = record["run"]["environment"]["LC_ALL"] = "de_DE.UTF-8"
    return ""


def _variable(record: Record, draw: random.Random) -> str:
    record["run"]["environment"]["SEQUENCE_MODE"] = "padded"
    return ""


TRUTHS: dict[Factor, tuple[Edit, tuple[float, float]]] = {
    Factor.CODE: (_code, MEANING),
    Factor.SEED: (_seed, DRAW),
    Factor.DATA: (_data, MEANING),
    Factor.PACKAGE: (_package, ANY),
    Factor.PYTHON: (_python, MEANING),
    Factor.IMAGE: (_image, ANY),
    Factor.BLAS: (_blas, ROUNDING),
    Factor.THREADS: (_threads, ROUNDING),
    Factor.FLAGS: (_flags, ROUNDING),
    Factor.PROFILE: (_profile, ROUNDING),
    Factor.HASH_SEED: (_hash_seed, DRAW),
    Factor.GPU: (_gpu, ROUNDING),
    Factor.CUDA: (_cuda, ROUNDING),
    Factor.DRIVER: (_driver, ROUNDING),
    Factor.CPU: (_cpu, ROUNDING),
    Factor.LIBC: (_libc, ROUNDING),
    Factor.LOCALE: (_locale, MEANING),
    Factor.VARIABLES: (_variable, MEANING),
}
NEEDS_CARD = {Factor.FLAGS, Factor.PROFILE, Factor.GPU, Factor.CUDA, Factor.DRIVER}


# --- benign variation ----------------------------------------------------------------------------


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
    unused = [name for name in packages if name in HARD and _module(name) not in modules]
    name = draw.choice(unused)
    packages[name] = _stepped(packages[name], draw.choice(("major", "minor")))
    return ""


HARD = ("xgboost", "torch", "statsmodels", "scipy", "pandas", "jax")


def _pure_package(record: Record, draw: random.Random) -> str:
    packages = record["python"]["packages"]
    name = draw.choice([name for name in packages if name in PURE])
    packages[name] = _stepped("2.1.0", draw.choice(("major", "minor", "patch")))
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
