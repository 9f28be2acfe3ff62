"""`kill -9` of a controller with a thousand waiting and fifty live runs, and its next start.

The first step is the first trial that a workflow takes up again: its job ran on meanwhile. Beside it the
start of the same program with an empty state folder, in turns. Afterwards nothing may be lost or doubled.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.printed import Bar, Part, number, numbers
from bench.scene import ROOT, Scene, at, awaited, entries, memory_mb
from bench.waiting import CONTROLLER_MB, LIVE, ONE_SLOT
from reprise.demo.services import end, free_port

FIRST_STEP_SECONDS = 5.0
ROUNDS = 3
SUPERVISOR = "runner.pyz"
SLOTS = {**ONE_SLOT, "REPRISE_PROCESS__SLOTS": str(LIVE), "REPRISE_PROCESS__CPUS": "1"}


@dataclass(frozen=True, slots=True)
class State:
    """What must be the same before and after."""

    waiting: frozenset[str]
    live: frozenset[str]
    trials: tuple[tuple[str, int, int], ...]
    """Run, number and attempt."""
    workflows: int
    jobs: frozenset[str]
    """The folder of each that has a supervisor."""
    processes: frozenset[int]
    """Of all supervisors: an isolated job has two, its own first process being the second."""

    @classmethod
    def of(cls, around: Scene) -> Self:
        found = supervisors(around)
        return cls(
            _ids(around, "granted_at IS NULL AND ended_at IS NULL"),
            _ids(around, "granted_at IS NOT NULL AND ended_at IS NULL"),
            tuple(around.rows("SELECT run_id, number, attempt FROM trials ORDER BY 1, 2, 3")),
            around.rows("SELECT count(*) FROM workflow_status", file="engine.db")[0][0],
            frozenset(found.values()),
            frozenset(found),
        )


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since the process was started."""

    serving: float
    first_step: float | None = None
    all_steps: float | None = None


def measure(around: Scene, controller: "subprocess.Popen[bytes]") -> Part:
    """``controller`` has its runs; it is started again with a slot for each that is to live."""
    end(controller)
    controller = around.start_controller(SLOTS)
    awaited(
        lambda: len(set(supervisors(around).values())) == LIVE and len(around.log("trial taken up")) == LIVE,
        300,
        0.5,
    )
    before = State.of(around)
    loaded, empty = [], []
    for number_ in range(ROUNDS):
        controller.send_signal(signal.SIGKILL)
        controller.wait(20)
        empty.append(start_empty(around, around.services.folder / f"empty-{number_}"))
        controller, start = start_loaded(around)
        loaded.append(start)
        print(f"round {number_ + 1}: empty {empty[-1]}, loaded {start}", flush=True)
    return told(before, State.of(around), loaded, empty, memory_mb(controller.pid))


def start_loaded(around: Scene) -> "tuple[subprocess.Popen[bytes], Start]":
    began = time.time()
    controller = around.start_controller(SLOTS)
    steps = awaited(lambda: _complete(around.log("trial taken up"), LIVE), 120, 0.2)
    serving = at(around.log("serving")[0])
    return controller, Start(serving - began, at(steps[0]) - began, at(steps[-1]) - began)


def start_empty(around: Scene, state: Path) -> Start:
    """The same program, nothing to do. It is stopped again."""
    log, began = state.with_suffix(".log"), time.time()
    variables = {**os.environ, **around.settings(), **SLOTS, "REPRISE_STATE_DIR": str(state)}
    variables["REPRISE_HTTP__PORT"] = str(free_port())
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "reprise", "serve"], cwd=ROOT, env=variables, stdout=output, stderr=output
        )
    try:
        found = awaited(lambda: entries(log, "serving"), 60)
    finally:
        end(process)
    return Start(at(found[0]) - began)


def told(before: State, after: State, loaded: Sequence[Start], empty: Sequence[Start], memory: float) -> Part:
    first = [start.first_step or 0.0 for start in loaded]
    lost = len(before.waiting ^ after.waiting) + len(before.live ^ after.live)
    lost += len(set(before.trials) ^ set(after.trials)) + abs(before.workflows - after.workflows)
    lost += len(before.jobs ^ after.jobs) + len(before.processes ^ after.processes)
    base = statistics.median(start.serving for start in empty)
    return Part(
        "restart",
        "Restart after kill −9",
        (
            Bar(
                "first step after the start, slowest round", max(first), at_most=FIRST_STEP_SECONDS, unit=" s"
            ),
            Bar("runs, trials, workflows and jobs lost or doubled", lost, at_most=0),
            Bar("memory of the controller", memory, at_most=CONTROLLER_MB, unit=" MB"),
        ),
        ("seconds since the process was started", "median", "each round"),
        (
            _row("empty state: it serves", [start.serving for start in empty]),
            _row("it serves", [start.serving for start in loaded]),
            _row("first step of a live run", first),
            _row("every live run is worked on", [start.all_steps or 0.0 for start in loaded]),
        ),
        (
            f"{len(after.waiting)} runs wait, {len(after.live)} live with {len(after.jobs)} jobs; "
            f"their first step takes {number(statistics.median(first) / base)} times the empty start.",
        ),
    )


def supervisors(around: Scene) -> dict[int, str]:
    """Pid → folder of the trial, of every job of this controller, whoever started it."""
    ours = str(around.services.state)
    return {pid: argv[-1] for pid, argv in programs() if SUPERVISOR in " ".join(argv) and ours in argv[-1]}


def programs() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_text(errors="replace").strip("\0").split("\0")


def _ids(around: Scene, where: str) -> frozenset[str]:
    return frozenset(row[0] for row in around.rows(f"SELECT id FROM runs WHERE {where}"))  # noqa: S608 - our words


def _complete(found: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return found if len(found) >= number else []


def _row(name: str, values: Sequence[float]) -> tuple[str, str, str]:
    return name, number(statistics.median(values)), numbers(values)
