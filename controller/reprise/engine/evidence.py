"""Seals what a verdict rests on, once per run, before anybody is told: so that the report can link to it.

What cannot be sealed is told too, and never keeps a verdict back.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.ledger import ledger_object
from reprise.domain.report import render_report
from reprise.domain.result import result_object
from reprise.domain.run import Judgement, Phase, Value
from reprise.domain.spec.document import MOST_BYTES
from reprise.domain.spec.model import BadSpec, Claim, MlflowMetric, Spec
from reprise.domain.spec.names import experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.engine.metrics import shown_metrics
from reprise.engine.trial import several_runs
from reprise.engine.view import links, run_view, spec_of
from reprise.engine.world import World
from reprise.ports import EvidenceRecord, LoggedMetrics, SealedTrial
from reprise.store import runs
from reprise.store.ledger import verifications
from reprise.store.runs import Run, Trial

log = structlog.get_logger()

_SEALING = threading.Lock()
"""One at a time: many runs may end together, and each package takes as much memory as it has data."""

_COMMITTED_BYTES = 16 * 2**20
_LOCK_BYTES = 64 * 2**20
NO_EVIDENCE = "a varied rehearsal is no evidence about the publication"


def seal(world: World, run: Run) -> None:
    """Nothing happens to a run that has evidence already, or no judgement."""
    if run.evidence is not None or run.judgement is None:
        return
    if world.variation is not None:
        with world.store.write() as connection:
            runs.save(connection, run.id, evidence_problem=NO_EVIDENCE)
        return
    try:
        with _SEALING:
            sealed = world.archive.seal(_record(world, run, run.judgement))
    except (Retryable, Refused, UserError) as error:
        log.warning("evidence not sealed", why=str(error))
        with world.store.write() as connection:
            runs.save(connection, run.id, evidence_problem=str(error))
        return
    log.info("evidence sealed", sha256=sealed.sha256, bytes=sealed.size, signed=sealed.signed)
    with world.store.write() as connection:
        runs.save(connection, run.id, evidence=sealed.sha256, evidence_problem=None)


def _record(world: World, run: Run, judgement: Judgement) -> EvidenceRecord:
    with world.store.read() as connection:
        trials = runs.trials_of(connection, run.id)
        times = runs.phase_times(connection, run.id)
        ended_at = times.get(Phase.REPORTING) or world.clock.now()
        ledger = verifications(connection, run, until=ended_at)
    found = spec_of(world, run)
    spec = found if isinstance(found, Spec) else None
    declaration = _read(world, run, run.spec_file, MOST_BYTES)
    over = replace(run, phase=Phase.DONE, ended_at=ended_at)
    view = replace(run_view(world, over), ledger=ledger)
    return EvidenceRecord(
        run_id=run.id,
        repository=run.repository.full_name,
        repository_url="" if world.rehearsal else run.repository.clone_url,
        commit=run.commit,
        tree=run.source.tree if run.source is not None else "",
        experiment=run.experiment,
        spec_file=run.spec_file,
        declaration=declaration,
        committed=_committed(world, run, _named(run, declaration)),
        lock=_read(world, run, run.built.lock, _LOCK_BYTES) if run.built is not None else None,
        data_sizes=_data_sizes(world, run, spec),
        spec=spec,
        judgement=judgement,
        result=result_object(view),
        report=render_report(view).markdown,
        metrics=_metrics(world, run, spec, trials),
        claims_asked=run.claims,
        seeds_asked=run.seeds,
        coin=run.seed_coin,
        coin_public=run.coin_public,
        ending=run.ending,
        who=run.who,
        ref=run.ref,
        trigger=run.trigger,
        rehearsal=world.rehearsal,
        dirty=run.dirty,
        requested_at=run.created_at,
        started_at=run.granted_at or run.created_at,
        judged_at=times.get(Phase.EVALUATING) or ended_at,
        ended_at=ended_at,
        isolation=view.isolation,
        network=view.network,
        machine=view.machine,
        built=run.built,
        backend=run.backend,
        trials=tuple(_trial(world, run, spec, trial) for trial in trials),
        page=links(world, run).run,
        ledger=tuple(ledger_object(view.ledger)),
        fetched=run.fetched or (),
    )


def _trial(world: World, run: Run, spec: Spec | None, trial: Trial) -> SealedTrial:
    results = world.folders.trial(run.id, trial.plan.index, trial.attempt)
    names = {claim.metric.name for claim in _claims(spec) if isinstance(claim.metric, MlflowMetric)}
    logged = _logged(world, results, names) if names and trial.result is not None else None
    return SealedTrial(trial.plan, trial.attempt, trial.started_at, trial.result, trial.lost, results, logged)


def _logged(world: World, results: Path, names: set[str]) -> LoggedMetrics:
    """Under the names that claims use, of the job's single run."""
    try:
        job_runs = world.tracker.job_runs(results)
    except UserError as error:
        return LoggedMetrics({}, str(error))
    if len(job_runs) > 1:
        return LoggedMetrics({}, several_runs(job_runs))
    found = job_runs[0].metrics if job_runs else {}
    return LoggedMetrics({name: found[name] for name in sorted(names) if found.get(name)})


def _metrics(world: World, run: Run, spec: Spec | None, trials: Sequence[Trial]) -> dict[str, Value]:
    if spec is None or spec.claims:
        return {}
    return shown_metrics(world, run, runs.results_of(trials))


def _claims(spec: Spec | None) -> tuple[Claim, ...]:
    return spec.claims if spec is not None else ()


def _named(run: Run, declaration: bytes | None) -> Iterator[str]:
    """Files of the commit that the verdict depends on, or that it is explained by.

    A spec that is sound by itself may name files that are not: then they are why it cannot be used.
    """
    name = experiment_name(run.spec_file, run.repository.full_name)
    spec = parse_spec(declaration or b"", file=run.spec_file, default_name=name)
    if isinstance(spec, BadSpec):
        return
    for claim in spec.claims:
        if claim.published.per_seed is not None:
            yield claim.published.per_seed
    if spec.reference.environment is not None:
        yield spec.reference.environment


def _data_sizes(world: World, run: Run, spec: Spec | None) -> dict[str, int]:
    paths = (each.path for each in spec.data) if spec is not None else ()
    committed = {path: len(data) for path, data in _committed(world, run, paths).items()}
    return committed | {each.path: each.size for each in run.fetched or ()}


def _committed(world: World, run: Run, paths: Iterable[str]) -> dict[str, bytes]:
    found = {path: _read(world, run, path, _COMMITTED_BYTES) for path in paths}
    return {path: data for path, data in found.items() if data is not None}


def _read(world: World, run: Run, path: str, limit: int) -> bytes | None:
    """None too when it is larger, or when the commit could never be fetched."""
    if run.source is None:
        return None
    try:
        return world.source.read(run.repository, run.commit, path, limit=limit)
    except Refused:
        return None
