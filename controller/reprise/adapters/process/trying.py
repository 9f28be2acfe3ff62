"""Tries what a varied rehearsal asks of this machine before a job depends on it, in processes of its own.

A kernel that the processor lacks dies of an illegal instruction, and OpenBLAS quietly takes another one for
a name that it does not know: either would make a rehearsal that says one thing and does another. Called by
bootstrap; what is tried is the processor with our own NumPy, not the job's.
"""

import os
import signal
import subprocess
import sys

from reprise.domain.numerical import same_kernel

SECONDS = 60.0
KERNELS = ("Haswell", "Sandybridge", "Prescott", "SkylakeX", "Zen", "Nehalem")
"""In the order in which one is looked for that differs from this machine's."""

_MULTIPLY = """\
import numpy, threadpoolctl
for kind in ("f4", "f8"):
    grid = numpy.arange(9216, dtype=kind).reshape(96, 96)
    grid @ grid.T
found = [each for each in threadpoolctl.threadpool_info() if each["internal_api"] == "openblas"]
print(found[0]["architecture"] if found else "")
"""
_ZONE = "import os, zoneinfo; zoneinfo.ZoneInfo(os.environ['TZ'])"
_LOCALE = "import locale; locale.setlocale(locale.LC_ALL, '')"


def kernel_problem(kernel: str) -> str:
    """Why OpenBLAS cannot work with this kernel here; empty when it can."""
    tried = _run(_MULTIPLY, OPENBLAS_CORETYPE=kernel, OPENBLAS_NUM_THREADS="1")
    if isinstance(tried, str):
        return tried
    if tried.returncode == -signal.SIGILL:
        return f"this processor lacks instructions that the kernel {kernel} needs"
    if tried.returncode != 0:
        return f"a product of matrices with the kernel {kernel} failed here (exit {tried.returncode})"
    chosen = tried.stdout.strip()
    if not chosen:
        return "NumPy does not use OpenBLAS here, so a kernel cannot be tried"
    if not same_kernel(chosen, kernel):
        return f"OpenBLAS took {chosen} for it, so it knows no such kernel on this processor"
    return ""


def other_kernel() -> str | None:
    """One that works here and is not what OpenBLAS chooses by itself; None when there is none."""
    own = _run(_MULTIPLY, OPENBLAS_NUM_THREADS="1")
    usual = "" if isinstance(own, str) else own.stdout.strip()
    return next((each for each in KERNELS if not same_kernel(each, usual) and not kernel_problem(each)), None)


def zone_problem(zone: str) -> str:
    return _refused(_run(_ZONE, TZ=zone), f"there is no time zone {zone} here")


def locale_problem(name: str) -> str:
    return _refused(_run(_LOCALE, LC_ALL=name), f"the locale {name} is not installed here")


def _refused(tried: "subprocess.CompletedProcess[str] | str", why: str) -> str:
    if isinstance(tried, str):
        return tried
    return why if tried.returncode else ""


def _run(code: str, **variables: str) -> "subprocess.CompletedProcess[str] | str":
    """The ended process, or why there is none."""
    try:
        return subprocess.run(
            [sys.executable, "-I", "-c", code],
            env={"PATH": os.defpath, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"trying it took longer than {SECONDS:g} s"
    except OSError as error:
        return f"it could not be tried: {error.strerror}"
