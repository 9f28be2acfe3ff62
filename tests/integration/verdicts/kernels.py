"""Processors of other makes, as far as arithmetic goes: the kernels of OpenBLAS that this one can run."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.verdicts.network import Training

KERNELS = ("Haswell", "SkylakeX", "Sandybridge", "Prescott")
_ALSO_CALLED = {"prescott": "katmai"}
"""The generic one."""
_SECONDS = 120

Result = tuple[float, str]
"""Percent right, and the sha256 of the weights."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A kernel that cannot be used here."""

    why: str


class Jobs:
    """The committed job, run outside of Reprise."""

    def __init__(self, python: Path, train: Path) -> None:
        self._python = python
        self._train = train
        self._started: list[subprocess.Popen[str]] = []

    def begin(self, kernel: str, training: Training, seeds: Sequence[int]) -> "subprocess.Popen[str]":
        arguments = [*training.arguments, "--only-print", "--seed", *map(str, seeds)]
        started = subprocess.Popen(
            [str(self._python), str(self._train), *arguments],
            env={"PATH": os.environ["PATH"], "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(started)
        return started

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def measured(process: "subprocess.Popen[str]", kernel: str) -> list[Result] | Lacking:
    """One result for each seed. A processor that lacks an instruction ends the program that uses it."""
    out, err = process.communicate(timeout=_SECONDS)
    if process.returncode == -signal.SIGILL:
        return Lacking(f"this processor has no instructions for {kernel}: the probe ended by SIGILL")
    if process.returncode != 0:
        return Lacking(f"the probe of {kernel} ended with {process.returncode}: {err.strip()[-300:]}")
    said = json.loads(out)
    asked = kernel.lower()
    if not {name.lower() for name in said["kernels"]} <= {asked, _ALSO_CALLED.get(asked)}:
        return Lacking(f"OpenBLAS runs {', '.join(said['kernels'])} here in place of {kernel}")
    return [(percent, digest) for percent, digest in said["results"]]
