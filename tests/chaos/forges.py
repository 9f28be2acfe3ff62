"""A forge that is down, slow, wrong or half closed, between the controller and the real one.

Every fault meets one run, all of them at the same time, from the push until the verdict was refused twice;
then it heals. Before that the whole forge is down once.
"""

import time
from dataclasses import dataclass

from tests.chaos.stage import Stage
from tests.faulty import FAULTS, Misbehaviour
from tests.integration.spine.controller import until

from reprise.domain.run import Phase

SETTINGS = {"REPRISE_GITHUB__TIMEOUT": "1", "REPRISE_PROCESS__SLOTS": "4"}
PATIENCE = 240.0
"""Seconds until all of them were refused; writes go one after the other, and each may take its timeout."""


@dataclass(frozen=True)
class Victim:
    fault: str
    sha: str
    wrong: Misbehaviour


def meet_forges(stage: Stage) -> None:
    """In a controller that lives already. Raises AssertionError when a verdict is late, wrong or double."""
    # Several at once, so that the pools of threads and connections are as full as they ever get.
    first = [stage.push(f"before-{number}") for number in range(8)]
    for sha in first:
        stage.await_end(sha)
    for sha in first:
        stage.assert_right(sha)
    before = stage.usage()
    _down(stage)
    victims = [_victim(stage, name) for name in FAULTS]
    begun = time.monotonic()
    waiting = list(victims)
    while waiting and time.monotonic() < begun + PATIENCE:
        for victim in [victim for victim in waiting if _refused_twice(stage, victim)]:
            stage.wire.heal(victim.sha)
            waiting.remove(victim)
        time.sleep(0.1)
    assert waiting == [], f"not asked twice in {PATIENCE} s: {[victim.fault for victim in waiting]}"
    print(f"{'fault':<15}{'met':<6}seconds", flush=True)
    for victim in victims:
        stage.assert_right(victim.sha, announced=False)
        print(f"{victim.fault:<15}{len(victim.wrong.hits):<6}{time.monotonic() - begun:.1f}", flush=True)
    stage.assert_small(before)


def _down(stage: Stage) -> None:
    stage.wire.close()
    sha = stage.push("down")
    until(lambda: len(stage.controller.said("repository not swept")) >= 2)
    stage.wire.open()
    stage.assert_right(sha)
    print("the whole forge was down for two sweeps", flush=True)


def _victim(stage: Stage, name: str) -> Victim:
    tag = f"fault-{name.replace(' ', '-')}"
    sha = stage.commit(tag)
    wrong = stage.wire.misbehave(FAULTS[name], sha)
    stage.paper.push(tag)
    return Victim(name, sha, wrong)


def _refused_twice(stage: Stage, victim: Victim) -> bool:
    run = stage.run(victim.sha)
    if run is None or run.phase is not Phase.REPORTING:
        return False
    return len(stage.controller.said("step postponed", step="report", run_id=run.id)) >= 2
