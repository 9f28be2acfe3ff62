"""Runs, their phases and trials."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, Select, func, null, select, update
from sqlalchemy.engine import Row

from reprise.domain.backend import PROCESS
from reprise.domain.fetched import FetchedFile
from reprise.domain.forge import OnCommit, OnPullRequest, Place
from reprise.domain.leasing.quote import Estimate
from reprise.domain.lint.noticed import Linted
from reprise.domain.queue import Entry
from reprise.domain.run import (
    Judgement,
    Phase,
    Reason,
    Repository,
    RunId,
    Sha,
    Standing,
    Submodule,
    TrialPlan,
    TrialResult,
)
from reprise.ports import Allocation, Built, Commit, Failed, Tracked
from reprise.store.codec import dump, load, load_optional
from reprise.store.intake import COMMENT, TAG, insert_new
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
    seeds: int | None = None
    """Trials that were asked for; None = as declared."""
    claims: tuple[str, ...] | None = None
    """The only claims to judge; None = all."""
    spend_limit: float | None = None
    """Machine seconds after which it is ended; None = no bound."""
    untrusted: bool = False
    """Its code is a stranger's: nothing of ours is lent to it."""
    backend: str = PROCESS
    """Where it is to run."""


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
    stop_requested: Failed | None
    """Somebody wants it to end before its verdict: the reason and a sentence."""
    seeds: int | None
    claims: tuple[str, ...] | None
    submodules: tuple[Submodule, ...] | None
    """None before the tree was laid out."""
    spend_limit: float | None
    untrusted: bool
    evidence: str | None = None
    """sha256 of its package."""
    evidence_problem: str | None = None
    """Why it has none, though it was judged."""
    linted: Linted | None = None
    """What its commit was found to have; None before anybody looked."""
    backend: str = PROCESS
    """Where it is to run; the settings may not name it any more."""
    fetched: tuple[FetchedFile, ...] | None = None
    """Data that the commit does not hold; None before anybody fetched."""
    su_limit: float | None = None
    """Service units that its leases may cost; None = no bound, or nothing is leased."""
    quoted: Estimate | None = None
    """What they were expected to cost; None where nothing is leased."""

    @property
    def place(self) -> Place:
        """Where people read and talk about it."""
        return OnPullRequest(self.pull_request) if self.pull_request is not None else OnCommit(self.commit)

    @property
    def asked_by_comment(self) -> bool:
        """Somebody waits for an answer where they talk about it."""
        return self.generation.startswith(COMMENT) or self.pull_request is not None

    @property
    def by_tag(self) -> bool:
        """Nobody asked for it: a tag did."""
        return self.generation == TAG or self.generation.startswith(f"{TAG}:")

    @property
    def seed_coin(self) -> str:
        """What seeds are drawn with. Where no forge gave a number, its own id, which is not public."""
        return self.coin or self.id


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
    "stop_requested": Failed,
    "claims": tuple[str, ...],
    "submodules": tuple[Submodule, ...],
    "linted": Linted,
    "fetched": tuple[FetchedFile, ...],
    "quoted": Estimate,
}
_WITHOUT_MACHINE = (Phase.EVALUATING, Phase.REPORTING, Phase.DONE)
"""Telling a forge that is down can take days."""

_REPOSITORY = ("full_name", "clone_url", "public", "standing")
_SELECT = select(runs, *(repositories.c[name] for name in _REPOSITORY)).join(
    repositories, repositories.c.id == runs.c.repository_id
)
_WAITING = (runs.c.granted_at.is_(None), runs.c.ended_at.is_(None))
_ENTRY = select(
    *(runs.c.id, runs.c.number, runs.c.repository_id, runs.c.who, runs.c.backend),
    repositories.c.full_name.label("repository"),
).join(repositories, repositories.c.id == runs.c.repository_id)


def add_run(connection: Connection, new: NewRun, *, at: datetime) -> bool:
    """Insert a waiting run; False when the same run is already known."""
    values = {name: getattr(new, name) for name in NewRun.__dataclass_fields__}
    values["claims"] = null() if new.claims is None else list(new.claims)
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


