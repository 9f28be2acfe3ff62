"""One method per durable step. Each may run twice and must then change nothing more.

They read a run's row, call ports, write the row, and return plain data (or `Failed`).
"""

from datetime import timedelta
from typing import Any

import structlog

from reprise.domain.data.pinning import unpinned, with_data
from reprise.domain.errors import Refused, Retryable
from reprise.domain.hardware import with_hardware
from reprise.domain.run import Judgement, Phase, Reason, RunId, Sha
from reprise.domain.spec.asked import noted
from reprise.domain.spec.files import SpecFile
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.trials import next_trial
from reprise.domain.verdict import judge, not_run, spec_invalid
from reprise.engine import auditing, evidence, fetching, linting, reporting, spending, tracking, trial
from reprise.engine.machines import machine_of
from reprise.engine.metrics import shown_metrics
from reprise.engine.specs import as_asked, read_published, read_spec
from reprise.engine.view import spec_of
from reprise.engine.world import World
from reprise.ports import Allocation, BuildRequest, Built, Failed, Pending
from reprise.ports.machines import Provider
from reprise.removal import remove_tree
from reprise.store import runs
from reprise.store.codec import dump, load_optional
from reprise.store.runs import Run

log = structlog.get_logger()

MACHINE_DEADLINE = timedelta(hours=24)
LEASE_DEADLINE = timedelta(days=60)
"""A lease may begin weeks ahead; how long it is waited for, its provider decides."""

_REMEMBERED = 200
"""Spec files; their run asks for them about ten times."""


