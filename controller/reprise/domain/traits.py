"""How readily one difference between two environment records moves a number, and why. Pure.

Weights go from 0 to 100 and only their order matters. They follow what vendors promise (no bits across
cuDNN's architectures or cuBLAS's releases), what was measured (another BLAS kernel changed every weight of
a small network, one thread against two none) and what cannot touch arithmetic at all (a host's name).
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from reprise.domain.differences import ABSENT, PACKAGES, Difference, Factor, Flat
from reprise.domain.numerical import BUILD_TOOLS, NUMERICAL, module_of, normalised, release_step


class Size(Enum):
    """What misses of such a cause look like."""

    ROUNDING = "the last digits, more where training is unstable"
    DRAW = "one draw more"
    MEANING = "anything but the last digits"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Trait:
    weight: float
    size: Size
    reason: str
    """Begins in lower case, without a full stop."""


def trait_of(difference: Difference, reference: Flat, run: Flat) -> Trait:
    factor = difference.factor
    match factor:
        case Factor.PACKAGE:
            return _package(difference, reference, run)
        case Factor.GPU | Factor.DRIVER | Factor.CUDA:
            return _card(difference)
        case Factor.BLAS | Factor.CPU:
            return _kernel(difference, reference, run)
        case Factor.FLAGS | Factor.PROFILE:
            return _flag(difference, reference, run)
        case Factor.THREADS:
            return _threads(reference, run)
        case Factor.PYTHON:
            return _python(difference)
        case Factor.CODE:
            return _code(difference, reference, run)
        case Factor.LOCALE | Factor.VARIABLES | Factor.IMAGE | Factor.LIBC | Factor.HASH_SEED:
            return _PLAIN[factor]
        case Factor.SEED | Factor.DATA | Factor.SYSTEM | Factor.HOST | Factor.TIME | Factor.OTHER:
            return _PLAIN[factor]
        case _:
            assert_never(factor)


_PLAIN: dict[Factor, Trait] = {
    Factor.SEED: Trait(85, Size.DRAW, "another seed is another draw of everything random"),
    Factor.DATA: Trait(90, Size.MEANING, "other input bytes give other numbers"),
    Factor.IMAGE: Trait(45, Size.ANY, "another image may hold other libraries than the records list"),
    Factor.LIBC: Trait(
        30, Size.ROUNDING, "the C library's exp, log and pow round differently between releases"
    ),
    Factor.HASH_SEED: Trait(45, Size.DRAW, "the order of sets and of hashed names follows the hash seed"),
    Factor.LOCALE: Trait(22, Size.MEANING, "dates, sort order and the decimal point follow it"),
    Factor.VARIABLES: Trait(
        14, Size.MEANING, "every job gets the same ones, so this was set on purpose, and the job may read it"
    ),
    Factor.SYSTEM: Trait(1.5, Size.ANY, "kernel and distribution do no arithmetic for a job"),
    Factor.HOST: Trait(0.5, Size.ANY, "a name does no arithmetic"),
    Factor.TIME: Trait(0.5, Size.ANY, "numbers seldom depend on when or how loaded"),
    Factor.OTHER: Trait(1, Size.ANY, "not known to change numbers"),
}


def _package(difference: Difference, reference: Flat, run: Flat) -> Trait:
    name = normalised(difference.package)
    modules = _modules_of_either(reference, run)
    if name in BUILD_TOOLS:
        return Trait(0.5, Size.ANY, "it installs packages and computes nothing")
    if modules is not None and module_of(name) not in modules:
        return Trait(1, Size.ANY, "the job never imported it")
    numerical = name in NUMERICAL
    if ABSENT in (difference.before, difference.now):
        weight = 35.0 if numerical else 4.0
        return Trait(weight, Size.ANY, "only one of the two has it, and code may choose by what is installed")
    step = release_step(difference.before, difference.now)
    if not numerical:
        return Trait(10 if modules is not None and step == "major" else 5, Size.MEANING, _used(modules))
    weight = {"major": 82.0, "minor": 76.0, "patch": 40.0}[step]
    reason = f"a {step} release of a numerical library"
    if modules is None:
        return Trait(weight * 0.75, Size.ANY, f"{reason}; whether the job uses it is not recorded")
    return Trait(weight, Size.ANY, f"{reason} that the job imported")


def _used(modules: frozenset[str] | None) -> str:
    known = "the job imported it, but" if modules is not None else "it"
    return f"{known} is not known to do arithmetic"


def _modules_of_either(reference: Flat, run: Flat) -> frozenset[str] | None:
    """The run's own list has to be there; the reference's adds what only the older code imported."""
    now, before = loaded_modules(run), loaded_modules(reference)
    return None if now is None else now | (before or frozenset())


def loaded_modules(record: Flat) -> frozenset[str] | None:
    """Top modules that the job had imported when it ended; None when the record does not say."""
    text = record.get("in_process.modules")
    if not text:
        return None
    return frozenset(name.strip().partition(".")[0] for name in text.split(","))


def has_card(record: Flat) -> bool:
    return any(name.startswith("gpu.") and name.endswith(".name") for name in record)


_CARD_CLASS = re.compile(r"gpu\.\d+\.(name|compute_capability|cores)")
_CUDA_LIBRARY = re.compile(
    r".*(cudnn|cublas|cusolver|cufft|curand|cusparse|nccl|triton|jaxlib|runtime|torch).*"
)


def _card(difference: Difference) -> Trait:
    if difference.factor is Factor.DRIVER:
        step = release_step(difference.before, difference.now)
        weight = 26.0 if step == "major" else 9.0
        return Trait(weight, Size.ROUNDING, f"a {step} step of the driver, which compiles kernels late")
    if difference.factor is Factor.CUDA:
        if _CUDA_LIBRARY.fullmatch(difference.name):
            return Trait(62, Size.ROUNDING, "its libraries promise the same bits within one release only")
        return Trait(12, Size.ROUNDING, "part of the CUDA stack")
    if _CARD_CLASS.fullmatch(difference.name):
        return Trait(80, Size.ROUNDING, "cuDNN and cuBLAS promise no equal bits across architectures")
    return Trait(1, Size.ROUNDING, "clocks, memory, ECC and power change time, not arithmetic")


_CPU_KIND = re.compile(r"cpu\.(model(_number)?|vendor|family|flags)")


def _kernel(difference: Difference, reference: Flat, run: Flat) -> Trait:
    if difference.factor is Factor.BLAS:
        if _brought(difference, reference, run):
            return Trait(20, Size.ROUNDING, "it came with another release of the library that carries it")
        if difference.name.endswith(("architecture", "CORETYPE", "CBWR", "INSTRUCTIONS", "FEATURES")):
            return Trait(80, Size.ROUNDING, "another kernel adds in another order, in every matrix product")
        if difference.name.endswith(("version", "numpy.blas")):
            return Trait(60, Size.ROUNDING, "another release of BLAS may order its sums differently")
        return Trait(8, Size.ROUNDING, "part of how BLAS was built")
    if difference.name.startswith("in_process."):
        if _brought(difference, reference, run):
            return Trait(5, Size.ROUNDING, "releases of NumPy name their instructions differently")
        return Trait(50, Size.ROUNDING, "NumPy chose other vector instructions for its functions")
    if not _CPU_KIND.fullmatch(difference.name):
        return Trait(1.5, Size.ROUNDING, "microcode, clock and core count do not choose instructions")
    if _same_kernels(reference, run):
        return Trait(8, Size.ROUNDING, "another processor, but BLAS chose the same kernel")
    return Trait(42, Size.ROUNDING, "libraries choose their kernels by the processor")


_CARRIERS = ("numpy", "scipy")
"""Their wheels carry a BLAS of their own."""


def _brought(difference: Difference, reference: Flat, run: Flat) -> bool:
    """Whether it follows from another release of NumPy or SciPy: then that release is the suspect.

    Not so a kernel that somebody asked for, or that another processor was given.
    """
    carriers = [f"{PACKAGES}{name}" for name in _CARRIERS]
    if all(reference.get(name) == run.get(name) for name in carriers):
        return False
    if not difference.name.endswith("architecture"):
        return "_process.environ." not in difference.name and "run.environment." not in difference.name
    same = ("cpu.model", "cpu.flags", "run.environment.OPENBLAS_CORETYPE")
    return "cpu.model" in run and all(reference.get(name) == run.get(name) for name in same)


def _same_kernels(reference: Flat, run: Flat) -> bool:
    one, other = _kernels(reference), _kernels(run)
    return bool(one) and one == other


def _kernels(record: Flat) -> dict[str, str]:
    return {name: text for name, text in record.items() if re.fullmatch(r"blas\..*architecture", name)}


_CARD_FLAG = re.compile(r".*(cuda|cudnn|cublas|tf32|xla_gpu).*", re.IGNORECASE)
_PRECISION = re.compile(r".*(tf32|precision|reduced|bf16|fp16|autocast|dtype|x64).*", re.IGNORECASE)
_DETERMINISM = re.compile(r".*(determinis|benchmark|workspace|xla_flags).*", re.IGNORECASE)


def _flag(difference: Difference, reference: Flat, run: Flat) -> Trait:
    name = difference.name
    if _CARD_FLAG.fullmatch(name) and not (has_card(reference) or has_card(run)):
        return Trait(2, Size.ROUNDING, "a flag of graphics cards, and neither had one")
    if _PRECISION.fullmatch(name):
        return Trait(84, Size.ROUNDING, "it changes how many digits products keep")
    if _DETERMINISM.fullmatch(name):
        return Trait(58, Size.ROUNDING, "it chooses among kernels that add in different orders")
    if difference.factor is Factor.PROFILE:
        return Trait(86, Size.ROUNDING, "the strict profile turns TF32 and kernel search off")
    return Trait(20, Size.ROUNDING, "a setting that the code made in its framework")


def _threads(reference: Flat, run: Flat) -> Trait:
    torch = {"torch", "tensorflow", "jax"} & (loaded_modules(run) or frozenset())
    weight = 60.0 if torch or loaded_modules(run) is None else 52.0
    return Trait(weight, Size.ROUNDING, "sums are split by thread, so their order changes")


def _python(difference: Difference) -> Trait:
    if not difference.name.endswith("version"):
        return Trait(6, Size.MEANING, "another build of Python")
    if release_step(difference.before, difference.now) == "patch":
        return Trait(7, Size.MEANING, "a patch release of Python, which keeps its numbers")
    return Trait(40, Size.MEANING, "releases of Python change defaults, sums and random helpers")


def _code(difference: Difference, reference: Flat, run: Flat) -> Trait:
    if difference.name.startswith("run."):
        if _argv_without_seed(difference.before, reference) == _argv_without_seed(difference.now, run):
            return Trait(2, Size.MEANING, "the command differs by the seed alone")
        return Trait(85, Size.MEANING, "another command, so other parameters")
    if reference.get("source.tree") and reference.get("source.tree") == run.get("source.tree"):
        return Trait(1, Size.MEANING, "another commit with the same files")
    if difference.name in ("source.tree", "source.commit") or "submodule" in difference.name:
        return Trait(50, Size.MEANING, "other code may compute something else")
    return Trait(2, Size.MEANING, "tells where the code came from, not what it is")


def _argv_without_seed(argv: str, record: Flat) -> str:
    seed = record.get("run.seed", "")
    return ", ".join("SEED" if word == seed and seed else word for word in argv.split(", "))
