"""What differs between two environment records, grouped by the factor that a person would change. Pure.

Records are flat: dotted name → text (see `domain.environment`). Only what both of them say is compared:
a field that one record lacks is unknown, not different. Packages and graphics cards are the exception,
because a record that lists any lists all of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from reprise.domain.numerical import GPU_WHEELS, normalised

PACKAGES = "python.packages."
ABSENT = "absent"
"""Stands for a package or card that only the other record has."""


class Factor(Enum):
    """What can be held while everything else changes; the value is what people call it."""

    CODE = "code and command"
    SEED = "seed"
    DATA = "data"
    PACKAGE = "package"
    PYTHON = "Python"
    IMAGE = "image"
    BLAS = "BLAS kernel"
    THREADS = "threads"
    FLAGS = "framework flags"
    PROFILE = "profile"
    HASH_SEED = "hash seed"
    GPU = "GPU"
    CUDA = "CUDA libraries"
    DRIVER = "GPU driver"
    CPU = "CPU"
    LIBC = "C library"
    LOCALE = "locale and time zone"
    VARIABLES = "other variables"
    SYSTEM = "operating system"
    HOST = "host"
    TIME = "time and load"
    OTHER = "other fields"


@dataclass(frozen=True, slots=True)
class Difference:
    factor: Factor
    name: str
    """Of the field in the flat record, e.g. ``blas.openblas.architecture``."""
    before: str
    """In the reference; `ABSENT` when it has no such package or card."""
    now: str

    @property
    def package(self) -> str:
        """Name of the distribution; empty for anything else."""
        return self.name.removeprefix(PACKAGES) if self.name.startswith(PACKAGES) else ""


Flat = Mapping[str, str]

# The first that matches decides. `docs/environment.md` lists the fields of our own records.
_VARIABLE = r"(run\.environment|in_process\.environ)\."
_FACTORS: tuple[tuple[str, Factor], ...] = (
    (r"profile\..*", Factor.PROFILE),
    (r"run\.seed|.*\.initial_seed|.*\.REPRISE_SEED", Factor.SEED),
    (r".*\.PYTHONHASHSEED", Factor.HASH_SEED),
    (r"data\..*", Factor.DATA),
    (r".*\bimage\b.*|.*image_(digest|id)", Factor.IMAGE),
    (r"gpu\.\d+\.driver|cuda\.driver|cuda\.nvml", Factor.DRIVER),
    (r"gpu\..*", Factor.GPU),
    (r"cuda\.xid", Factor.TIME),
    (
        r"cuda\..*|in_process\.torch\.(version\.cuda|version\.hip|cuda\..*|backends\.cudnn\.version)",
        Factor.CUDA,
    ),
    (r"in_process\.(triton|jaxlib)\..*", Factor.CUDA),
    (r"in_process\.numpy\.simd\..*|cpu\..*", Factor.CPU),
    (r"blas\..*\.threads", Factor.THREADS),
    (r"blas\..*\.(file|library)", Factor.OTHER),
    (r"blas\..*|in_process\.numpy\.blas", Factor.BLAS),
    (
        _VARIABLE + r"(OPENBLAS_CORETYPE|MKL_CBWR|MKL_ENABLE_INSTRUCTIONS|NPY_DISABLE_CPU_FEATURES)",
        Factor.BLAS,
    ),
    (_VARIABLE + r"\w*_NUM_THREADS|" + _VARIABLE + r"(OMP|MKL)_\w+|in_process\..*_threads", Factor.THREADS),
    (r"os\.(time_zone|locale)|" + _VARIABLE + r"(TZ|LANG|LANGUAGE|LC_\w+)", Factor.LOCALE),
    (_VARIABLE + r"(CUBLAS|CUDNN|NVIDIA|XLA|TF|TORCH|PYTORCH|JAX)_\w+", Factor.FLAGS),
    (_VARIABLE + r"(\w+_(DIR|URI|EPOCH|COMMIT)|\w*PATH|HOME|TMPDIR|VIRTUAL_ENV|USER|LOGNAME)", Factor.HOST),
    (_VARIABLE + r".*", Factor.VARIABLES),
    (r"python\.packages\..*", Factor.PACKAGE),
    (r"python\.(version|implementation|build)", Factor.PYTHON),
    (r"in_process\.(argv|python_flags|.*__version__|.*__config__.*|.*build_info.*)", Factor.OTHER),
    (r"in_process\.processor_seconds", Factor.TIME),
    (r"in_process\..*", Factor.FLAGS),
    (r"os\.libc", Factor.LIBC),
    (r".*\.(host|hostname|node|node_id|node_type|machine_id|site|lease)|run\.(id|backend|cpus)", Factor.HOST),
    (r"run\.(argv|workdir)|source\..*", Factor.CODE),
    (r"run\..*|memory\..*", Factor.TIME),
    (r"container\.(user|cpus|memory_bytes|pids)", Factor.HOST),
    (r"os\..*|container\..*", Factor.SYSTEM),
    (r".*", Factor.OTHER),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), factor) for pattern, factor in _FACTORS)
_SILENT = re.compile(r"missing\..*|in_process\.modules")
"""Says why something is not recorded, or serves as a clue."""
_LONGEST_NAME = 200
_LISTED = re.compile(r"(python\.packages)\..*|(gpu)\.\d+\.name")
"""Where a record that says anything says everything."""


def differences(reference: Flat, run: Flat) -> tuple[Difference, ...]:
    """Sorted by name. What only one of them knows is left out, packages and graphics cards excepted."""
    reference, run = _named_alike(reference), _named_alike(run)
    found = []
    for name in sorted(reference.keys() | run.keys()):
        before, now = reference.get(name), run.get(name)
        if before == now or not (_comparable(name, reference, before) and _comparable(name, run, now)):
            continue
        if _SILENT.fullmatch(name):
            continue
        found.append(Difference(factor_of(name), name, before or ABSENT, now or ABSENT))
    return tuple(found)


@lru_cache(maxsize=4096)
def factor_of(name: str) -> Factor:
    """Which factor a field of the flat record belongs to."""
    distribution = name.removeprefix(PACKAGES)
    if distribution != name and distribution.startswith(GPU_WHEELS):
        return Factor.CUDA
    return next(factor for pattern, factor in _COMPILED if pattern.fullmatch(name[:_LONGEST_NAME]))


def _named_alike(record: Flat) -> Flat:
    """Distributions by their normalised names: tools list the same one as PyYAML and pyyaml."""
    return {
        PACKAGES + normalised(name.removeprefix(PACKAGES)) if name.startswith(PACKAGES) else name: text
        for name, text in record.items()
    }


def _comparable(name: str, record: Flat, value: str | None) -> bool:
    """Whether the record says what it has: the value, or that there is none."""
    if value is not None:
        return True
    listed = _LISTED.fullmatch(name)
    if listed is None:
        return False
    if listed[1]:
        return any(other.startswith(PACKAGES) for other in record)
    return any(other.startswith(("gpu.", "cpu.")) for other in record)
