"""A real forge, a researcher's repository, a real controller, and what must be true once a run is over."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.mortal import DEATH, JOURNAL, Crossing, Entry, read_journal
from tests.chaos.papers import counted
from tests.faulty import Faulty
from tests.integration.spine.controller import Controller, processes_in, until
from tests.integration.spine.town import Paper, Town, assert_told_once

from reprise.adapters.mlflow.client import Client
from reprise.adapters.process.provider import ProcessProvider
from reprise.store import runs
from reprise.store.database import Database
from reprise.store.runs import Run, Trial

MORTAL = Path(__file__).with_name("mortal.py")
PATIENCE = 180.0
"""Seconds for one run, however often it is disturbed."""


MOST_MB = 300
SPARE_THREADS = 8
"""That come and go, or that a library keeps for the next time."""
SPARE_DESCRIPTORS = 16
"""Two for each SQLite connection; the pools of three databases keep five each, and fill by and by."""


@dataclass(frozen=True)
class Usage:
    peak_mb: int
    now_mb: int
    threads: int
    descriptors: int

    def __str__(self) -> str:
        return f"{self.now_mb} MB (most {self.peak_mb}), {self.threads} threads, {self.descriptors} files"


class Stage:
    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.town = Town(folder / "town")
        self.wire = Faulty(self.town.url)
        self.wire.open()
        self.paper: Paper = self.town.repository("chaos")
        self._outside = _open_to_all(folder / "world" / "outside")
        self._journal = folder / "journal"
        self.controller = Controller(
            folder / "world" / "controller",
            self.town,
            folder / "cache",
            watch=self.paper.name,
            program=("-P", str(MORTAL), "serve"),
            REPRISE_GITHUB__API_URL=f"{self.wire.url}/api/v3",
            REPRISE_SWEEP_INTERVAL="2",
            **{JOURNAL: str(self._journal), DEATH: "-"},
            **settings,
        )
        self.paper.hook(self.controller.url)
        self._mlflow = Client(self.controller.store)
        self._rows = Database(f"sqlite:///{self.controller.state / 'reprise.db'}")

    # --- what happens ---------------------------------------------------------------------------

    def live(self, death: Crossing | None = None) -> None:
        """A new life, which ends at this crossing of the next new run."""
        self.controller.with_settings(**{DEATH: str(death or "-")}).start()

    def commit(self, tag: str, *, seconds: float = 0.2) -> str:
        """Tagged, and not pushed yet; ``seconds`` for each execution."""
        return self.paper.commit(counted(str(self._outside), tag, seconds=seconds), tag)

    def push(self, tag: str, *, seconds: float = 0.2) -> str:
        sha = self.commit(tag, seconds=seconds)
        self.paper.push(tag)
        return sha

    def await_death(self) -> None:
        until(lambda: self.controller.died, seconds=PATIENCE, what=self._said)

    def await_end(self, sha: str) -> Run:
        """The run of this commit once its row and its workflow have ended."""

        def ended() -> Run | None:
            run = self.run(sha)
            return run if run is not None and run.ended_at is not None and self._over(run) else None

        return until(ended, seconds=PATIENCE, what=self._said)

    def _said(self) -> str:
        return self.controller.log.read_text()[-6000:]

    # --- what is so -----------------------------------------------------------------------------

    @property
    def journal(self) -> list[Entry]:
        return read_journal(self._journal)

    def run(self, sha: str) -> Run | None:
        """Fails when there are two."""
        if not (self.controller.state / "reprise.db").exists():
            return None
        with self._rows.read() as connection:
            found = [run for run in runs.recent_runs(connection, 1000) if run.commit == sha]
        assert len(found) <= 1, f"{len(found)} runs of {sha}"
        return found[0] if found else None

    def trials(self, run: Run) -> list[Trial]:
        with self._rows.read() as connection:
            return runs.trials_of(connection, run.id)

    def recorded_steps(self, run: Run) -> list[str]:
        """What the durable engine has kept of a run, in order, its pauses left out."""
        query = "SELECT function_name FROM operation_outputs WHERE workflow_uuid = ? ORDER BY function_id"
        return [name for (name,) in self._engine(query, run.id) if not name.startswith("DBOS.")]

    def _over(self, run: Run) -> bool:
        found = self._engine("SELECT status FROM workflow_status WHERE workflow_uuid = ?", run.id)
        return found == [("SUCCESS",)]

    def _engine(self, query: str, *values: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self.controller.state / "engine.db", timeout=30)) as engine:
            return engine.execute(query, values).fetchall()

    def assert_right(self, sha: str, *, announced: bool = True) -> tuple[Run, list[Trial]]:
        """One run, one verdict, told once, recorded once, and nothing left of it."""
        run = self.await_end(sha)
        assert run.judgement is not None
        assert run.judgement.verdict.value == "reproduced", run.judgement
        assert (run.reporting_problem, run.tracking_problem) == (None, None)
        assert_told_once(self.paper, sha, announced=announced)
        trials = self.trials(run)
        self._assert_trials(sha, trials)
        self._assert_recorded(run)
        self.assert_nothing_left()
        return run, trials

    def _assert_trials(self, sha: str, trials: list[Trial]) -> None:
        """Every attempt is listed: with its result or, when it was lost, with why."""
        good = [(trial.plan.index, trial.plan.probe) for trial in trials if trial.result is not None]
        assert good == [(0, False), (1, True)], trials
        assert all((trial.result is None) == bool(trial.lost) for trial in trials), trials
        lost = len(trials) - len(good)
        executed = Counter((self._outside / "executions").read_text().split())[sha]
        assert 2 <= executed <= 2 + lost, f"executed {executed} times, {lost} attempts lost"

    def _assert_recorded(self, run: Run) -> None:
        experiment = self._mlflow.ensure_experiment(f"{self.paper.name}/tiny")
        found = [kept.tags for kept in self._mlflow.find_runs(experiment, "reprise.run_id", run.id)]
        assert sorted(tags["reprise.kind"] for tags in found) == ["run", "trial", "trial"], found
        assert {tags.get("reprise.complete") for tags in found} == {"true"}
        assert {tags["reprise.verdict"] for tags in found if tags["reprise.kind"] == "run"} == {"reproduced"}

    def assert_nothing_left(self) -> None:
        """No machine, no build, no job: only the controller, with what it asks git just now."""
        state = self.controller.state
        assert ProcessProvider(state).owned() == ()
        assert list((state / "builds").glob("*")) == []
        own = {self.controller.pid}

        def alone() -> bool:
            return set(processes_in(self.folder / "world")) <= own

        until(alone, seconds=10, what=lambda: f"left: {processes_in(self.folder / 'world')}")

    def usage(self) -> Usage:
        """Of the controller's process now."""
        process = Path(f"/proc/{self.controller.pid}")
        lines = (process / "status").read_text().splitlines()
        read = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        peak, now, threads = (int(read[name][0]) for name in ("VmHWM", "VmRSS", "Threads"))
        return Usage(peak // 1000, now // 1000, threads, len(list((process / "fd").iterdir())))

    def assert_small(self, before: Usage) -> None:
        """Whatever happened since has left nothing open, and never took more than a controller may."""

        def as_before() -> bool:
            now = self.usage()
            threads, descriptors = now.threads - before.threads, now.descriptors - before.descriptors
            return threads <= SPARE_THREADS and descriptors <= SPARE_DESCRIPTORS

        until(as_before, seconds=20, what=lambda: f"before {before}, now {self.usage()}")
        now = self.usage()
        assert now.peak_mb < MOST_MB, f"before {before}, now {now}"
        print(f"the controller before: {before}\n               after:  {now}", flush=True)

    def close(self) -> None:
        self._rows.close()
        self.wire.heal_all()
        self.wire.close()
        self.town.close()


@contextmanager
def stage(folder: Path, **settings: str) -> Iterator[Stage]:
    """With a first life of its controller."""
    made = Stage(folder, **settings)
    try:
        with made.controller:
            yield made
    finally:
        made.close()


def _open_to_all(folder: Path) -> Path:
    """A folder where a job, which is another user, can leave a line."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    (folder / "executions").touch()
    (folder / "executions").chmod(0o666)
    return folder
