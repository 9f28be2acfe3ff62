"""Runs in every state, as the engine leaves them in its rows and folders."""

from datetime import timedelta

from tests.fakes.clock import START
from tests.unit.web.site import Site

from reprise.domain.run import (
    Bar,
    ClaimJudgement,
    Judgement,
    Level,
    Phase,
    Reason,
    Repository,
    RunId,
    Sha,
    TrialPlan,
    TrialResult,
    Verdict,
)
from reprise.ports import Allocation, Built, Tracked
from reprise.store import repositories, runs
from reprise.store.runs import NewRun

REPOSITORY = Repository(186853002, "Codertocat/Hello-World", "https://forge.test/Codertocat/Hello-World.git")
SPEC = """\
version: 1
name: table-2
run: {command: [python, train.py], seed: {arg: --seed}}
claims:
  - id: accuracy
    where: Table 2, row 3
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.93"}
artifacts: [{path: predictions.csv}]
"""
BUILT = Built(
    "3f" * 32,
    "/env",
    None,
    "3.11.7",
    "requirements.txt",
    "d" * 64,
    "no hashes",
    {"numpy": "2.3.0", "scipy": "1.16.0"},
)
TRACKED = Tracked("1", "abc", "http://127.0.0.1:5000/#/experiments/1/runs/abc")


def commit(site: Site, spec: str = SPEC) -> Sha:
    return site.source.commit(REPOSITORY, {"reprise.yaml": spec})


def queued(site: Site, name: str = "r1", *, spec: str = SPEC, **fields: object) -> RunId:
    """Waiting since START."""
    new = {
        "id": RunId(name),
        "repository_id": REPOSITORY.id,
        "commit": commit(site, spec),
        "experiment": "table-2",
        "generation": name,
        "spec_file": "reprise.yaml",
        "ref": "v1.0",
        "pull_request": None,
        "trigger": "tag v1.0",
        "who": "ada",
    }
    with site.store.write() as connection:
        repositories.remember(connection, REPOSITORY)
        runs.add_run(connection, NewRun(**new | fields), at=START)  # type: ignore[arg-type]
    return RunId(name)


def running(site: Site, name: str = "r1", *, log: str | bytes = "epoch 1\n", spec: str = SPEC) -> RunId:
    """In its first trial, ten seconds after START."""
    run_id = queued(site, name, spec=spec)
    fetched = site.source.fetch(REPOSITORY, commit(site, spec))
    begin(site, run_id, TrialPlan(0, 7, False), log=log)
    with site.store.write() as connection:
        runs.enter_phase(connection, run_id, Phase.BUILDING, START + timedelta(seconds=1))
        runs.enter_phase(connection, run_id, Phase.RUNNING, START + timedelta(seconds=5))
        allocation = Allocation(run_id, "/machine", "this machine, 2 cores", 2)
        save = {"granted_at": START, "source": fetched, "built": BUILT, "allocation": allocation}
        runs.save(connection, run_id, coin="4711", coin_public=True, **save)
    site.clock.advance(10)
    return run_id


def begin(site: Site, run_id: RunId, plan: TrialPlan, *, attempt: int = 1, log: str | bytes = b"") -> None:
    with site.store.write() as connection:
        runs.begin_trial(connection, run_id, plan, attempt, START)
    folder = site.world.folders.trial(run_id, plan.index, attempt)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_bytes(log.encode() if isinstance(log, str) else log)


def write(site: Site, run_id: RunId, text: str, *, trial: int = 0, attempt: int = 1) -> None:
    """What the job prints next."""
    with (site.world.folders.trial(run_id, trial, attempt) / "log.txt").open("a") as log:
        log.write(text)


def end_trial(site: Site, run_id: RunId, plan: TrialPlan | None = None, *, lost: str | None = None) -> None:
    plan = plan or TrialPlan(0, 7, False)
    done = TrialResult(
        plan,
        1,
        Reason.COMPLETED,
        "",
        0,
        2.5,
        2.2,
        148_000_000,
        {"accuracy": 0.9325},
        {},
        {"predictions.csv": "a" * 64},
    )
    with site.store.write() as connection:
        runs.end_trial(connection, run_id, plan, 1, result=None if lost else done, lost=lost)


def ended(site: Site, judgement: Judgement, name: str = "r1", **fields: object) -> RunId:
    run_id = running(site, name)
    end_trial(site, run_id)
    finish(site, run_id, judgement, **fields)
    return run_id


def finish(site: Site, run_id: RunId, judgement: Judgement, **fields: object) -> None:
    with site.store.write() as connection:
        runs.enter_phase(connection, run_id, Phase.DONE, START + timedelta(seconds=12))
        at = START + timedelta(seconds=12)
        runs.save(connection, run_id, judgement=judgement, ended_at=at, **fields)


def claim(
    verdict: Verdict, got: float | None = 0.9325, message: str = "", id: str = "accuracy"
) -> ClaimJudgement:
    off = got - 0.93 if got is not None else None
    level = Level.B if verdict is Verdict.REPRODUCED else None
    return ClaimJudgement(id, verdict, level, "0.93", got, off, Bar("exact", 0.925, 0.935), message)


REPRODUCED = Judgement(
    Verdict.REPRODUCED,
    Level.B,
    Reason.COMPLETED,
    "1 of 1 claims, equal at the published precision",
    (claim(Verdict.REPRODUCED),),
    ("the probe gave the same values bit for bit",),
)
NOT_REPRODUCED = Judgement(
    Verdict.NOT_REPRODUCED,
    None,
    Reason.COMPLETED,
    "accuracy: got 0.9499, published 0.93: off by +0.0199, allowed ±0.005",
    (claim(Verdict.NOT_REPRODUCED, 0.9499, "off by +0.0199"),),
)
INCONCLUSIVE = Judgement(
    Verdict.INCONCLUSIVE,
    None,
    Reason.COMPLETED,
    "the job does not repeat itself",
    (claim(Verdict.INCONCLUSIVE, 0.9499, "the job does not repeat itself"),),
)
NOT_JUDGED = Judgement(
    Verdict.NOT_JUDGED, None, Reason.COMPLETED, "ran: accuracy 0.9324, no claim declared", ()
)
PYTHON_MISSING = Judgement(
    Verdict.NOT_RUN,
    None,
    Reason.PYTHON_MISSING,
    "reprise.yaml: Python 3.9 is not installed here; found: 3.11.7",
    (claim(Verdict.NOT_RUN, None, "the run ended early"),),
)
BROKEN_MACHINE = Judgement(
    Verdict.NOT_RUN, None, Reason.INFRASTRUCTURE, "the package index does not answer", ()
)
CANCELLED = Judgement(Verdict.NOT_RUN, None, Reason.CANCELLED, "cancelled by grace", ())
SPEC_INVALID = Judgement(
    Verdict.NOT_RUN, None, Reason.SPEC_INVALID, "reprise.yaml:2:6: unknown key 'comand' (and 1 more)", ()
)
