"""Runs, their phases and trials."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from reprise.domain.run import Judgement, Phase, Repository, RunId, Sha, TrialPlan, TrialResult
from reprise.ports import Allocation, Built, Commit, Failed, Tracked
from reprise.store.codec import dump, load, load_optional
from reprise.store.intake import insert_new
from reprise.store.tables import phases, repositories, runs, trials


@dataclass(frozen=True, slots=True)
class NewRun:
    id: RunId
    repository_id: int
    commit: Sha
    experiment: str
    generation: str
    spec_file: str
    ref: str
    pull_request: int | None
    trigger: str
    who: str
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A row of ``runs`` with its repository, read back into the domain's types."""

    number: int
    id: RunId
    repository: Repository
    commit: Sha
    experiment: str
    generation: str
    spec_file: str
    ref: str
    pull_request: int | None
    trigger: str
    who: str
    dirty: bool
    created_at: datetime
    granted_at: datetime | None
    ended_at: datetime | None
    phase: Phase
    coin: str | None
    coin_public: bool
    shown_at: datetime | None
    source: Commit | None
    built: Built | None
    allocation: Allocation | None
    tracked: Tracked | None
    tracking_problem: str | None
    reporting_problem: str | None
    ending: Failed | None
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Trial:
    plan: TrialPlan
    attempt: int
    started_at: datetime
    lost: str | None
    result: TrialResult | None


_TYPES: dict[str, Any] = {
    "source": Commit,
    "built": Built,
    "allocation": Allocation,
    "tracked": Tracked,
    "ending": Failed,
    "judgement": Judgement,
}
_WITHOUT_MACHINE = (Phase.EVALUATING, Phase.REPORTING, Phase.DONE)
"""Telling a forge that is down can take days."""

_SELECT = select(runs, repositories.c.full_name, repositories.c.clone_url).join(
    repositories, repositories.c.id == runs.c.repository_id
)


def add_run(connection: Connection, new: NewRun, *, at: datetime) -> bool:
    """Insert a waiting run; False when the same run is already known."""
    values = {name: getattr(new, name) for name in NewRun.__dataclass_fields__}
    values |= {"created_at": at, "phase": Phase.QUEUED.value, "coin_public": False}
    added = insert_new(connection, runs, values)
    if added:
        _mark(connection, new.id, Phase.QUEUED, at)
    return added


def get_run(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(_SELECT.where(runs.c.id == run_id)).one_or_none()
    return _run(row) if row is not None else None


def recent_runs(connection: Connection, limit: int) -> list[Run]:
    rows = connection.execute(_SELECT.order_by(runs.c.number.desc()).limit(limit))
    return [_run(row) for row in rows]


def waiting_runs(connection: Connection, limit: int) -> list[Run]:
    """Not yet granted, in the order of the queue."""
    query = _SELECT.where(runs.c.granted_at.is_(None), runs.c.ended_at.is_(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number).limit(limit))]


def live_runs(connection: Connection) -> list[Run]:
    """Granted and not ended: each has, or must get, a workflow."""
    query = _SELECT.where(runs.c.granted_at.is_not(None), runs.c.ended_at.is_(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def busy_runs(connection: Connection) -> list[Run]:
    """Live runs that may hold a machine: from the grant until the machine went back."""
    return [run for run in live_runs(connection) if run.phase not in _WITHOUT_MACHINE]


def runs_at(connection: Connection, run: Run) -> list[Run]:
    """Runs that share this run's comment: of its pull request, else of its commit; oldest first."""
    same_place = (
        runs.c.pull_request == run.pull_request
        if run.pull_request is not None
        else runs.c.pull_request.is_(None) & (runs.c.commit == run.commit)
    )
    query = _SELECT.where(runs.c.repository_id == run.repository.id, same_place)
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def runs_of_pull_request(connection: Connection, repository_id: int, number: int) -> list[Run]:
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.pull_request == number)
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def newest_number(connection: Connection, run: Run) -> int:
    """The number of the newest run of the same experiment at the same commit."""
    query = select(func.max(runs.c.number)).where(
        runs.c.repository_id == run.repository.id,
        runs.c.commit == run.commit,
        runs.c.experiment == run.experiment,
    )
    return int(connection.execute(query).scalar_one())


def place_in_queue(connection: Connection, run: Run) -> int:
    """1 = next."""
    query = select(func.count()).where(
        runs.c.granted_at.is_(None), runs.c.ended_at.is_(None), runs.c.number < run.number
    )
    return int(connection.execute(query).scalar_one()) + 1


def save(connection: Connection, run_id: str, **fields: object) -> None:
    """Set columns; dataclasses and enums become plain data."""
    values = {name: dump(value) if name in _TYPES else value for name, value in fields.items()}
    connection.execute(update(runs).where(runs.c.id == run_id).values(**values))


def keep_coin(connection: Connection, run_id: str, coin: str) -> None:
    """The first one stands: later seeds must come from the same coin."""
    first = (runs.c.id == run_id) & runs.c.coin.is_(None)
    connection.execute(update(runs).where(first).values(coin=coin, coin_public=True))


def enter_phase(connection: Connection, run_id: RunId, phase: Phase, at: datetime) -> None:
    """Repeatable: the first time a phase was entered stands."""
    connection.execute(update(runs).where(runs.c.id == run_id).values(phase=phase.value))
    _mark(connection, run_id, phase, at)


def phase_times(connection: Connection, run_id: str) -> dict[Phase, datetime]:
    query = select(phases.c.phase, phases.c.at).where(phases.c.run_id == run_id)
    times = {Phase(row.phase): row.at for row in connection.execute(query)}
    return {phase: times[phase] for phase in Phase if phase in times}


def begin_trial(connection: Connection, run_id: RunId, plan: TrialPlan, attempt: int, at: datetime) -> None:
    values: dict[str, object] = {
        "run_id": run_id,
        "number": plan.index,
        "attempt": attempt,
        "seed": plan.seed,
        "probe": plan.probe,
        "started_at": at,
    }
    insert_new(connection, trials, values)


def end_trial(
    connection: Connection,
    run_id: RunId,
    plan: TrialPlan,
    attempt: int,
    *,
    result: TrialResult | None = None,
    lost: str | None = None,
) -> None:
    this = (trials.c.run_id == run_id) & (trials.c.number == plan.index) & (trials.c.attempt == attempt)
    connection.execute(update(trials).where(this).values(result=dump(result), lost=lost))


def trials_of(connection: Connection, run_id: str) -> list[Trial]:
    """Every attempt at every trial, in order."""
    query = select(trials).where(trials.c.run_id == run_id).order_by(trials.c.number, trials.c.attempt)
    return [_trial(row) for row in connection.execute(query)]


def results_of(found: Iterable[Trial]) -> tuple[TrialResult, ...]:
    return tuple(trial.result for trial in found if trial.result is not None)


def _mark(connection: Connection, run_id: RunId, phase: Phase, at: datetime) -> None:
    insert_new(connection, phases, {"run_id": run_id, "phase": phase.value, "at": at})


def _trial(row: Row[Any]) -> Trial:
    return Trial(
        plan=TrialPlan(index=row.number, seed=row.seed, probe=row.probe),
        attempt=row.attempt,
        started_at=row.started_at,
        lost=row.lost,
        result=load_optional(TrialResult, row.result),
    )


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    repository = Repository(values.pop("repository_id"), values.pop("full_name"), values.pop("clone_url"))
    for name, kind in _TYPES.items():
        values[name] = load_optional(kind, values[name])
    return Run(**values | {"repository": repository, "phase": load(Phase, values["phase"])})
