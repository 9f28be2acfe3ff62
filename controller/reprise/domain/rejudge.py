"""A run judged again from its raw data: the record of what happened and the files that the trials wrote.

Called when evidence is sealed, which must lead to the verdict that stands, and by ``reprise verify``, which
believes no verdict that it did not compute. Nothing that was derived is taken from the record: the values
of claims are extracted from the metric files again, and judged by the rules of the time.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from reprise.domain import environment
from reprise.domain.data.pinning import unpinned, with_data
from reprise.domain.errors import UserError
from reprise.domain.hardware import of_file, with_hardware
from reprise.domain.metric_file import Document, MetricProblem, invalid, load
from reprise.domain.metrics import Collected, collect
from reprise.domain.paths import parts_inside
from reprise.domain.rules import RULES
from reprise.domain.run import ClaimJudgement, Judgement, Reason, Resumed, TrialPlan, TrialResult, Value
from reprise.domain.spec.asked import noted, with_arguments
from reprise.domain.spec.committed import check_files, published_samples
from reprise.domain.spec.model import BadSpec, Claim, FileMetric, Hardware, MlflowMetric, Spec
from reprise.domain.spec.names import experiment_name
from reprise.domain.spec.parse import parse_spec
from reprise.domain.trials import claims_of
from reprise.domain.verdict import judge, not_run, spec_invalid

FORMAT = 2
"""Of the whole package. Whatever a release adds to run.json or report.json is a further format, because an
earlier release could only call it a forgery; a later one reads every earlier format.
"""

DECLARATION = "declaration.yaml"
"""The spec file as committed; absent when the commit has none."""
DECLARED = "declaration"
"""Folder of the committed files that the spec names, each at its path from the root."""

_COMPUTED = ("bar", "estimate", "difference")
"""Of a claim: what a mean or a quantile went into."""
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
"""Words of evidence for numbers that JSON lacks."""
_COLLECTED = (Reason.COMPLETED, Reason.METRIC_MISSING, Reason.METRIC_INVALID)
"""The job itself ended well, so that its metrics were looked at."""


class Newer(UserError):
    """This release cannot judge what a later one recorded."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ended before it could be judged."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class BaseRecord:
    named: str
    digest: str


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """Its Dockerfile, where it has one, is a file of its own."""

    kind: str
    digest: str
    bases: tuple[BaseRecord, ...]
    generated: bool


@dataclass(frozen=True, slots=True)
class FetchedRecord:
    """Data that was fetched, without where it lay on the machine."""

    path: str
    sha256: str
    size: int
    source: str
    revision: str | None
    pinned: bool


@dataclass(frozen=True, slots=True)
class BuiltRecord:
    """What strangers are told of an environment, of which a `Built` knows its places on the machine too."""

    python: str
    lock: str
    lock_sha256: str
    weak: str | None
    packages: dict[str, str]
    image: ImageRecord | None = None
    """Since format 2."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One final result without the values, which are in the files."""

    index: int
    attempt: int
    seed: int
    probe: bool
    started_at: datetime
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    exit_code: int | None
    reason: Reason
    message: str
    artifacts: dict[str, str | None]
    uncollected: dict[str, str] = field(default_factory=dict)
    control: tuple[str, ...] | None = None
    resumed: Resumed | None = None

    @property
    def folder(self) -> str:
        """Of its files, in the evidence."""
        return execution_folder(self.index, self.attempt)


def execution_folder(index: int, attempt: int) -> str:
    return f"runs/{index}-{attempt}"


