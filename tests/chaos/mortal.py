"""``python -P mortal.py serve``: the ordinary ``reprise serve``, which kills itself at a wanted crossing.

A crossing is one side of one step of a run: ``before`` it does anything, ``done`` but not yet recorded by
the durable engine, ``recorded``. Each is written to a journal as it happens. Death meets only runs that
the journal did not know when this process started, so that a later life can finish them.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

JOURNAL = "CHAOS_JOURNAL"
DEATH = "CHAOS_DEATH"
"""Names of the variables that say where the journal is, and at which crossing to die (``-`` = nowhere)."""
SIDES = ("before", "done", "recorded")

Step = Callable[..., Coroutine[Any, Any, Any]]


class Crossing(NamedTuple):
    step: str
    number: int
    """1 for the first time that this run makes the step."""
    side: str

    def __str__(self) -> str:
        return f"{self.step}/{self.number}/{self.side}"


class Entry(NamedTuple):
    pid: int
    run_id: str
    crossing: Crossing


def read_journal(path: Path) -> list[Entry]:
    if not path.exists():
        return []
    lines = map(json.loads, path.read_text().splitlines())
    return [Entry(pid, run_id, Crossing(*crossing)) for pid, run_id, crossing in lines]


class Mortal:
    def __init__(self, journal: Path, death: str) -> None:
        self._journal = journal
        self._death = death
        self._old = {entry.run_id for entry in read_journal(journal)}
        self._times: Counter[tuple[str, str]] = Counter()

    def wrap(self, step: Step) -> Step:
        """The engine's ``step``: ``call`` happens only where nothing is recorded yet."""

        async def mortal_step(name: str, call: Step, run_id: str, *args: object) -> Any:
            number = 0

            async def crossed(*given: object) -> Any:
                nonlocal number
                self._times[run_id, name] += 1
                number = self._times[run_id, name]
                self._cross(run_id, Crossing(name, number, "before"))
                outcome = await call(*given)
                self._cross(run_id, Crossing(name, number, "done"))
                return outcome

            outcome = await step(name, crossed, run_id, *args)
            if number:
                self._cross(run_id, Crossing(name, number, "recorded"))
            return outcome

        return mortal_step

    def _cross(self, run_id: str, crossing: Crossing) -> None:
        with self._journal.open("a") as file:
            file.write(json.dumps(Entry(os.getpid(), run_id, crossing)) + "\n")
        if str(crossing) == self._death and run_id not in self._old:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    from reprise.engine import durable

    mortal = Mortal(Path(os.environ[JOURNAL]), os.environ[DEATH])
    durable.step = mortal.wrap(durable.step)  # before anybody else has taken it
    from reprise.cli import main as reprise

    sys.argv[0] = "reprise"
    reprise()


if __name__ == "__main__":
    main()
