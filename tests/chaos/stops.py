"""SIGSTOP at random points: the controller freezes for a while, as a laptop or a virtual machine does.

In every fifth schedule a trial's supervisor is killed as well. A schedule follows from its seed alone.
"""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tests.chaos.stage import Stage, Usage
from tests.integration.spine.controller import until

LONGEST_RUN = 3.0
"""Seconds after the push within which something happens; a run takes about two."""
LONG = 5.0
"""Seconds of one stop in ten: beyond the timeout of the calls that it interrupts."""


@dataclass(frozen=True)
class Stop:
    at: float
    """Seconds after the push."""
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:.2f} + {self.seconds:.2f}"


@dataclass(frozen=True)
class Schedule:
    seed: int
    stops: tuple[Stop, ...]
    kills_supervisor: bool

    def __str__(self) -> str:
        said = ", ".join(map(str, self.stops))
        return said + (", supervisor killed" if self.kills_supervisor else "")


def schedule(seed: int) -> Schedule:
    random = Random(seed)
    stops, at = [], 0.0
    for _ in range(random.randint(1, 3)):
        at += random.uniform(0, LONGEST_RUN / 2)
        seconds = LONG if random.random() < 0.1 else random.uniform(0.05, 1.5)
        stops.append(Stop(at, seconds))
        at += seconds
    return Schedule(seed, tuple(stops), seed % 5 == 0)


def stop_at_random(stage: Stage, seeds: range) -> None:
    """In a controller that lives already. Raises AssertionError with the seed that shows what is wrong."""
    print(f"{'seed':<9}{'attempts':<10}{'lost':<6}{'seconds':<9}stopped at + for (s)", flush=True)
    before: Usage | None = None
    for seed in seeds:
        chosen = schedule(seed)
        try:
            _follow(stage, chosen)
        except AssertionError as error:
            raise AssertionError(f"seed {seed} ({chosen}): {error}") from error
        before = before or stage.usage()
    if before is not None:
        stage.assert_small(before)
    print(f"{len(seeds)} schedules; one of them again: make chaos ONLY=stops SEED=… SCHEDULES=1", flush=True)


def _follow(stage: Stage, chosen: Schedule) -> None:
    pushed = time.monotonic()
    sha = stage.push(f"stop-{chosen.seed}", seconds=0.5)
    if chosen.kills_supervisor:
        _kill_a_supervisor(stage)
    for stop in chosen.stops:
        time.sleep(max(0.0, pushed + stop.at - time.monotonic()))
        os.kill(stage.controller.pid, signal.SIGSTOP)
        try:
            time.sleep(stop.seconds)
        finally:
            os.kill(stage.controller.pid, signal.SIGCONT)
    _, trials = stage.assert_right(sha)
    lost = sum(trial.lost is not None for trial in trials)
    assert lost <= chosen.kills_supervisor, "an attempt was lost without a reason"
    print(f"{chosen.seed:<9}{len(trials):<10}{lost:<6}{time.monotonic() - pushed:<9.1f}{chosen}", flush=True)


def _kill_a_supervisor(stage: Stage) -> None:
    """The first that shows up, as the kernel kills when memory is short."""
    found = until(lambda: list(stage.controller.state.glob("work/*/trials/*/supervisor.json")), seconds=30)
    with suppress(ProcessLookupError):
        os.kill(json.loads(found[0].read_text())["pid"], signal.SIGKILL)
