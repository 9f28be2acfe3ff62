"""One attempt at one trial: fresh tree, job, metrics. Repeating it adopts what already runs."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from reprise.domain.errors import Retryable, UserError
from reprise.domain.metric_file import MetricProblem, invalid
from reprise.domain.metrics import collect
from reprise.domain.run import Reason, Submodule, TrialPlan, TrialResult, Value
from reprise.domain.spec.model import Claim, FileMetric, MlflowMetric, Spec
from reprise.domain.trials import claims_of
from reprise.engine import tenancy
from reprise.engine.reporting import QUIET, show_phase
from reprise.engine.stopping import requested
from reprise.engine.world import World
from reprise.ports import (
    Earlier,
    Failed,
    Finished,
    JobRequest,
    JobRun,
    Lost,
    Origin,
    Runner,
    Running,
    Source,
)
from reprise.removal import remove_tree
from reprise.store import runs
from reprise.store.codec import load
from reprise.store.runs import Run

log = structlog.get_logger()

_FIRST_LOOK = 0.05
_LONGEST_LOOK = 1.0
_SILENCE = timedelta(minutes=10)
"""For so long a running job may be out of sight before the step counts it as a failure: the job goes on, and
a day's job on another machine meets more broken connections than a step is repeated."""
_GRACE = timedelta(minutes=2)
"""Beyond the trial's own timeout: for ending the job and collecting its files."""


async def execute(world: World, run: Run, spec: Spec, plan_data: Any, attempt: int) -> str | Failed | None:
    """None = there is a result, text = this attempt was lost and why, Failed = the run ends here."""
    plan = load(TrialPlan, plan_data)
    runner = world.backend(run.backend).runner
    job = _job(world, run, spec, plan, attempt)
    if run.stop_requested is not None:
        await world.aside(runner.stop, job)  # what an earlier life of this step may have started
    else:
        with world.store.write() as connection:
            runs.begin_trial(connection, run.id, plan, attempt, world.clock.now())
        refused = await world.aside(_start, world, runner, run, job)
        if refused is not None:
            return refused
        log.info("trial taken up", trial=plan.index, attempt=attempt)
    ended = await _wait(world, run, job, spec.run.timeout + _GRACE, lambda: show_phase(world, run))
    if isinstance(ended, Lost | Failed):
        with world.store.write() as connection:
            runs.end_trial(connection, run.id, plan, attempt, lost=ended.message)
        gone = ended if isinstance(ended, Failed) else ended.message
        return requested(world, run.id) or gone
    result = await world.aside(_result, world, job, plan, attempt, ended)
    with world.store.write() as connection:
        runs.end_trial(connection, run.id, plan, attempt, result=result)
    log.info("trial ended", trial=plan.index, reason=result.reason.value, seconds=round(result.seconds, 2))
    return requested(world, run.id)


