"""One method per durable step. Each may run twice and must then change nothing more.

They read a run's row, call ports, write the row, and return plain data (or `Failed`).
"""

import shutil
from datetime import timedelta
from typing import Any

import structlog

from reprise.domain.run import Phase, Reason, RunId
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.trials import next_trial
from reprise.domain.verdict import judge, not_run
from reprise.domain.errors import Refused
from reprise.engine import reporting, tracking, trial
from reprise.engine.specs import SpecFile, read_spec
from reprise.engine.world import World
from reprise.ports import Allocation, BuildRequest, Built, Failed, Pending
from reprise.store import runs
from reprise.store.codec import dump, load_optional
from reprise.store.runs import Run

log = structlog.get_logger()

MACHINE_DEADLINE = timedelta(hours=24)


class Steps:
    def __init__(self, world: World) -> None:
        self._world = world

    # --- before ---------------------------------------------------------------------------------

    def announce(self, run_id: str) -> None:
        """Pending status (its id is the coin that seeds are drawn with) and the comment."""
        run = self._enter(run_id, Phase.BUILDING)
        if self._world.rehearsal:
            return
        coin = reporting.announce(self._world, run)
        if run.coin is None:
            self._save(run, coin=str(coin), coin_public=True)

    def read_spec(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        try:
            commit = self._world.source.fetch(run.repository, run.commit)
        except Refused as error:
            return Failed(Reason.COMMIT_MISSING, str(error))
        self._save(run, source=commit)
        return bad_spec(self._spec_file(run))

    def request_machine(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        self._world.provider.request(run.id, self._spec(run))
        return None

    def build(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        folder = self._world.folders.build(run.id)
        log_file = self._world.folders.build_log(run.id)
        log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            trial.export_once(self._world.source, run, folder / "tree")
        except Refused as error:
            return Failed(Reason.BUILD_FAILED, str(error))
        built = self._world.builder.build(BuildRequest(run.id, folder / "tree", self._spec(run), log_file))
        if isinstance(built, Built):
            self._save(run, built=built)
            return None
        return built

    async def await_machine(self, run_id: str) -> Failed | None:
        run = self._enter(run_id, Phase.PROVISIONING)
        deadline = self._world.clock.monotonic() + MACHINE_DEADLINE.total_seconds()
        while self._world.clock.monotonic() < deadline:
            seen = self._world.provider.observe(run.id)
            if isinstance(seen, Allocation):
                self._save(run, allocation=seen)
                return None
            if isinstance(seen, Failed):
                return seen
            await self._world.clock.sleep(seen.after.total_seconds())
        return Failed(Reason.NO_CAPACITY, f"no machine within {MACHINE_DEADLINE}: {seen.why}")

    # --- running --------------------------------------------------------------------------------

    def plan_trial(self, run_id: str) -> Any:
        run = self._enter(run_id, Phase.RUNNING)
        reporting.show_phase(self._world, run)
        with self._world.store.read() as connection:
            results = runs.results_of(runs.trials_of(connection, run.id))
        return dump(next_trial(self._spec(run), results, commit=run.commit, coin=run.coin or run.id))

    async def execute_trial(self, run_id: str, plan: Any, attempt: int) -> str | Failed | None:
        run = self._run(run_id)
        return await trial.execute(self._world, run, self._spec(run), plan, attempt)

    # --- after ----------------------------------------------------------------------------------

    def collect(self, run_id: str) -> None:
        run = self._enter(run_id, Phase.COLLECTING)
        file = self._spec_file(run) if run.source is not None else None
        if file is None or isinstance(file.spec, BadSpec):
            return
        self._save(run, tracked=tracking.record(self._world, run, file.text, file.spec))

    def release(self, run_id: str) -> None:
        run = self._enter(run_id, Phase.RELEASING)
        self._world.provider.release(run.id)
        shutil.rmtree(self._world.folders.build(run.id), ignore_errors=True)

    def evaluate(self, run_id: str, ending: Any, tracking_problem: str | None) -> None:
        run = self._enter(run_id, Phase.EVALUATING)
        early = load_optional(Failed, ending)
        self._save(run, ending=early, tracking_problem=tracking_problem, judgement=self._judge(run, early))

    def report(self, run_id: str) -> None:
        run = self._enter(run_id, Phase.REPORTING)
        if not self._world.rehearsal:
            reporting.publish(self._world, run)

    def finish(self, run_id: str, reporting_problem: str | None) -> None:
        run = self._enter(run_id, Phase.DONE)
        tracking.conclude(self._world, run)
        if run.ended_at is None:
            self._save(run, ended_at=self._world.clock.now(), reporting_problem=reporting_problem)
