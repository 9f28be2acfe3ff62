"""Gathers what is said about one run from its rows, its spec and its folders."""

from datetime import datetime
from pathlib import Path

from reprise.domain.artifacts import ArtifactCheck, check_artifacts
from reprise.domain.errors import Refused, Retryable
from reprise.domain.forecast import forecast, usual_seconds
from reprise.domain.log_text import readable
from reprise.domain.run import Judgement, Phase, Reason, TrialResult
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.statuses import Links
from reprise.domain.trend import SHOWN_RUNS
from reprise.domain.view import Installed, LostAttempt, Occasion, PhaseTime, RunView
from reprise.engine import differing, spending
from reprise.engine.recorded import environment_of
from reprise.engine.specs import as_asked, read_spec
from reprise.engine.turns import wait_of
from reprise.engine.world import World
from reprise.store import runs, took
from reprise.store.earlier import earlier_runs
from reprise.store.ledger import verifications
from reprise.store.runs import Run, Trial

EVIDENCE = "/api/v1/runs/{}/evidence.zip"
"""Where the controller serves it, by the run's id."""
_TAIL_BYTES = 16 * 1024
_INSIDE = bytes(range(0x80, 0xC0))
"""What a character of several bytes goes on with."""
_BUILD_FAILURES = (
    Reason.LOCK_MISSING,
    Reason.LOCK_STALE,
    Reason.PYTHON_MISSING,
    Reason.ENVIRONMENT_FAILED,
    Reason.BUILD_FAILED,
)


def run_view(world: World, run: Run) -> RunView:
    with world.store.read() as connection:
        trials = runs.trials_of(connection, run.id)
        phases = _phases(world, run, runs.phase_times(connection, run.id))
        before = earlier_runs(connection, run, SHOWN_RUNS) if run.judgement is not None else ()
        ledger = verifications(connection, run)
    spec = spec_of(world, run)
    results = runs.results_of(trials)
    usable = spec if isinstance(spec, Spec) else None
    artifacts = _artifacts(usable, results)
    return RunView(
        run_id=run.id,
        repository=run.repository.full_name,
        experiment=run.experiment,
        spec_file=run.spec_file,
        commit=run.commit,
        occasion=_occasion(world, run),
        ref=run.ref,
        who=run.who,
        phase=run.phase,
        created_at=run.created_at,
        judgement=run.judgement,
        seconds=sum(phase.seconds for phase in phases if phase.phase is not Phase.QUEUED),
        phases=phases,
        detail=_detail(world, run),
        trials=results,
        lost=tuple(LostAttempt(t.plan.index, t.attempt, t.lost) for t in trials if t.lost is not None),
        artifacts=artifacts,
        where={claim.id: claim.where for claim in usable.claims if claim.where} if usable else {},
        why={claim.id: claim.why for claim in usable.claims if claim.why} if usable else {},
        problems=tuple(map(str, spec.problems)) if isinstance(spec, BadSpec) else (),
        installed=_installed(run),
        backend=run.backend,
        machine=run.allocation.description if run.allocation is not None else "",
        isolation=run.allocation.isolation if run.allocation is not None else "none",
        network=run.allocation.network if run.allocation is not None else "not enforced",
        coin=run.seed_coin if trials else run.coin,
        coin_public=run.coin_public,
        dirty=run.dirty,
        trigger=run.trigger,
        untrusted=run.untrusted,
        log_tail=_log_tail(world, run, run.judgement, trials),
        tracking_problem=run.tracking_problem,
        evidence_problem=run.evidence_problem,
        submodules=run.submodules or (),
        fetched=run.fetched or (),
        earlier=before,
        ledger=ledger,
        variation=usable.variation if usable is not None else world.variation,
        comparison=differing.compared(world, run, usable, results, artifacts) if usable else None,
        linted=run.linted,
        bill=spending.bill(world, run),
        links=links(world, run),
        environment=_environment(world, run, trials),
    )


def outlook(world: World, run: Run) -> str:
    """Why and where it waits, and when it will probably end; empty once it has ended."""
    if run.ended_at is not None:
        return ""
    with world.store.read() as connection:
        wait = wait_of(world, connection, run)
        usual = usual_seconds(took.usual_durations(connection, run.repository.id, run.experiment))
    elapsed = (world.clock.now() - run.granted_at).total_seconds() if run.granted_at is not None else 0.0
    return ", ".join(
        filter(None, (str(wait) if wait is not None else "", forecast(run.phase, usual, elapsed)))
    )