class Steps:
    def __init__(self, world: World) -> None:
        self._world = world
        self._specs: dict[tuple[int, Sha, str], SpecFile] = {}

    # --- before ---------------------------------------------------------------------------------

    def announce(self, run_id: str) -> None:
        """Pending status and comment; the first status's id is the coin that seeds are drawn with."""
        run = self._enter(run_id, Phase.BUILDING)
        if not self._world.rehearsal:
            reporting.announce(self._world, run)

    def read_spec(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        if run.stop_requested is not None:
            return run.stop_requested
        try:
            commit = self._world.source.fetch(run.repository, run.commit)
        except Refused as error:
            return Failed(Reason.COMMIT_MISSING, str(error))
        self._save(run, source=commit)
        return bad_spec(self._spec_file(run))

    def request_machine(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        if run.stop_requested is not None:
            return run.stop_requested
        if (why := linting.blocked(self._world, run)) is not None:
            return why
        spec = spending.allow(self._world, run, self._spec(run))
        if isinstance(spec, Failed):
            return spec
        with self._world.store.write() as connection:  # before it: no machine without a line
            auditing.machine_asked(connection, run, self._world.clock.now())
        self._world.backend(run.backend).provider.request(run.id, spec)
        return None

    def build(self, run_id: str) -> Failed | None:
        run = self._run(run_id)
        if run.stop_requested is not None:
            return run.stop_requested
        log_file = self._world.folders.build_log(run.id)
        log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            tree = trial.lay_out(self._world, run)
        except Refused as error:
            return Failed(Reason.BUILD_FAILED, str(error))
        spec = self._spec(run)

        def stopping() -> bool:
            return self._stop_requested(run_id) is not None

        failed = fetching.fetch(self._world, run, spec, tree, stopping)
        if failed is not None:
            return self._stop_requested(run_id) or failed
        request = BuildRequest(
            run.id,
            tree,
            spec,
            log_file,
            stopping,
            repository=run.repository.full_name,
            commit=run.commit,
            committed_at=run.source.committed_at if run.source is not None else None,
            trusted=not run.untrusted,
        )
        built = self._world.backend(run.backend).builder.build(request)
        if isinstance(built, Built):
            self._save(run, built=built)
            return None
        return self._stop_requested(run_id) or built

    async def await_machine(self, run_id: str) -> Failed | None:
        run = self._enter(run_id, Phase.PROVISIONING)
        provider = self._world.backend(run.backend).provider
        patience = LEASE_DEADLINE if provider.leases else MACHINE_DEADLINE
        deadline = self._world.clock.monotonic() + patience.total_seconds()
        try:
            return await self._awaited(run, provider, deadline, patience)
        finally:
            self._world.awaited.pop(run.id, None)

    async def _awaited(
        self, run: Run, provider: Provider, deadline: float, patience: timedelta
    ) -> Failed | None:
        while True:
            if (stop := await self._world.aside(self._stop_requested, run.id)) is not None:
                return stop
            seen = await self._world.aside(provider.observe, run.id)
            if (over := await self._world.aside(spending.look, self._world, run)) is not None:
                return over
            match seen:
                case Allocation():
                    with self._world.store.write() as connection:
                        runs.save(connection, run.id, allocation=seen)
                        auditing.machine_taken(connection, run, seen, self._world.clock.now())
                    return None
                case Failed():
                    return seen
                case Pending(why, after):
                    if self._world.clock.monotonic() > deadline:
                        return Failed(Reason.NO_CAPACITY, f"no machine within {patience}: {why}")
                    self._world.awaited[run.id] = why
                    await self._world.clock.sleep(after.total_seconds())

    # --- running --------------------------------------------------------------------------------

    def plan_trial(self, run_id: str) -> Any:
        run = self._enter(run_id, Phase.RUNNING)
        if run.stop_requested is not None:
            return run.stop_requested
        reporting.show_phase(self._world, run)
        with self._world.store.read() as connection:
            results = runs.results_of(runs.trials_of(connection, run.id))
        return dump(next_trial(self._spec(run), results, commit=run.commit, coin=run.seed_coin))

    async def execute_trial(self, run_id: str, plan: Any, attempt: int) -> str | Failed | None:
        run = self._run(run_id)
        return await trial.execute(self._world, run, self._spec(run), plan, attempt)

    # --- after ----------------------------------------------------------------------------------

    def collect(self, run_id: str) -> None:
        linting.look_afterwards(self._world, self._enter(run_id, Phase.COLLECTING))
        self.record(run_id)

    def record(self, run_id: str) -> None:
        run = self._run(run_id)
        file = self._spec_file(run) if run.source is not None else None
        if file is None or isinstance(file.spec, BadSpec):
            return
        self._save(
            run,
            tracked=tracking.record(
                self._world, run, file.text, as_asked(file.spec, run, self._world.variation)
            ),
        )

    def release(self, run_id: str) -> None:
        run = self._enter(run_id, Phase.RELEASING)
        try:
            self._world.backend(run.backend).provider.release(run.id)
            spending.released(self._world, run)
        finally:  # also when its backend is not ours any more
            remove_tree(self._world.folders.build(run.id))

    def evaluate(self, run_id: str, ending: Any, tracking_problem: str | None) -> None:
        """A judgement stands once it was given, also when the workflow broke after it.

        Until then whoever asked to stop gets no verdict, though the trials may all have ended.
        """
        run = self._enter(run_id, Phase.EVALUATING)
        if run.judgement is not None:
            return
        early = load_optional(Failed, ending) or run.stop_requested
        judgement = self._judge(run, early)
        judged = {"ending": early, "tracking_problem": tracking_problem, "judgement": judgement}
        with self._world.store.write() as connection:
            kept = runs.keep_judgement(connection, run, **judged)
            if kept:
                auditing.judged(connection, run, judgement, self._world.clock.now())
        if not kept:
            raise Retryable("somebody asked the run to stop while it was judged")

    def report(self, run_id: str) -> None:
        evidence.seal(self._world, self._enter(run_id, Phase.REPORTING))
        run = self._run(run_id)
        if not self._world.rehearsal:
            reporting.publish(self._world, run)

    def conclude(self, run_id: str) -> None:
        tracking.conclude(self._world, self._run(run_id))

    def finish(self, run_id: str, reporting_problem: str | None, tracking_problem: str | None) -> None:
        run = self._enter(run_id, Phase.DONE)
        problem = run.tracking_problem or tracking_problem
        ended_at = run.ended_at or self._world.clock.now()
        self._save(run, ended_at=ended_at, reporting_problem=reporting_problem, tracking_problem=problem)

    # --- shared ---------------------------------------------------------------------------------

    def _run(self, run_id: str) -> Run:
        with self._world.store.read() as connection:
            run = runs.get_run(connection, run_id)
        if run is None:
            raise Refused(f"run {run_id} is not in the database")
        return run

    def _stop_requested(self, run_id: str) -> Failed | None:
        return self._run(run_id).stop_requested

    def _enter(self, run_id: str, phase: Phase) -> Run:
        with self._world.store.write() as connection:
            runs.enter_phase(connection, RunId(run_id), phase, self._world.clock.now())
        log.info("phase", phase=phase.value)
        return self._run(run_id)

    def _save(self, run: Run, **fields: object) -> None:
        with self._world.store.write() as connection:
            runs.save(connection, run.id, **fields)

    def _spec_file(self, run: Run) -> SpecFile | None:
        """A commit does not change, and every step asks: what was read once is remembered for a while."""
        key = (run.repository.id, run.commit, run.spec_file)
        found = self._specs.get(key)
        if found is None:
            found = read_spec(self._world.source, run.repository, run.commit, run.spec_file)
        if found is not None:
            while len(self._specs) >= _REMEMBERED:
                self._specs.pop(next(iter(self._specs)), None)
            self._specs[key] = found
        return found

    def _spec(self, run: Run) -> Spec:
        """Of a run whose `read_spec` succeeded: the commit cannot change."""
        file = self._spec_file(run)
        if file is None or isinstance(file.spec, BadSpec):
            raise Refused(f"{run.spec_file} at {run.commit[:7]} can no longer be read")
        return as_asked(file.spec, run, self._world.variation)

    def _judge(self, run: Run, ending: Failed | None) -> Judgement:
        if ending is not None:
            return self._judge_early(run, ending)
        spec = self._spec(run)
        with self._world.store.read() as connection:
            results = runs.results_of(runs.trials_of(connection, run.id))
        metrics = {} if spec.claims else shown_metrics(self._world, run, results)
        published = read_published(self._world.source, run.repository, run.commit, spec)
        judged = judge(spec, results, metrics=metrics, published=published, coin_public=run.coin_public)
        judged = with_data(judged, spec, unpinned(run.fetched or ()))
        judged = with_hardware(judged, spec, results, machine_of(self._world, run, results))
        return noted(judged, run.claims)

    def _judge_early(self, run: Run, ending: Failed) -> Judgement:
        """The spec only adds the claims, so one that cannot be read keeps no verdict back."""
        spec = spec_of(self._world, run)
        if isinstance(spec, BadSpec) and ending.reason is Reason.SPEC_INVALID:
            return spec_invalid(spec)
        return not_run(ending.reason, ending.message, spec if isinstance(spec, Spec) else None)


def bad_spec(file: SpecFile | None) -> Failed | None:
    """Why a spec file cannot be used, None when it can."""
    if file is None:
        return Failed(Reason.SPEC_INVALID, "the spec file is gone")
    if isinstance(file.spec, BadSpec):
        return Failed(Reason.SPEC_INVALID, str(file.spec.problems[0]) if file.spec.problems else "unreadable")
    return None
