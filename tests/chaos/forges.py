"""A forge that is down, slow, wrong or half closed, between the controller and the real one.

Every fault meets one run, all of them at the same time, from the push until the verdict was refused twice;
then it heals. Before that the whole forge is down once.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stage import Stage
from tests.faulty import FAULTS, Misbehaviour
from tests.integration.spine.controller import until

from reprise.domain.run import Phase

SETTINGS = {"REPRISE_GITHUB__TIMEOUT": "1", "REPRISE_PROCESS__SLOTS": "4"}
PATIENCE = 240.0
"""Seconds until all of them were refused; writes go one after the other, and each may take its timeout."""
MOST_MEMORY_KB = 300_000


@dataclass(frozen=True)
class Victim:
    fault: str
    sha: str
    wrong: Misbehaviour


def meet_forges(stage: Stage) -> None:
    """In a controller that lives already. Raises AssertionError when a verdict is late, wrong or double."""
    stage.assert_right(stage.push("before"))
    threads = _status(stage, "Threads")
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
    _assert_small(stage, threads)


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


def _assert_small(stage: Stage, threads_before: int) -> None:
    peak = _status(stage, "VmHWM")
    assert peak < MOST_MEMORY_KB, f"the controller used {peak} kB"
    until(lambda: _status(stage, "Threads") <= threads_before + 4, seconds=20, what=lambda: _threads(stage))
    print(f"the controller used {peak // 1000} MB at most, and {_status(stage, 'Threads')} threads at last")


def _threads(stage: Stage) -> str:
    names = [path.read_text().strip() for path in Path(f"/proc/{stage.controller.pid}/task").glob("*/comm")]
    return f"threads: {names}"


def _status(stage: Stage, field: str) -> int:
    lines = Path(f"/proc/{stage.controller.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
