"""A thousand waiting runs in one controller: memory each, and what waiting costs of a core.

The runs are made as in life: tags are pushed, the sweep finds them, the leader reads each commit's specs, and
one long job holds the only slot. The same process is measured empty and full.
"""

import subprocess
import time
from dataclasses import dataclass
from typing import Self

from bench.printed import Bar, Part, number
from bench.scene import Scene, awaited, cpu_percent, cpu_seconds, memory_mb, scene

WAITING = 1_000
LIVE = 50
"""For what follows; here all but one of them wait too."""
MEMORY_MB = 0.1
CPU_PERCENT = 5.0
CONTROLLER_MB = 300.0
LOOK_SECONDS = 20.0
QUIET_PERCENT = 10.0
FILLING_SECONDS = 900.0
SWEEP_SECONDS = 30
EXPERIMENTS = 50
"""Of each commit: so a thousand runs are twenty tags, and quickly made."""
FILES = {"requirements.txt": ""} | {
    f".reprise/table-{number}.yaml": "version: 1\nrun: {command: [sleep, '3600'], timeout: 2h}\n"
    for number in range(EXPERIMENTS)
}
ONE_SLOT = {"REPRISE_SWEEP_INTERVAL": str(SWEEP_SECONDS)}


@dataclass(frozen=True, slots=True)
class Seen:
    """The controller over `LOOK_SECONDS`."""

    runs: int
    memory_mb: float
    cpu_percent: float

    @classmethod
    def now(cls, around: Scene, controller: "subprocess.Popen[bytes]") -> Self:
        cpu = cpu_percent(controller.pid, LOOK_SECONDS)
        return cls(around.count("runs"), memory_mb(controller.pid), cpu)


@dataclass(frozen=True, slots=True)
class Filling:
    seconds: float
    cpu_seconds: float


def measure() -> Part:
    with scene(FILES) as around:
        return fill(around)[1]


def fill(around: Scene) -> "tuple[subprocess.Popen[bytes], Part]":
    """Leaves the controller running: one live run, and `WAITING` + `LIVE` - 1 that wait."""
    controller = around.start_controller(ONE_SLOT)
    settled(controller)
    empty = Seen.now(around, controller)
    print(f"empty: {empty}", flush=True)
    filling = make_runs(around, controller)
    print(f"filled: {filling}", flush=True)
    settled(controller)
    full = Seen.now(around, controller)
    print(f"full: {full}", flush=True)
    return controller, told(empty, full, filling)


def settled(controller: "subprocess.Popen[bytes]") -> None:
    """Until the start's own work is over: MLflow's client is imported in the background, say."""
    time.sleep(8)
    awaited(lambda: cpu_percent(controller.pid, 4) < QUIET_PERCENT, 120)


def make_runs(around: Scene, controller: "subprocess.Popen[bytes]") -> Filling:
    """Returns when one job runs and everybody else waits."""
    began, used = time.monotonic(), cpu_seconds(controller.pid)
    around.push_tags("v", (WAITING + LIVE) // EXPERIMENTS)
    awaited(lambda: around.count("runs") == WAITING + LIVE, FILLING_SECONDS, 0.5)
    awaited(lambda: around.count("runs WHERE phase = 'running'") == 1, 60, 0.2)
    return Filling(time.monotonic() - began, cpu_seconds(controller.pid) - used)


def told(empty: Seen, full: Seen, filling: Filling) -> Part:
    each = (full.memory_mb - empty.memory_mb) / (full.runs - empty.runs)
    waiting = full.runs - 1
    return Part(
        "waiting",
        "A thousand waiting runs",
        (
            Bar("memory of each waiting run above idle", each, at_most=MEMORY_MB, unit=" MB"),
            Bar("CPU of one core while they wait", full.cpu_percent, at_most=CPU_PERCENT, unit=" %"),
            Bar("memory of the controller", full.memory_mb, at_most=CONTROLLER_MB, unit=" MB"),
        ),
        ("controller", "runs", "memory (PSS)", f"CPU over {LOOK_SECONDS:g} s"),
        tuple(
            (name, f"{seen.runs}", f"{seen.memory_mb:.1f} MB", f"{number(seen.cpu_percent)} %")
            for name, seen in (("idle, no run", empty), (f"one live run, {waiting} wait", full))
        ),
        (
            f"Tags are swept every {SWEEP_SECONDS} s. From their push until all {full.runs} runs were there: "
            f"{filling.seconds:.0f} s, of which the controller worked {filling.cpu_seconds:.0f} s.",
        ),
    )


if __name__ == "__main__":
    print(measure().text())
