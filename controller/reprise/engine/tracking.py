"""What a run leaves in the tracker: everything at collection, the verdict's tags at the end."""

from reprise.domain.report import render_report
from reprise.domain.spec.model import Spec
from reprise.engine.view import run_view
from reprise.engine.world import World
from reprise.ports import RunRecord, Tracked, TrialRecord
from reprise.store import runs
from reprise.store.runs import Run, Trial


def record(world: World, run: Run, spec_text: str, spec: Spec) -> Tracked:
    with world.store.read() as connection:
        trials = runs.trials_of(connection, run.id)
    return world.tracker.record(
        RunRecord(
            run_id=run.id,
            repository=run.repository.full_name,
            experiment=run.experiment,
            commit=run.commit,
            tree=run.source.tree if run.source else "",
            ref=run.ref,
            trigger=run.trigger,
            who=run.who,
            dirty=run.dirty,
            started_at=run.granted_at or run.created_at,
            ended_at=world.clock.now(),
            spec=spec,
            spec_text=spec_text,
            built=run.built,
            trials=tuple(_trial(world, run, trial) for trial in trials if trial.result is not None),
            params=_params(run),
            repository_url=run.repository.clone_url if not world.rehearsal else "",
        )
    )


def _params(run: Run) -> dict[str, str]:
    if run.allocation is None:
        return {}
    return {
        "backend": run.backend,
        "isolation": run.allocation.isolation,
        "network": run.allocation.network,
    }


def _trial(world: World, run: Run, trial: Trial) -> TrialRecord:
    assert trial.result is not None  # noqa: S101 - the caller kept only those
    results = world.folders.trial(run.id, trial.plan.index, trial.attempt)
    return TrialRecord(trial.result, results, trial.started_at)


def conclude(world: World, run: Run) -> None:
    """Tags and the report; nothing when the run was never recorded or never judged."""
    if run.tracked is None or run.judgement is None:
        return
    judged = run.judgement
    tags = {"reprise.verdict": judged.verdict.value, "reprise.reason": judged.reason.value}
    if world.variation is not None:
        tags["reprise.varied"] = str(world.variation)
    if judged.level is not None:
        tags["reprise.level"] = judged.level.value
    world.tracker.conclude(run.tracked, tags, render_report(run_view(world, run)).markdown)
