"""What only the job's own process knows, written when it ends: libraries it has loaded, flags it has left.

Loaded by ``sitecustomize.py`` at exit. Asks only modules that the job has imported itself, and only for
what they answer without touching a device.
"""

import json
import os
import sys
import time
from functools import partial

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without the milliseconds of that import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_TEXT = 4000
MAX_ITEMS = 300

FLAGS = {
    "torch": (
        "__version__",
        "version.cuda",
        "version.hip",
        "__config__.show()",
        "are_deterministic_algorithms_enabled()",
        "is_deterministic_algorithms_warn_only_enabled()",
        "get_float32_matmul_precision()",
        "get_default_dtype()",
        "get_num_threads()",
        "get_num_interop_threads()",
        "initial_seed()",
        "backends.cudnn.enabled",
        "backends.cudnn.version()",
        "backends.cudnn.benchmark",
        "backends.cudnn.deterministic",
        "backends.cudnn.allow_tf32",
        "backends.cuda.matmul.allow_tf32",
        "backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
        "backends.cuda.matmul.allow_bf16_reduced_precision_reduction",
        "backends.mkldnn.enabled",
        "cuda.nccl.version()",
    ),
    "tensorflow": (
        "__version__",
        "sysconfig.get_build_info()",
        "config.experimental.tensor_float_32_execution_enabled()",
        "config.threading.get_inter_op_parallelism_threads()",
        "config.threading.get_intra_op_parallelism_threads()",
    ),
    "jax": (
        "__version__",
        "config.jax_default_matmul_precision",
        "config.jax_enable_x64",
        "config.jax_default_prng_impl",
        "config.jax_threefry_partitionable",
        "config.jax_debug_nans",
    ),
    "jaxlib": ("__version__",),
    "triton": ("__version__",),
}
"""Module → what it is asked. JAX's own ``print_environment_info`` is not: it would start a backend anew."""

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "MKL_DYNAMIC",
    "OMP_DYNAMIC",
    "MKL_CBWR",
    "OPENBLAS_CORETYPE",
    "NPY_DISABLE_CPU_FEATURES",
    "PYTHONHASHSEED",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "NVIDIA_TF32_OVERRIDE",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "XLA_FLAGS",
)
"""As the job left them; what it was given is in ``run.environment``."""

OURS = ("__main__", "sitecustomize", "reprise_threadpoolctl")
"""Names in ``sys.modules`` that say nothing of what the job imported."""

NO_OFFSET = ("", "UTC", "GMT", "WET")
"""Zones that are called what their time is called; any other that is called so is one that nobody knows."""

LIBRARIES = (b"blas", b"mkl", b"blis", b"omp")
"""In the names of the files that threadpoolctl knows to ask."""


def leave(into: str, name: str, hook: str) -> None:
    """Write this process's record, in place of those that have less to tell."""
    new = os.path.join(into, name + ".new")
    with open(new, "w", encoding="utf-8") as file:
        json.dump(record(hook), file)
    os.rename(new, os.path.join(into, name))
    for other in os.listdir(into):
        if other.endswith(".json") and other < name:
            os.unlink(os.path.join(into, other))


def record(hook: str) -> "dict[str, object]":
    missing: dict[str, str] = {}
    missing.update(ask(missing, "locale", lacking) or {})
    return {
        "python": python(),
        "blas": ask(missing, "blas", lambda: libraries(hook)) or [],
        "in_process": {
            "argv": plain(sys.argv),
            "modules": modules(),
            "processor_seconds": time.process_time(),
            "python_flags": str(sys.flags),
            **variables(),
            **simd(missing),
            **flags(missing),
        },
        "profile": getattr(sys, "_reprise_profile", {}),
        "missing": missing,
    }


def python() -> "dict[str, object]":
    return {
        "version": ".".join(str(part) for part in sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "build": sys.version.replace("\n", " "),
        "executable": sys.executable,
    }


def modules() -> "list[str]":
    """What was imported from outside the standard library, by its top name."""
    own = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))
    names = {name.partition(".")[0] for name in list(sys.modules)}
    return sorted(name for name in names - own if name.isidentifier() and name not in OURS)[:MAX_ITEMS]


def variables() -> "dict[str, object]":
    return {f"environ.{name}": os.environ[name][:MAX_TEXT] for name in VARIABLES if name in os.environ}


