"""How long from `git push` of a tag to the job's first line of output, beside `mlflow run` of the same.

A forge and a controller are started as `make demo` starts them; both sides are warm (environment built,
one run thrown away) and take turns, so that whatever else the machine does hits both.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from bench.printed import Bar, Part, number, numbers
from bench.scene import CACHE, Scene, at, awaited, scene
from reprise.adapters.mlflow.environment import ensure_environment

GOAL = 0.25
"""Of the time that `mlflow run` takes."""
PAIRS = 5
LINE = "first line"
FILES = {
    "train.py": f'print("{LINE}", flush=True)\n',
    "requirements.txt": "",
    "reprise.yaml": "version: 1\nname: trivial\nrun: {command: [python, train.py]}\n",
    "MLproject": "name: trivial\nentry_points:\n  main: {command: python train.py}\n",
}
STAGES: dict[str, tuple[str, dict[str, str]]] = {
    "delivery stored": ("delivery", {"delivery_event": "push"}),
    "commit and spec read": ("trigger settled", {}),
    "run granted": ("run granted", {}),
    "announced, machine": ("phase", {"phase": "provisioning"}),
    "trial planned": ("phase", {"phase": "running"}),
}
"""What the controller's log says on the way, in order: label → event and values."""


def measure() -> Part:
    with scene(FILES) as around:
        reprise = Reprise(around)
        mlflow = MlflowRun(around.services.folder / "mlflow-run", CACHE)
        reprise.measure("warm-up")
        mlflow.measure()
        ours, theirs = [], []
        stages: dict[str, list[float]] = {}
        for index in range(PAIRS):
            seconds, passed = reprise.measure(f"v{index}")
            ours.append(seconds)
            theirs.append(mlflow.measure())
            for label, when in passed.items():
                stages.setdefault(label, []).append(when)
            print(f"pair {index + 1}: reprise {ours[-1]:.2f} s, mlflow run {theirs[-1]:.2f} s", flush=True)
    return told(ours, theirs, stages)


def told(ours: Sequence[float], theirs: Sequence[float], stages: dict[str, list[float]]) -> Part:
    ratio = statistics.median(ours) / statistics.median(theirs)
    return Part(
        "first line",
        "Tag push to the first line of output",
        (Bar("time beside `mlflow run`", ratio, at_most=GOAL),),
        ("seconds since the push began, or `mlflow run`", "median", "each round"),
        (
            _row("**Reprise: first line**", ours),
            _row("**`mlflow run . --env-manager local`: first line**", theirs),
            *(_row(f"Reprise, on the way: {label}", times) for label, times in stages.items()),
        ),
    )


def _row(name: str, values: Sequence[float]) -> tuple[str, str, str]:
    return name, number(statistics.median(values)), numbers(values)


class Reprise:
    """A researcher whose repository is watched."""

    def __init__(self, around: Scene) -> None:
        self._around = around
        around.add_hook()
        around.start_controller()

    def measure(self, tag: str) -> tuple[float, dict[str, float]]:
        """Seconds to the first line, and to each stage before it. Returns when the verdict is there."""
        around = self._around
        (around.copy / "README.md").write_text(tag)
        around.commit(tag)
        around.ada.git(around.copy, "tag", tag)
        known = set(self._logs())
        began, epoch = time.monotonic(), time.time()
        around.ada.git(around.copy, "push", "--quiet", "origin", tag)
        pushed = time.monotonic() - began
        awaited(lambda: [log for log in set(self._logs()) - known if log.stat().st_size])
        seconds = time.monotonic() - began
        awaited(lambda: self._run(tag)["phase"] == "done")
        return seconds, {"`git push` returned": pushed, **self._stages(epoch)}

    def _logs(self) -> list[Path]:
        return list(self._around.services.state.glob("runs/*/trials/0-1/log.txt"))

    def _run(self, tag: str) -> dict[str, Any]:
        runs: list[dict[str, Any]] = self._around.api("/runs")["runs"]
        return next(run for run in runs if run["ref"] == tag)

    def _stages(self, began: float) -> dict[str, float]:
        found = {}
        for label, (event, values) in STAGES.items():
            times = [at(entry) for entry in self._around.log(event) if values.items() <= entry.items()]
            found[label] = next((each - began for each in times if each > began), float("nan"))
        return found


class MlflowRun:
    """`mlflow run` with its whole command line tool, in its own environment, nothing to install."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        write_files(folder)
        environment = ensure_environment(cache, Path(find_uv_bin()), Path(sys.executable))
        self._command: list[str | Path] = [
            environment / "bin" / "mlflow",
            "run",
            ".",
            "--env-manager",
            "local",
        ]
        self._variables = {
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        }

    def measure(self) -> float:
        """Seconds from its start to the first line. Returns when it has ended."""
        began = time.monotonic()
        with subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            seconds = _until_line(process, began)
        if seconds is None or process.returncode != 0:
            raise SystemExit(f"mlflow run ended with {process.returncode}: run it by hand in a copy of FILES")
        return seconds


def _until_line(process: "subprocess.Popen[str]", began: float) -> float | None:
    """Reads everything; seconds until the line came, None when it never did."""
    came = None
    for line in process.stdout or ():
        if came is None and line.strip() == LINE:
            came = time.monotonic() - began
    return came


def write_files(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    print(measure().text())
