"""Small ended runs, one for each way to end, with the files that their trials left."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from reprise.domain.metric_file import MetricProblem
from reprise.domain.metrics import collect
from reprise.domain.report import render_report
from reprise.domain.result import result_object
from reprise.domain.run import Judgement, Phase, Reason, RunId, Sha, TrialPlan, TrialResult, Value
from reprise.domain.spec.asked import with_arguments
from reprise.domain.spec.model import BadSpec, FileMetric, Spec
from reprise.domain.spec.parse import parse_spec
from reprise.domain.trials import claims_of, derived_seed
from reprise.domain.verdict import judge, not_run, spec_invalid
from reprise.domain.view import LostAttempt, Occasion, RunView
from reprise.ports import Built, EvidenceRecord, Failed, LoggedMetrics, SealedTrial
from reprise.store.codec import dump, load

COMMIT = Sha("5f2c" * 10)
COIN = "4211"
AT = datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)

CLAIM = """\
claims:
  - id: accuracy
    where: "Table 2, row 3"
    metric: {file: results/metrics.json, pointer: /accuracy}
    published: {value: "0.93"}
"""
SPEC = f"""\
version: 1
name: wine
run: {{command: [python, train.py], seed: {{arg: --seed, value: 7}}}}
data: [{{path: data/train.csv, sha256: "{"ab" * 32}", licence: CC-BY-4.0, source: "https://data.example/wine"}}]
{CLAIM}"""
LOCK = b"numpy==2.4.0 --hash=sha256:%b\nscipy==1.17.0 --hash=sha256:%b --hash=sha256:%b\n" % (
    b"1" * 64,
    b"2" * 64,
    b"3" * 64,
)
BUILT = Built(
    key="3f" * 32,
    location="/nowhere/env",
    layer=None,
    python="3.11.7",
    lock="requirements.txt",
    lock_sha256="d" * 64,
    weak=None,
    packages={"numpy": "2.4.0", "scipy": "1.17.0", "threadpoolctl": "3.6.0"},
)
Points = dict[str, tuple[tuple[int, float, int], ...]]
LOG = "training\nepoch 1: 0.9\n"


@dataclass(frozen=True)
class Execution:
    """What one of them wrote; ``lost`` to the infrastructure, or ended for a ``reason``."""

    wrote: Mapping[str, object] | None = None
    probe: bool = False
    reason: Reason = Reason.COMPLETED
    lost: str | None = None
    attempt: int = 1
    log: str = LOG
    logged: Points | None = None
    """To MLflow."""
    control: tuple[str, ...] | None = None


GOOD = Execution({"accuracy": 0.9312})
BAD = Execution({"accuracy": 0.5})


def ended(
    folder: Path,
    *executions: Execution,
    spec: str = SPEC,
    ending: Failed | None = None,
    rehearsal: bool = False,
    dirty: bool = False,
    judged: Judgement | None = None,
    shown: Mapping[str, Value] = MappingProxyType({}),
) -> EvidenceRecord:
    """A run whose executions wrote into ``folder``, judged as it would have been."""
    parsed = parse_spec(spec.encode(), file="reprise.yaml", default_name="wine")
    usable = with_arguments(parsed, None, None) if isinstance(parsed, Spec) else None
    trials = _trials(folder, executions, usable)
    judged = judged or _judged(parsed, trials, ending, shown, rehearsal=rehearsal)
    judged = load(Judgement, json.loads(json.dumps(dump(judged))))  # as it comes back from its row
    view = _view(judged, trials, usable, rehearsal=rehearsal, dirty=dirty)
    return EvidenceRecord(
        run_id=view.run_id,
        repository="ada/wine",
        repository_url="" if rehearsal else "https://forge.example/ada/wine.git",
        commit=COMMIT,
        tree="ab" * 20,
        experiment="wine",
        spec_file="reprise.yaml",
        declaration=spec.encode(),
        committed={},
        lock=LOCK if ending is None else None,
        data_sizes={"data/train.csv": 1_234},
        spec=usable,
        judgement=judged,
        result=result_object(view),
        report=render_report(view).markdown,
        metrics=dict(shown),
        claims_asked=None,
        seeds_asked=None,
        coin=COIN,
        coin_public=not rehearsal,
        ending=ending,
        who="ada",
        ref="v1.0",
        trigger="tag v1.0 was pushed",
        rehearsal=rehearsal,
        dirty=dirty,
        requested_at=AT,
        started_at=AT + timedelta(seconds=1),
        judged_at=AT + timedelta(minutes=9),
        ended_at=AT + timedelta(minutes=10),
        isolation="none",
        network="not enforced",
        machine="this machine, 2 cores",
        built=BUILT if executions else None,
        trials=trials,
        page=None if rehearsal else "https://reprise.example/runs/r1",
    )


def _judged(
    spec: Spec | BadSpec,
    trials: tuple[SealedTrial, ...],
    ending: Failed | None,
    shown: Mapping[str, Value],
    *,
    rehearsal: bool,
) -> Judgement:
    if isinstance(spec, BadSpec):
        return spec_invalid(spec)
    if ending is not None:
        return not_run(ending.reason, ending.message, spec)
    return judge(spec, _results(trials), metrics=shown, coin_public=not rehearsal)


def _results(trials: tuple[SealedTrial, ...]) -> tuple[TrialResult, ...]:
    return tuple(trial.result for trial in trials if trial.result is not None)


def _view(
    judged: Judgement,
    trials: tuple[SealedTrial, ...],
    spec: Spec | None,
    *,
    rehearsal: bool,
    dirty: bool,
) -> RunView:
    return RunView(
        run_id=RunId("r1"),
        repository="ada/wine",
        experiment="wine",
        spec_file="reprise.yaml",
        commit=COMMIT,
        occasion=Occasion.REHEARSAL if rehearsal else Occasion.TAG,
        ref="v1.0",
        who="ada",
        phase=Phase.DONE,
        created_at=AT,
        judgement=judged,
        trials=_results(trials),
        lost=tuple(LostAttempt(t.plan.index, t.attempt, t.lost) for t in trials if t.lost is not None),
        dirty=dirty,
        why={claim.id: claim.why for claim in spec.claims if claim.why} if spec is not None else {},
    )


def _trials(folder: Path, executions: tuple[Execution, ...], spec: Spec | None) -> tuple[SealedTrial, ...]:
    made: list[SealedTrial] = []
    index = number = 0
    for execution in executions:
        results = folder / f"{index}-{execution.attempt}"
        seed = (
            7
            if execution.probe or execution.control or number == 0
            else derived_seed(COMMIT, "wine", COIN, number)
        )
        plan = TrialPlan(index, seed, execution.probe, execution.control)
        started_at = AT + timedelta(seconds=10 + 20 * len(made))
        _write(results, execution)
        result = _result(plan, execution, spec) if execution.lost is None else None
        logged = LoggedMetrics(execution.logged) if execution.logged is not None else None
        made.append(SealedTrial(plan, execution.attempt, started_at, result, execution.lost, results, logged))
        if result is not None:
            index, number = index + 1, number + (not execution.probe)
    return tuple(made)


def _write(results: Path, execution: Execution) -> None:
    (results / "files" / "results").mkdir(parents=True)
    (results / "log.txt").write_text(execution.log)
    if execution.wrote is not None:
        (results / "files" / "results" / "metrics.json").write_text(json.dumps(execution.wrote))


def _result(plan: TrialPlan, execution: Execution, spec: Spec | None) -> TrialResult:
    well = execution.reason is Reason.COMPLETED
    claims = claims_of(spec, plan) if spec is not None and well else ()
    data = json.dumps(execution.wrote).encode() if execution.wrote is not None else None
    files = {claim.metric.file: data for claim in claims if isinstance(claim.metric, FileMetric)}
    collected = collect(claims, files=files, logged=_last(execution.logged or {}), uncollected={})
    return TrialResult(
        plan=plan,
        attempt=execution.attempt,
        reason=collected.reason if well else execution.reason,
        message=collected.message if well else "the command exited with 1",
        exit_code=0 if well else 1,
        seconds=12.5,
        cpu_seconds=11.25,
        peak_memory_bytes=148_000_000,
        values=collected.values,
        problems=collected.problems,
        artifacts={},
    )


def _last(points: Points) -> dict[str, Value | MetricProblem]:
    return {name: series[-1][1] for name, series in points.items()}


_DISTRIBUTION = """\
    compare: {mode: distribution, margin: "0.02", why: half the gap to the baseline}
