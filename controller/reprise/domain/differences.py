"""What differs between two environment records, grouped by the factor that a person would change. Pure.

Records are flat: dotted name → text (see `domain.environment`). Only what both of them say is compared:
a field that one record lacks is unknown, not different. Packages and graphics cards are the exception,
because a record that lists any lists all of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

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
    OTHER = "other"


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

# The first that matches decides; a line is as wide as records of other tools may name things.
_FACTORS: tuple[tuple[str, Factor], ...] = (
    (r"profile(\..*)?|.*\.profile", Factor.PROFILE),
    (r"run\.seed|.*\.REPRISE_SEED", Factor.SEED),
    (r".*\.PYTHONHASHSEED|.*hash_?seed", Factor.HASH_SEED),
    (r".*\.OPENBLAS_CORETYPE|.*\.MKL_(CBWR|ENABLE_INSTRUCTIONS)|.*\.BLIS_ARCH_TYPE", Factor.BLAS),
    (
        r".*\.(OMP|OPENBLAS|MKL|NUMEXPR|BLIS|VECLIB)_\w*THREADS\w*|.*\.(OMP|MKL)_DYNAMIC|.*num_threads",
        Factor.THREADS,
    ),
    (r".*\.threads|.*\.(num_)?(interop|intraop)_threads|.*\.OMP_(SCHEDULE|PROC_BIND|PLACES)", Factor.THREADS),
    (r".*\.(TZ|LC_\w+|LANG|LANGUAGE)|.*\.(time_?zone|locale|encoding)", Factor.LOCALE),
    (
        r".*\.(CUBLAS_WORKSPACE_CONFIG|NVIDIA_TF32_OVERRIDE|XLA_FLAGS|TF_\w+|TORCH_\w+|JAX_\w+|CUDNN_\w+)",
        Factor.FLAGS,
    ),
    (r"blas\..*\.(filepath|path|library|user_api|prefix)", Factor.OTHER),
    (r"blas\..*", Factor.BLAS),
    (r"data\..*|.*\.data(\..*)?|source\.(data|lfs)\b.*", Factor.DATA),
    (r".*\bimage(_digest)?(\..*)?|.*container\.(image|digest).*|.*image_(reference|digest|id)", Factor.IMAGE),
    (r"gpu\.\d+\.driver\w*|cuda\.(nvidia_)?driver(_version)?|.*nvidia_driver", Factor.DRIVER),
    (r"gpu(\..*)?", Factor.GPU),
    (r"cuda\..*", Factor.CUDA),
    (r"cpu\..*", Factor.CPU),
    (r"python\.(packages|modules_loaded)\..*", Factor.PACKAGE),
    (r"python\.(prefix|executable|path|location|lock|pip|wheels?|records?)\w*", Factor.OTHER),
    (r"python\..*", Factor.PYTHON),
    (r"in_process\..*(loaded|version).*", Factor.OTHER),
    (r"in_process\..*", Factor.FLAGS),
    (r"os\.(libc|glibc|musl)\w*", Factor.LIBC),
    (r".*\.(host|hostname|node|node_id|node_name|machine_id|site|lease|address|boot_id)\w*", Factor.HOST),
    (r"run\.(argv|command|arguments|workdir)\w*|source\..*", Factor.CODE),
    (
        r"run\.(environment|environ|env|variables)\..*(_DIR|_URI|_ID|PATH|HOME|TMPDIR|EPOCH|COMMIT|VIRTUAL_ENV)",
        Factor.OTHER,
    ),
    (r"run\.(environment|environ|env|variables)\..*", Factor.VARIABLES),
    (r"run\..*|memory\..*|.*\b(uptime|load|started|ended|time|date|seconds)\w*", Factor.TIME),
    (r"os\..*", Factor.SYSTEM),
    (r".*", Factor.OTHER),
)
_COMPILED = tuple((re.compile(pattern), factor) for pattern, factor in _FACTORS)
_SILENT = re.compile(r"missing\..*|in_process\.(missing|modules|error|pid)\b.*|.*\.(filepath|pid)")
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
