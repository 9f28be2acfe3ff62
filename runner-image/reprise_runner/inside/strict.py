"""The strict profile: what makes a framework deterministic, set when the job imports it.

Installed by ``sitecustomize.py``. It waits for the import, because importing a framework for a job that
does not want it would cost seconds, and sets flags before the job's own code can, so that whatever the
author sets afterwards stands. What was set is kept for the record.
"""

import os
import sys
from functools import partial

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without the milliseconds of that import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

XLA = "--xla_gpu_exclude_nondeterministic_ops=true"
PROFILE = "_reprise_profile"
"""Where `at_exit.py` finds what was set."""
APPLIED: "list[str]" = []
FAILED: "dict[str, str]" = {}


def set_torch(torch: "Any") -> None:
    apply("torch.use_deterministic_algorithms(True)", lambda: torch.use_deterministic_algorithms(True))
    for flag, value in (
        ("backends.cudnn.benchmark", False),
        ("backends.cudnn.deterministic", True),
        ("backends.cudnn.allow_tf32", False),
        ("backends.cuda.matmul.allow_tf32", False),
    ):
        apply(f"torch.{flag} = {value}", partial(assign, torch, flag, value))


def set_tensorflow(tensorflow: "Any") -> None:
    experimental = tensorflow.config.experimental
    apply("tf.config.experimental.enable_op_determinism()", lambda: experimental.enable_op_determinism())
    apply(
        "tf.config.experimental.enable_tensor_float_32_execution(False)",
        lambda: experimental.enable_tensor_float_32_execution(False),
    )


def set_jax(jax: "Any") -> None:
    """Full precision is what turns TF32 off for XLA."""
    apply(
        "jax_default_matmul_precision = highest",
        lambda: jax.config.update("jax_default_matmul_precision", "highest"),
    )


def set_xla() -> None:
    """Before the import: XLA reads its flags once. What the job has put there stays."""
    given = os.environ.get("XLA_FLAGS", "")
    if XLA.partition("=")[0] not in given:
        os.environ["XLA_FLAGS"] = (given + " " + XLA).strip()


AFTER = {"torch": set_torch, "tensorflow": set_tensorflow, "jax": set_jax}
BEFORE = {"tensorflow": set_xla, "jax": set_xla, "jaxlib": set_xla}


def install() -> None:
    setattr(sys, PROFILE, {"applied": APPLIED, "failed": FAILED})
    sys.meta_path.insert(0, Finder())


class Finder:
    """Asks the finders behind it, and changes what loads the few modules that it waits for."""

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name not in AFTER and name not in BEFORE:
            return None
        if name in BEFORE:
            apply(f"XLA_FLAGS with {XLA}", BEFORE[name])
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec: Any = finder.find_spec(name, path, target)
            if spec is not None:
                if name in AFTER and hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader, AFTER[name])
                return spec
        return None


class Loader:
    """Loads as the real one does, gives the module back to it, and then sets the flags."""

    def __init__(self, real: "Any", set_flags: "Callable[[Any], None]") -> None:
        self.real = real
        self.set_flags = set_flags

    def create_module(self, spec: "Any") -> "Any":
        return self.real.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        module.__spec__.loader = module.__loader__ = self.real
        self.real.exec_module(module)
        apply(f"{module.__name__} as a whole", lambda: self.set_flags(module), said=False)

    def __getattr__(self, name: str) -> "Any":
        return getattr(self.real, name)


def assign(value: "Any", path: str, to: object) -> None:
    *way, last = path.split(".")
    for name in way:
        value = getattr(value, name)
    setattr(value, last, to)


def apply(what: str, do: "Callable[[], object]", *, said: bool = True) -> None:
    """Do it and remember that; a framework that has no such flag must not stop the job."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            do()
    except Exception as error:  # noqa: BLE001  (strangers' modules raise what they like)
        FAILED[what] = (type(error).__name__ + ": " + str(error))[:1000]
        return
    if said and what not in APPLIED:
        APPLIED.append(what)