def export_once(
    source: Source, run: Run, tree: Path, *, keep: Callable[[tuple[Submodule, ...]], None] = lambda _: None
) -> None:
    """Lay the commit out at ``tree``, whole or not at all.

    ``keep`` hears of the submodules before the tree is there, so that a repetition need not.
    """
    if tree.exists():
        return
    partial = tree.with_name(tree.name + ".partial")
    remove_tree(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    source.fetch(run.repository, run.commit)
    submodules = source.export(run.repository, run.commit, partial, trusted=not run.untrusted)
    for each in submodules:
        log.info("submodule laid out", path=each.path, url=each.url, commit=each.commit)
    keep(submodules)
    partial.rename(tree)


def lay_out(world: World, run: Run) -> Path:
    """The commit as it is looked at and built. Raises Refused where it cannot be laid out safely."""

    def keep(submodules: tuple[Submodule, ...]) -> None:
        with world.store.write() as connection:
            runs.save(connection, run.id, submodules=submodules)

    tree = world.folders.build(run.id) / "tree"
    export_once(world.source, run, tree, keep=keep)
    return tree


def _job(world: World, run: Run, spec: Spec, plan: TrialPlan, attempt: int) -> JobRequest:
    if run.allocation is None or run.built is None or run.source is None:
        raise Retryable("the run has no machine or environment yet")
    folder = Path(run.allocation.folder) / "trials" / f"{plan.index}-{attempt}"
    return JobRequest(
        folder=folder,
        results=world.folders.trial(run.id, plan.index, attempt),
        tree=folder / "tree",
        run_id=run.id,
        commit=run.commit,
        committed_at=run.source.committed_at,
        spec=spec,
        built=run.built,
        seed=plan.seed,
        cpus=run.allocation.cpus,
        origin=Origin(run.repository.full_name, run.source.tree, run.dirty, run.submodules or ()),
        control=plan.control,
        data=run.fetched or (),
        earlier=_earlier(world, run, plan, attempt) if spec.checkpoint is not None else (),
    )


def _earlier(world: World, run: Run, plan: TrialPlan, attempt: int) -> tuple[Earlier, ...]:
    """Attempts are only ever repeated because they were lost."""
    return tuple(
        Earlier(number, world.folders.trial(run.id, plan.index, number))
        for number in range(attempt - 1, 0, -1)
    )


def _start(world: World, runner: Runner, run: Run, job: JobRequest) -> Failed | None:
    export_once(world.source, run, job.tree)
    return runner.start(job)


async def _wait(
    world: World, run: Run, job: JobRequest, limit: timedelta, still_running: Callable[[], None]
) -> Finished | Lost | Failed:
    """``still_running`` is called once, when the job takes longer than a moment.

    A job that nobody wants any more is ended, and then waited for like any other. Raises Retryable when
    nobody can tell what became of it for `_SILENCE`. Failed = its machine is not ours any more.
    """
    runner = world.backend(run.backend).runner
    begun = heard = cared = world.clock.monotonic()
    deadline = begun + limit.total_seconds()
    pause, told, stopped = _FIRST_LOOK, False, False
    while world.clock.monotonic() < deadline:
        match await world.aside(_observed, runner, job):
            case Retryable() as silence:
                too_long = world.clock.monotonic() - heard > _SILENCE.total_seconds()
                if too_long or await world.aside(requested, world, job.run_id) is not None:
                    raise silence
                if (gone := await world.aside(tenancy.look, world, run)) is not None:
                    return gone
                await world.clock.sleep(max(silence.after, _LONGEST_LOOK))
            case Running():
                heard = world.clock.monotonic()
                if not stopped and await world.aside(requested, world, job.run_id) is not None:
                    await world.aside(runner.stop, job)
                    stopped, deadline = True, world.clock.monotonic() + _GRACE.total_seconds()
                if not told and world.clock.monotonic() - begun > QUIET.total_seconds():
                    await world.aside(still_running)
                    told = True
                if world.clock.monotonic() - cared > tenancy.CARE.total_seconds():
                    cared = world.clock.monotonic()
                    if (gone := await world.aside(tenancy.look, world, run)) is not None:
                        return gone
                await world.clock.sleep(pause)
                pause = min(pause * 1.2, _LONGEST_LOOK)
            case ended:
                return ended
    await world.aside(runner.stop, job)
    return Lost(f"it was still running {_GRACE} after its time was over, and was ended")


def _observed(runner: Runner, job: JobRequest) -> Running | Finished | Lost | Retryable:
    try:
        return runner.observe(job)
    except Retryable as error:
        return error


def _result(world: World, job: JobRequest, plan: TrialPlan, attempt: int, ended: Finished) -> TrialResult:
    claims = claims_of(job.spec, plan) if ended.reason is Reason.COMPLETED else ()
    collected = collect(
        claims,
        files={file: _read(job, file) for file in _metric_files(claims)},
        logged=_logged(world, job, claims),
        uncollected=ended.problems,
    )
    completed = ended.reason is Reason.COMPLETED
    return TrialResult(
        plan=plan,
        attempt=attempt,
        reason=collected.reason if completed else ended.reason,
        message=collected.message if completed else ended.message,
        exit_code=ended.exit_code,
        seconds=ended.seconds,
        cpu_seconds=ended.cpu_seconds,
        peak_memory_bytes=ended.peak_memory_bytes,
        values=collected.values,
        problems=collected.problems,
        artifacts=ended.artifacts,
        uncollected=ended.problems,
        resumed=ended.resumed,
    )


def _metric_files(claims: Iterable[Claim]) -> set[str]:
    return {claim.metric.file for claim in claims if isinstance(claim.metric, FileMetric)}


def _read(job: JobRequest, file: str) -> bytes | None:
    collected = job.results / "files" / file
    return collected.read_bytes() if collected.is_file() else None


def _logged(world: World, job: JobRequest, claims: Iterable[Claim]) -> dict[str, Value | MetricProblem]:
    """The last value of each claimed metric in the job's single MLflow run."""
    names = {claim.metric.name for claim in claims if isinstance(claim.metric, MlflowMetric)}
    if not names:
        return {}
    try:
        job_runs = world.tracker.job_runs(job.results)
    except UserError as error:
        return dict.fromkeys(names, invalid(str(error)))
    if len(job_runs) > 1:
        return dict.fromkeys(names, invalid(several_runs(job_runs)))
    points = job_runs[0].metrics if job_runs else {}
    return {name: points[name][-1][1] for name in names if points.get(name)}


def several_runs(job_runs: Sequence[JobRun]) -> str:
    """Which of them would have the claimed metrics, nobody can know."""
    listed = ", ".join(sorted(run.name for run in job_runs))
    return f"the job logged several MLflow runs ({listed}): log the claimed metrics in a single run"