runs: {n: 5}
"""
SPEC_OF_A_TARGET = (
    SPEC.replace("published: {", "published: {kind: target, ")
    + """\
    compare: {mode: distribution, margin: "0.01", better: higher}
runs: {n: 2}
"""
)
LOST_MACHINE = Failed(Reason.INFRASTRUCTURE, "the machine went away three times")

ENDINGS: dict[str, Callable[[Path], EvidenceRecord]] = {
    "reproduced": lambda folder: ended(folder, GOOD, replace(GOOD, probe=True)),
    "not_reproduced": lambda folder: ended(folder, BAD, replace(BAD, probe=True)),
    "inconclusive": lambda folder: ended(folder, BAD, replace(GOOD, probe=True)),
    "not_run_repository": lambda folder: ended(
        folder, Execution(reason=Reason.COMMAND_FAILED, log="Traceback: no module named wine\n")
    ),
    "not_run_infrastructure": lambda folder: ended(folder, ending=LOST_MACHINE),
    "spec_invalid": lambda folder: ended(
        folder, spec="version: 1\nrun: {comand: x}\n", ending=Failed(Reason.SPEC_INVALID, "unknown key")
    ),
    "commit_gone": lambda folder: replace(
        ended(
            folder,
            ending=Failed(Reason.COMMIT_MISSING, "the commit is gone"),
            judged=not_run(Reason.COMMIT_MISSING, "the commit is gone"),
        ),
        declaration=None,
        spec=None,
        tree="",
    ),
    "not_judged": lambda folder: ended(
        folder, GOOD, spec=SPEC.removesuffix(CLAIM), shown={"loss": 0.2, "accuracy": 0.9312}
    ),
    "diverged": lambda folder: ended(
        folder,
        GOOD,
        spec=SPEC.removesuffix(CLAIM),
        shown={"loss": math.nan, "norm": math.inf, "gain": -math.inf, "accuracy": 0.9312},
    ),
    "lost_attempt": lambda folder: ended(
        folder,
        Execution(lost="its supervisor ended without a result"),
        replace(GOOD, attempt=2),
        replace(GOOD, probe=True),
    ),
    "control": lambda folder: ended(
        folder,
        GOOD,
        replace(GOOD, probe=True),
        replace(BAD, control=("--shuffle-labels",)),
        spec=SPEC + "    control: {args: [--shuffle-labels]}\n",
    ),
    "distribution": lambda folder: ended(
        folder,
        *(Execution({"accuracy": value}) for value in (0.931, 0.929, 0.933, 0.930, 0.928)),
        spec=SPEC + _DISTRIBUTION,
    ),
    "target": lambda folder: ended(
        folder, *(Execution({"accuracy": value}) for value in (0.951, 0.949)), spec=SPEC_OF_A_TARGET
    ),
    "no_scatter": lambda folder: ended(
        folder, *(Execution({"accuracy": 0.951}) for _ in range(2)), spec=SPEC_OF_A_TARGET
    ),
    "rehearsal": lambda folder: ended(folder, GOOD, replace(GOOD, probe=True), rehearsal=True),
    "dirty": lambda folder: ended(folder, GOOD, replace(GOOD, probe=True), rehearsal=True, dirty=True),
}
"""Name → a run that ended so, with its files in a folder."""
