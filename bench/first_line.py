"""How long from `git push` of a tag to the job's first line of output, beside `mlflow run` of the same.

    .venv/bin/python bench/first_line.py [PAIRS]

A forge and a controller are started as `make demo` starts them; both sides are warm (environment built,
one run thrown away) and take turns, so that whatever else the machine does hits both. Prints every value.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from uv import find_uv_bin

from reprise.adapters.mlflow.environment import ensure_environment
from reprise.demo.people import Person
from reprise.demo.services import Services

GOAL = 0.25
"""Of the time that `mlflow run` takes."""
DEADLINE_SECONDS = 120.0
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
T = TypeVar("T")


def main(pairs: int) -> int:
    cache = Path(__file__).resolve().parents[1] / ".cache" / "reprise"
    with (
        tempfile.TemporaryDirectory(prefix="reprise-bench-") as folder,
        Services(Path(folder), cache) as services,
    ):
        reprise = Reprise(services)
        mlflow = MlflowRun(Path(folder) / "mlflow-run", cache)
        reprise.measure("warm-up")
        mlflow.measure()
        ours, theirs = [], []
        stages: dict[str, list[float]] = {}
        for number in range(pairs):
            seconds, passed = reprise.measure(f"v{number}")
            ours.append(seconds)
            theirs.append(mlflow.measure())
            for label, at in passed.items():
                stages.setdefault(label, []).append(at)
            print(f"pair {number + 1}: reprise {ours[-1]:.2f} s, mlflow run {theirs[-1]:.2f} s", flush=True)
    return tell(ours, theirs, stages)


def tell(ours: Sequence[float], theirs: Sequence[float], stages: dict[str, list[float]]) -> int:
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(f"median: reprise {mine:.2f} s, mlflow run {other:.2f} s")
    print("on the way, medians in seconds since the push began:")
    for label, at in stages.items():
        print(f"  {statistics.median(at):5.2f}  {label}")
    print(f"ratio {mine / other:.2f}, goal at most {GOAL:.2f}")
    return 0 if mine / other <= GOAL else 1


class Reprise:
    """A researcher whose repository is watched."""

    def __init__(self, services: Services) -> None:
        self._services = services
        services.start_forge()
        self._ada = Person("ada", services.account("ada"), services.forge_url)
        made = self._ada.call("POST", "user/repos", name="trivial")
        token = services.account("reprise-bot")
        self._ada.call("PUT", f"repos/{made['full_name']}/collaborators/reprise-bot", permission="push")
        self._copy = services.folder / "working-copy"
        write_files(self._copy)
        self._ada.git(self._copy, "init", "--quiet", "--initial-branch", "main")
        self._ada.git(self._copy, "remote", "add", "origin", made["clone_url"])
        self._add_hook(made["full_name"])
        services.start_controller(watch=made["full_name"], token=token)
        self._api = services.api()

    def _add_hook(self, name: str) -> None:
        url = f"{self._services.url}/webhooks/github"
        config = {"url": url, "content_type": "json", "secret": self._services.secret}
        self._ada.call("POST", f"repos/{name}/hooks", name="web", events=["push", "create"], config=config)

    def measure(self, tag: str) -> tuple[float, dict[str, float]]:
        """Seconds to the first line, and to each stage before it. Returns when the verdict is there."""
        (self._copy / "README.md").write_text(tag)
        self._ada.git(self._copy, "add", "--all")
        self._ada.git(self._copy, "commit", "--quiet", "--message", tag)
        self._ada.git(self._copy, "tag", tag)
        known = set(self._logs())
        began, at = time.monotonic(), time.time()
        self._ada.git(self._copy, "push", "--quiet", "origin", tag)
        pushed = time.monotonic() - began
        awaited(lambda: [log for log in set(self._logs()) - known if log.stat().st_size])
        seconds = time.monotonic() - began
        awaited(lambda: self._run(tag)["phase"] == "done")
        return seconds, {"push returned": pushed, **self._stages(at), "first line": seconds}

    def _logs(self) -> list[Path]:
        return list(self._services.state.glob("runs/*/trials/0-1/log.txt"))

    def _run(self, tag: str) -> dict[str, Any]:
        runs: list[dict[str, Any]] = self._api.get("/runs").json()["runs"]
        return next(run for run in runs if run["ref"] == tag)

    def _stages(self, began: float) -> dict[str, float]:
        lines = self._services.log("controller").read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        found = {}
        for label, (event, values) in STAGES.items():
            wanted = {"event": event, **values}
            times = [_epoch(entry) for entry in entries if wanted.items() <= entry.items()]
            found[label] = next((at - began for at in times if at > began), float("nan"))
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


def awaited(condition: Callable[[], T]) -> T:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.005)
    raise SystemExit(f"it did not happen within {DEADLINE_SECONDS:g} s")


def _epoch(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["timestamp"].replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