def untold_waiting(connection: Connection, limit: int) -> list[Run]:
    """Of those that are not yet granted, the first so many to arrive: whom the forge was not told of."""
    first = select(runs.c.number).where(*_WAITING).order_by(runs.c.number).limit(limit)
    query = _SELECT.where(runs.c.number.in_(first), runs.c.shown_at.is_(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def waiting_entries(connection: Connection) -> list[Entry]:
    """The same, all of them, as the queue sees them: there may be thousands."""
    return _entries(connection, _ENTRY.where(*_WAITING).order_by(runs.c.number))


def waited_for(connection: Connection) -> set[str]:
    """Backends that somebody waits for."""
    return set(connection.execute(select(runs.c.backend).where(*_WAITING).distinct()).scalars())


def busy_entries(connection: Connection) -> list[Entry]:
    """Runs that hold a slot. Telling a forge that is down can take days, and needs none."""
    live = runs.c.granted_at.is_not(None), runs.c.ended_at.is_(None)
    return _entries(
        connection, _ENTRY.where(*live, runs.c.phase.not_in([phase.value for phase in _WITHOUT_MACHINE]))
    )


def last_granted(connection: Connection, limit: int) -> list[Entry]:
    granted = _ENTRY.where(runs.c.granted_at.is_not(None))
    return _entries(connection, granted.order_by(runs.c.granted_at.desc(), runs.c.number.desc()).limit(limit))


def grant_run(connection: Connection, run_id: RunId, at: datetime) -> bool:
    """False when it waits no more: somebody stopped it meanwhile."""
    waiting = update(runs).where(runs.c.id == run_id, *_WAITING)
    return connection.execute(waiting.values(granted_at=at)).rowcount > 0


def request_stop(connection: Connection, run_id: RunId, why: Failed) -> bool:
    """Whether the run is to end now for this reason; the first one stands, and so does a judgement."""
    open_ = (runs.c.ended_at.is_(None), runs.c.judgement.is_(None), runs.c.stop_requested.is_(None))
    asked = update(runs).where(runs.c.id == run_id, *open_).values(stop_requested=dump(why))
    return connection.execute(asked).rowcount > 0


def end_waiting(connection: Connection, run_id: RunId, judgement: Judgement, at: datetime) -> bool:
    """End a run that was not granted; its phase says that the forge has still to be told."""
    ended = update(runs).where(runs.c.id == run_id, *_WAITING)
    values = {"ended_at": at, "judgement": dump(judgement), "shown_at": None}
    if connection.execute(ended.values(**values)).rowcount == 0:
        return False
    enter_phase(connection, run_id, Phase.REPORTING, at)
    return True


def keep_judgement(connection: Connection, run: Run, **fields: object) -> bool:
    """False when somebody asked the run to stop since ``run`` was read."""
    if run.stop_requested is None:
        unasked = update(runs).where(runs.c.id == run.id, runs.c.stop_requested.is_(None))
        if connection.execute(unasked.values(phase=runs.c.phase)).rowcount == 0:
            return False
    save(connection, run.id, **fields)
    return True


def untold_runs(connection: Connection) -> list[Run]:
    """No workflow works on them any more, and the forge has still to be told."""
    query = _SELECT.where(runs.c.phase == Phase.REPORTING.value, runs.c.ended_at.is_not(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def tell_again(connection: Connection, repository_id: int, limit: int) -> int:
    """Let the newest runs whose verdict the forge did not take be told once more; how many there are."""
    newest = (
        select(runs.c.number)
        .where(
            runs.c.repository_id == repository_id,
            runs.c.phase == Phase.DONE.value,
            runs.c.ended_at.is_not(None),
            runs.c.judgement.is_not(None),
            runs.c.reporting_problem.is_not(None),
        )
        .order_by(runs.c.number.desc())
        .limit(limit)
    )
    untold = list(connection.execute(newest).scalars())
    again = update(runs).where(runs.c.number.in_(untold))
    connection.execute(again.values(phase=Phase.REPORTING.value, shown_at=None))
    return len(untold)


def unfinished_runs(connection: Connection, repository_id: int) -> list[Run]:
    """Waiting and live ones of a repository, oldest first."""
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.ended_at.is_(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def limited_runs(connection: Connection) -> list[Run]:
    """Live ones with a spend limit that nobody has asked to end."""
    query = _SELECT.where(
        runs.c.granted_at.is_not(None),
        runs.c.ended_at.is_(None),
        runs.c.spend_limit.is_not(None),
        runs.c.stop_requested.is_(None),
    )
    return [run for run in map(_run, connection.execute(query)) if run.judgement is None]


def reserved_seconds(connection: Connection, repository_id: int, *, besides: str = "") -> float:
    """The spend limits of a repository's runs that may still hold, or get, a machine.

    What a lease may cost is counted in `store.charges`.
    """
    query = select(func.sum(runs.c.spend_limit)).where(
        runs.c.repository_id == repository_id,
        runs.c.id != besides,
        runs.c.quoted.is_(None),
        runs.c.ended_at.is_(None),
        runs.c.phase.not_in([phase.value for phase in _WITHOUT_MACHINE]),
    )
    return float(connection.execute(query).scalar_one() or 0.0)


def live_runs(connection: Connection) -> list[Run]:
    """Granted and not ended: each has, or must get, a workflow."""
    query = _SELECT.where(runs.c.granted_at.is_not(None), runs.c.ended_at.is_(None))
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def busy_runs(connection: Connection) -> list[Run]:
    """Live runs that may hold a machine: from the grant until the machine went back."""
    return [run for run in live_runs(connection) if run.phase not in _WITHOUT_MACHINE]


def runs_at(connection: Connection, repository_id: int, place: Place) -> list[Run]:
    """Runs that share one comment: of a pull request, or of a commit; oldest first."""
    match place:
        case OnPullRequest(number):
            here = runs.c.pull_request == number
        case OnCommit(sha):
            here = runs.c.pull_request.is_(None) & (runs.c.commit == sha)
        case _:
            assert_never(place)
    query = _SELECT.where(runs.c.repository_id == repository_id, here)
    return [_run(row) for row in connection.execute(query.order_by(runs.c.number))]


def newer_claims(connection: Connection, run: Run) -> list[tuple[str, ...] | None]:
    """For each newer run of the same experiment at the same commit: the claims that it judges, None = all."""
    query = select(runs.c.claims).where(
        runs.c.repository_id == run.repository.id,
        runs.c.commit == run.commit,
        runs.c.experiment == run.experiment,
        runs.c.number > run.number,
    )
    found = connection.execute(query).scalars()
    return [None if claims is None else tuple(claims) for claims in found]


def newest_standing(connection: Connection, new: NewRun) -> Run | None:
    """The newest run of this experiment at this commit that answers for a tag: it judges every claim."""
    query = _SELECT.where(
        runs.c.repository_id == new.repository_id,
        runs.c.commit == new.commit,
        runs.c.experiment == new.experiment,
        runs.c.pull_request.is_(None),
        runs.c.claims.is_(None),
    )
    row = connection.execute(query.order_by(runs.c.number.desc()).limit(1)).one_or_none()
    return _run(row) if row is not None else None


TAG_DELETED = Failed(Reason.CANCELLED, "the tag was deleted: push it again to have it run")
"""Why a run ends that nobody named a commit for any more."""


def gave_way(run_stopped: Failed | None) -> bool:
    """Whether a run ended for a tag that had left its commit, so that one that comes back wants it again."""
    return run_stopped is not None and (run_stopped.reason is Reason.SUPERSEDED or run_stopped == TAG_DELETED)


def untagged_refs(connection: Connection, repository_id: int, tags: dict[str, Sha]) -> set[str]:
    """Tags that are gone, of runs that have no verdict yet and whose commit no tag names any more."""
    query = select(runs.c.ref, runs.c.commit).where(
        runs.c.repository_id == repository_id,
        runs.c.ended_at.is_(None),
        runs.c.pull_request.is_(None),
        runs.c.judgement.is_(None),
        runs.c.stop_requested.is_(None),
    )
    named = set(tags.values())
    return {row.ref for row in connection.execute(query) if row.commit not in named and row.ref not in tags}


def superseded_at(connection: Connection, repository_id: int, commits: set[Sha]) -> dict[Sha, set[str]]:
    """Of these commits: the experiments whose newest run that answers for a tag gave way."""
    query = select(runs.c.commit, runs.c.experiment, runs.c.stop_requested).where(
        runs.c.repository_id == repository_id, runs.c.pull_request.is_(None), runs.c.claims.is_(None)
    )
    newest = {
        (Sha(row.commit), row.experiment): load_optional(Failed, row.stop_requested)
        for row in connection.execute(query.order_by(runs.c.number))
        if row.commit in commits
    }
    found: dict[Sha, set[str]] = {}
    for (commit, experiment), stop in newest.items():
        if gave_way(stop):
            found.setdefault(commit, set()).add(experiment)
    return found


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
        "control": null() if plan.control is None else list(plan.control),
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


def _entries(connection: Connection, query: Select[Any]) -> list[Entry]:
    return [Entry(**row._mapping) for row in connection.execute(query)]


def _mark(connection: Connection, run_id: RunId, phase: Phase, at: datetime) -> None:
    insert_new(connection, phases, {"run_id": run_id, "phase": phase.value, "at": at})


def _trial(row: Row[Any]) -> Trial:
    return Trial(
        plan=TrialPlan(row.number, row.seed, row.probe, load_optional(tuple[str, ...], row.control)),
        attempt=row.attempt,
        started_at=row.started_at,
        lost=row.lost,
        result=load_optional(TrialResult, row.result),
    )


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    number = values.pop("repository_id")
    full_name, clone_url, public, standing = (values.pop(name) for name in _REPOSITORY)
    repository = Repository(number, full_name, clone_url, public, Standing(standing))
    for name, kind in _TYPES.items():
        values[name] = load_optional(kind, values[name])
    return Run(**values | {"repository": repository, "phase": load(Phase, values["phase"])})