def _detail(world: World, run: Run) -> str:
    """A live run's forecast would be wrong as soon as it stands in a comment, so only waiting is told."""
    if run.stop_requested is not None and run.judgement is None:
        return f"stopping: {run.stop_requested.message}"
    return outlook(world, run) if run.granted_at is None else ""


def links(world: World, run: Run) -> Links:
    page = f"{world.pages}/runs/{run.id}" if world.pages is not None else None
    tracking = run.tracked.url if run.tracked is not None else None
    return Links(run=page, tracking=tracking, evidence=_evidence(world, run))


def _evidence(world: World, run: Run) -> str | None:
    """Its address, for the same people as the run's page; in a rehearsal its file."""
    if run.evidence is None:
        return None
    if world.rehearsal:
        kept = world.archive.path(run.evidence)
        return str(kept) if kept is not None else None
    return f"{world.pages}{EVIDENCE.format(run.id)}" if world.pages is not None else None


def _occasion(world: World, run: Run) -> Occasion:
    if world.rehearsal:
        return Occasion.REHEARSAL
    if run.pull_request is not None:
        return Occasion.PULL_REQUEST
    return Occasion.TAG if run.by_tag else Occasion.COMMIT


def _phases(world: World, run: Run, times: dict[Phase, datetime]) -> tuple[PhaseTime, ...]:
    """In the order in which they began; each lasts until the next one begins."""
    order = list(Phase)
    begun = sorted(times.items(), key=lambda item: (item[1], order.index(item[0])))
    ends = [at for _, at in begun[1:]] + [run.ended_at or world.clock.now()]
    return tuple(
        PhaseTime(phase, (end - at).total_seconds())
        for (phase, at), end in zip(begun, ends, strict=True)
        if phase is not Phase.DONE
    )


def spec_of(world: World, run: Run) -> Spec | BadSpec | None:
    """None before the commit was fetched, and when it cannot be read any more."""
    if run.source is None:
        return None
    try:
        file = read_spec(world.source, run.repository, run.commit, run.spec_file)
    except (Retryable, Refused):
        return None
    if file is None or isinstance(file.spec, BadSpec):
        return file.spec if file is not None else None
    return as_asked(file.spec, run, world.variation)


def _artifacts(spec: Spec | None, results: tuple[TrialResult, ...]) -> tuple[ArtifactCheck, ...]:
    return tuple(check_artifacts(spec.artifacts, results)) if spec is not None and results else ()


def trial_environment(world: World, run: Run) -> dict[str, str]:
    """Of a run whose trials are not at hand."""
    with world.store.read() as connection:
        return _environment(world, run, runs.trials_of(connection, run.id))


def _environment(world: World, run: Run, trials: list[Trial]) -> dict[str, str]:
    """Of the author's own trial, in the attempt that counts."""
    first = [trial for trial in trials if trial.plan.index == 0 and trial.result is not None]
    return environment_of(world.folders.trial(run.id, 0, first[-1].attempt)) if first else {}


def _installed(run: Run) -> Installed | None:
    built = run.built
    if built is None:
        return None
    return Installed(
        python=built.python,
        lock=built.lock,
        lock_sha256=built.lock_sha256,
        weak=built.weak,
        packages=len(built.packages),
        key=built.key,
        image=built.image,
    )


def _log_tail(world: World, run: Run, judgement: Judgement | None, trials: list[Trial]) -> str:
    """Of the build when that failed, else of the last trial."""
    if judgement is not None and judgement.reason in _BUILD_FAILURES:
        return read_tail(world.folders.build_log(run.id))
    if not trials:
        return ""
    own = [trial for trial in trials if trial.plan.control is None] or trials
    controls = [trial for trial in trials if trial.plan.control is not None]
    failed = (trial for trial in (*own, *controls) if trial.result and not trial.result.valid)
    last = next(failed, own[-1])
    return read_tail(world.folders.trial(run.id, last.plan.index, last.attempt) / "log.txt")


def read_tail(log: Path, limit: int = _TAIL_BYTES) -> str:
    """The end of a log, from the beginning of a line where that can be; empty when there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as handle:
        start = max(log.stat().st_size - limit, 0)
        handle.seek(start)
        data = handle.read(limit)
    if not start:
        return readable(data)
    whole_lines = data.partition(b"\n")[2]
    if whole_lines.strip():
        return readable(whole_lines)
    return f"… ({start:,} bytes of this line and those before it left out)\n{readable(data.lstrip(_INSIDE))}"