def lacking() -> "dict[str, str]":
    """Zone and locale that the job was to have and this system does not: the C library says no word."""
    import _locale

    zone, wanted = os.environ.get("TZ", ""), os.environ.get("LC_ALL", "")
    found: dict[str, str] = {}
    if zone not in NO_OFFSET and (time.tzname[0], time.timezone) == (zone.partition("/")[0], 0):
        found["time_zone"] = f"{plain(zone)} is not installed where the job ran, so that it had UTC"
    if wanted not in ("", "C", "POSIX") and _locale.setlocale(_locale.LC_CTYPE) in ("C", "POSIX"):
        found["locale"] = f"{plain(wanted)} is not installed where the job ran, so that it had C"
    return found


def libraries(hook: str) -> "list[dict[str, object]]":
    """What does the linear algebra, with the kernel it chose for this processor."""
    with open("/proc/self/maps", "rb") as file:
        maps = file.read()
    if not any(name in maps for name in LIBRARIES):
        return []
    found = threadpools(hook)()
    named = [
        {
            "library": plain(each.get("internal_api") or each.get("user_api")),
            "version": plain(each.get("version")),
            "architecture": plain(each.get("architecture")),
            "threads": plain(each.get("num_threads")),
            "threading": plain(each.get("threading_layer")),
            "file": os.path.basename(each.get("filepath") or ""),
        }
        for each in found
    ]
    return sorted(named, key=lambda each: (str(each["library"]), str(each["file"])))[:MAX_ITEMS]


def threadpools(hook: str) -> "Callable[[], Any]":
    """Theirs when the job has loaded it, else the one that was shipped."""
    theirs: Callable[[], Any] | None = getattr(sys.modules.get("threadpoolctl"), "threadpool_info", None)
    if theirs is not None:
        return theirs
    path = os.path.join(hook, "threadpoolctl.py")
    module = type(sys)("reprise_threadpoolctl")
    sys.modules[module.__name__] = module  # its classes look themselves up there
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)  # noqa: S102  (shipped by us)
    shipped: Callable[[], Any] = module.threadpool_info
    return shipped


def simd(missing: "dict[str, str]") -> "dict[str, object]":
    """Which instructions NumPy found and uses."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return {}
    told = ask(missing, "numpy", lambda: numpy.show_config(mode="dicts"))
    if not isinstance(told, dict):
        return {}
    instructions = told.get("SIMD Extensions", {})
    found = {f"numpy.simd.{name.replace(' ', '_')}": plain(value) for name, value in instructions.items()}
    blas = told.get("Build Dependencies", {}).get("blas", {})
    return {
        **found,
        "numpy.__version__": plain(numpy.__version__),
        "numpy.blas": " ".join(str(blas.get(key, "")) for key in ("name", "version")).strip(),
    }


def flags(missing: "dict[str, str]") -> "dict[str, object]":
    found: dict[str, object] = {}
    for module, paths in FLAGS.items():
        if module not in sys.modules:
            continue
        for path in paths:
            name = f"{module}.{path.replace('()', '')}"
            value = ask(missing, name, partial(follow, sys.modules[module], path))
            if isinstance(value, dict):
                found.update({f"{name}.{key}": plain(each) for key, each in sorted(value.items())})
            elif value is not None:
                found[name] = plain(value)
    return found


def follow(value: "Any", path: str) -> "Any":
    """``a.b()`` of a value; None where its version has no such thing."""
    for part in path.split("."):
        name = part.replace("()", "")
        if not hasattr(value, name):
            return None
        value = getattr(value, name)
        if part != name:
            value = value()
    return value


def ask(missing: "dict[str, str]", name: str, question: "Callable[[], Any]") -> "Any":
    """The answer without a word to the job's output; None, and why, when there is none."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return question()
    except Exception as error:  # noqa: BLE001  (strangers' modules raise what they like)
        missing[name] = f"{type(error).__name__}: {error}"[:MAX_TEXT]
        return None


def plain(value: "Any") -> "Any":
    """A scalar or a list of scalars, of bounded size."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, (list, tuple)):
        return [
            plain(each) if not isinstance(each, (list, tuple)) else str(each) for each in value[:MAX_ITEMS]
        ]
    return str(value)[:MAX_TEXT]