@dataclass(frozen=True, slots=True)
class LostRecord:
    index: int
    attempt: int
    started_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """``run.json``: everything that judging needs and that is not a file. Times are in UTC."""

    format: int
    rules: int
    reprise: str
    """Version of the release that wrote it."""
    run_id: str
    repository: str
    """``owner/name``"""
    commit: str
    tree: str
    experiment: str
    spec_file: str
    claims_asked: tuple[str, ...] | None
    seeds_asked: int | None
    coin: str | None
    """What further seeds are drawn with; None when the run ended before it had one."""
    coin_public: bool
    ending: Ending | None
    rehearsal: bool
    dirty: bool
    requested_at: datetime
    started_at: datetime
    ended_at: datetime
    isolation: str
    network: str
    machine: str
    built: BuiltRecord | None
    metrics: dict[str, Value]
    """What a run that claims nothing is told to have given; what is not finite stands there as text."""
    trials: tuple[TrialRecord, ...]
    """Final results in order."""
    lost: tuple[LostRecord, ...] = ()
    ledger: tuple[dict[str, Any], ...] = ()
    backend: str | None = None
    """Since format 2, like ``fetched``; before there was only ``process``."""
    fetched: tuple[FetchedRecord, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejudged:
    spec: Spec | BadSpec | None
    """As asked for; None when the commit has no such file."""
    results: tuple[TrialResult, ...]
    judgement: Judgement

    @property
    def why(self) -> dict[str, str]:
        """claim id → what the spec says of its bar"""
        claims = self.spec.claims if isinstance(self.spec, Spec) else ()
        return {claim.id: claim.why for claim in claims if claim.why}


def rejudge(record: Record, files: Mapping[str, bytes]) -> Rejudged:
    """The judgement that follows from a record and its files, which are named as in the evidence.

    ``files`` may be lazy: one is asked for when it is needed. Raises Newer for what a later release made.
    """
    require_known(record.format, record.rules)
    spec = read_declaration(record, files)
    if not isinstance(spec, Spec):
        return Rejudged(spec, (), _unreadable(record, spec))
    spec = with_arguments(spec, record.seeds_asked, record.claims_asked)
    results = tuple(_result(trial, spec, files) for trial in record.trials)
    if record.ending is not None:
        return Rejudged(spec, results, not_run(record.ending.reason, record.ending.message, spec))
    judged = judge(
        spec,
        results,
        metrics={name: _number(value) for name, value in record.metrics.items()},
        published=published_samples(spec, _committed(files)),
        coin_public=record.coin_public,
        rules=RULES[record.rules],
    )
    judged = with_data(judged, spec, unpinned(record.fetched or ()))
    judged = with_hardware(judged, spec, results, _hardware(record, files))
    return Rejudged(spec, results, noted(judged, record.claims_asked))


def _hardware(record: Record, files: Mapping[str, bytes]) -> Hardware:
    """Of the machine that the first trial ran on."""
    first = next(iter(record.trials), None)
    return of_file(files.get(f"{first.folder}/{environment.NAME}") if first is not None else None)


def require_known(format: int, rules: int) -> None:
    """Raises Newer."""
    if format > FORMAT or rules not in RULES:
        raise Newer(
            f"made by a newer Reprise (format {format}, rules {rules}; this one knows format {FORMAT} and "
            f"rules {max(RULES)}): verify it with that release or a later one"
        )


def read_declaration(record: Record, files: Mapping[str, bytes]) -> Spec | BadSpec | None:
    """The spec of the commit, checked against the committed files that it names."""
    data = files.get(DECLARATION)
    if data is None:
        return None
    name = experiment_name(record.spec_file, record.repository)
    spec = parse_spec(data, file=record.spec_file, default_name=name)
    if isinstance(spec, BadSpec):
        return spec
    problems = check_files(spec, _committed(files), file=record.spec_file)
    return BadSpec(spec.name, problems) if problems else spec


def _committed(files: Mapping[str, bytes]) -> Callable[[str], bytes | None]:
    return lambda path: files.get(f"{DECLARED}/{_inside(path)}")


def differences(stands: Judgement, found: Judgement) -> tuple[str, ...]:
    """What two judgements of one run disagree on, in sentences; empty when they are the same."""
    pairs: list[tuple[str, object, object]] = [
        ("verdict", stands.verdict.value, found.verdict.value),
        ("level", stands.level, found.level),
        ("reason", stands.reason.value, found.reason.value),
        ("rules", stands.rules, found.rules),
        ("message", stands.message, found.message),
        ("claims", [claim.id for claim in stands.claims], [claim.id for claim in found.claims]),
    ]
    for one, other in zip(stands.claims, found.claims, strict=False):
        pairs += _claim_pairs(one, other)
    return tuple(f"{name}: {one} stands, {other} follows" for name, one, other in pairs if one != other)


def _claim_pairs(one: ClaimJudgement, other: ClaimJudgement) -> list[tuple[str, object, object]]:
    """Field by field; an interval up to the last digits, which another processor computes differently."""
    named = [(each.name, getattr(one, each.name), getattr(other, each.name)) for each in fields(one)]
    return [
        (f"claim {one.id}: {name}", stands, found)
        for name, stands, found in named
        if not (name in _COMPUTED and _near(stands, found))
    ]


def _near(one: object, other: object) -> bool:
    """Plain values must be equal, and the numbers inside nearly."""
    if is_dataclass(one) and type(one) is type(other):
        return all(_near(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-300)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_near, one, other))
    return one == other


