"""kill -9 on every side of every step of a run, one life each.

The steps are those that the durable engine recorded of a first complete run, so one that is added later
is covered. A life first finishes the run that the life before it died in, which is then looked at.
"""

import time
from collections import Counter
from dataclasses import dataclass

from tests.chaos.mortal import SIDES, Crossing
from tests.chaos.stage import Stage


@dataclass(frozen=True)
class Death:
    number: int
    crossing: Crossing
    sha: str
    begun: float


def every_crossing(stage: Stage) -> list[Crossing]:
    """All sides of all steps of a run that nobody disturbs. Ends the controller."""
    run, _ = stage.assert_right(stage.push("whole"))
    times: Counter[str] = Counter()
    found = []
    for step in stage.recorded_steps(run):
        times[step] += 1
        found += [Crossing(step, times[step], side) for side in SIDES]
    crossed = [entry.crossing for entry in stage.journal if entry.run_id == run.id]
    assert sorted(crossed) == sorted(found), f"recorded were {found}, crossed {crossed}"
    stage.controller.terminate()
    return found


def alternating(crossings: list[Crossing]) -> list[Crossing]:
    """Every kind of step once: the first before it, the next when it is done but not recorded, and so on."""
    first = [crossing for crossing in crossings if crossing.number == 1]
    steps = dict.fromkeys(crossing.step for crossing in first)
    return [Crossing(step, 1, SIDES[place % 2]) for place, step in enumerate(steps)]


def die_at(stage: Stage, crossings: list[Crossing], *, of: int) -> None:
    """Raises AssertionError when one of these deaths changes anything. The last life goes on."""
    print(
        f"{'step':<17}{'number':<8}{'side':<11}{'lives':<7}{'attempts':<10}{'seconds':<9}outcome", flush=True
    )
    dead: Death | None = None
    for number, crossing in enumerate(crossings, 1):
        stage.live(crossing)
        if dead is not None:
            _look_at(stage, dead)
        dead = Death(number, crossing, stage.push(f"death-{number}"), time.monotonic())
        stage.await_death()
        last = stage.journal[-1]
        assert last.crossing == crossing, f"died at {last.crossing}, not at {crossing}"
    stage.live()
    if dead is not None:
        _look_at(stage, dead)
    steps = len({crossing.step for crossing in crossings})
    print(
        f"{len(crossings)} deaths at {steps} kinds of step, of {of} sides of all recorded steps", flush=True
    )


def _look_at(stage: Stage, dead: Death) -> None:
    try:
        run, trials = stage.assert_right(dead.sha)
    except AssertionError as error:
        raise AssertionError(f"after death {dead.number} at {dead.crossing}: {error}") from error
    lives = len({entry.pid for entry in stage.journal if entry.run_id == run.id})
    step, number, side = dead.crossing
    seconds = time.monotonic() - dead.begun
    told = "reproduced" if run.judgement is None else run.judgement.verdict.value
    print(f"{step:<17}{number:<8}{side:<11}{lives:<7}{len(trials):<10}{seconds:<9.1f}{told}", flush=True)
