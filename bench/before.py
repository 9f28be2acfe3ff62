"""What was mended after a profile: the package of an older commit beside today's, in turns."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from bench.printed import Bar, Part, number, numbers
from bench.scene import CACHE, ROOT, Scene, scene
from bench.webhook import FILES

BEFORE = "a54e8c8"
"""The last commit without the mends."""
ROUNDS = 2


def measure() -> Part:
    before: dict[str, list[float]] = {}
    after: dict[str, list[float]] = {}
    with scene(FILES) as around:
        around.push_tags("v", 1_000)
        old = around.services.folder / "before"
        unpack(old)
        for index in range(ROUNDS):
            for found, package in ((before, old / "controller"), (after, ROOT / "controller")):
                for name, values in run(around, package, f"{package.parent.name}-{index}").items():
                    found.setdefault(name, []).extend(values)
            print(f"round {index + 1} of before and after", flush=True)
    return told(before, after)


def told(before: dict[str, list[float]], after: dict[str, list[float]]) -> Part:
    times = {name: min(before[name]) / min(after[name]) for name in after}
    return Part(
        "before",
        "What profiles showed, before and after",
        (Bar("least of these gains", min(times.values()), at_least=1.0, unit=" times"),),
        ("milliseconds", "before", "after", "times less", "each before", "each after"),
        tuple(
            (
                name,
                number(min(before[name])),
                number(min(after[name])),
                number(times[name]),
                numbers(sorted(before[name])),
                numbers(sorted(after[name])),
            )
            for name in after
        ),
        (f"The fastest of each; before is commit {BEFORE}.",),
    )


def run(around: Scene, package: Path, name: str) -> dict[str, list[float]]:
    settings = around.settings()
    api, token = settings["REPRISE_GITHUB__API_URL"], settings["REPRISE_GITHUB__TOKEN"]
    folder = around.services.folder / f"mended-{name}"
    said = subprocess.run(
        [sys.executable, "-m", "bench.mended", str(folder), api, token, around.name, str(CACHE)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(package)},
        stdout=subprocess.PIPE,
        timeout=300,
        check=True,
    )
    found: dict[str, list[float]] = json.loads(said.stdout.splitlines()[-1])
    return found


def unpack(folder: Path) -> None:
    """The older package. Needs the project's history."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", BEFORE, "controller"], cwd=ROOT, stdout=subprocess.PIPE, timeout=60
    )
    if packed.returncode != 0:
        raise SystemExit(f"commit {BEFORE} is not in this copy of the project: clone it with its history")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


if __name__ == "__main__":
    print(measure().text())