def _unreadable(record: Record, spec: BadSpec | None) -> Judgement:
    ending = record.ending
    if spec is not None and (ending is None or ending.reason is Reason.SPEC_INVALID):
        return spec_invalid(spec)
    if ending is None:
        return not_run(Reason.SPEC_INVALID, "the spec file is gone")
    return not_run(ending.reason, ending.message)


def _result(trial: TrialRecord, spec: Spec, files: Mapping[str, bytes]) -> TrialResult:
    """As the engine made it: a job that failed is not asked for metrics, a control only for its claims'."""
    plan = TrialPlan(trial.index, trial.seed, trial.probe, trial.control)
    claims = claims_of(spec, plan)
    ended_well = trial.reason in _COLLECTED
    collected = (
        _collect(trial, claims, files) if ended_well else Collected(trial.reason, trial.message, {}, {})
    )
    return TrialResult(
        plan=plan,
        attempt=trial.attempt,
        reason=collected.reason,
        message=collected.message,
        exit_code=trial.exit_code,
        seconds=trial.seconds,
        cpu_seconds=trial.cpu_seconds,
        peak_memory_bytes=trial.peak_memory_bytes,
        values=collected.values,
        problems=collected.problems,
        artifacts=trial.artifacts,
        uncollected=trial.uncollected,
        resumed=trial.resumed,
    )


def _collect(trial: TrialRecord, claims: Sequence[Claim], files: Mapping[str, bytes]) -> Collected:
    wanted = {claim.metric.file for claim in claims if isinstance(claim.metric, FileMetric)}
    return collect(
        claims,
        files={name: files.get(f"{trial.folder}/files/{_inside(name)}") for name in wanted},
        logged=_logged(trial, claims, files),
        uncollected=trial.uncollected,
    )


def _logged(
    trial: TrialRecord, claims: Sequence[Claim], files: Mapping[str, bytes]
) -> dict[str, Value | MetricProblem]:
    """The last value of each claimed metric in the job's single MLflow run."""
    names = {claim.metric.name for claim in claims if isinstance(claim.metric, MlflowMetric)}
    data = files.get(f"{trial.folder}/mlflow.json") if names else None
    if data is None:
        return {}
    document = load(data, file="mlflow.json")
    found = document.root if isinstance(document, Document) else None
    if not isinstance(found, dict):
        return dict.fromkeys(names, invalid("the logged metrics cannot be read"))
    if isinstance(found.get("problem"), str):
        return dict.fromkeys(names, invalid(found["problem"]))
    return {name: value for name in names if (value := _last(found.get(name))) is not None}


def _last(points: Any) -> Value | None:
    """Of a metric's points, each ``[time, value, step]``; what is not finite stands there as text."""
    match points:
        case [*_, [_, str() as text, _]] if text in _NOT_FINITE:
            return _number(text)
        case [*_, [_, int() | float() as value, _]] if not isinstance(value, bool):
            return float(value)
        case _:
            return None


def _number(value: Value) -> Value:
    return float(value) if value in _NOT_FINITE else value


def _inside(path: str) -> str:
    """As the file is called in the evidence, whichever way the spec writes it."""
    try:
        return "/".join(parts_inside(path))
    except UserError:
        return path  # nobody collects such a file, so there is none
