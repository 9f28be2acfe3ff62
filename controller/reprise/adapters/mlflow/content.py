"""What MLflow is told about a run, a trial and a run that the job itself logged. Pure; used by `tracker`.

Times come from the record and never from a clock, so that telling MLflow the same again adds nothing.
"""

import math
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from reprise.adapters.mlflow import surroundings
from reprise.adapters.mlflow.addresses import without_credentials
from reprise.adapters.mlflow.filestore import StoredRun
from reprise.adapters.mlflow.names import MAX_NAME, MAX_PARAM, MAX_TAG, clean_name, fit_names, fit_text
from reprise.adapters.mlflow.seen import NOTHING, Seen
from reprise.domain.run import Reason, TrialPlan
from reprise.ports import Built, RunRecord, TrialRecord

FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
"""MLflow's words for how a run ended."""

SYSTEM = "system"
"""Before the names of system metrics in MLflow."""

_STATUS_OF_STORED = {1: FAILED, 2: FAILED, 3: FINISHED, 4: FAILED, 5: KILLED}
"""The file store's numbers. A run that still "runs" in a finished job did not finish."""

_KEPT_TAGS = ("mlflow.note.content", "mlflow.source.name", "mlflow.source.type")
"""Of the job's own ``mlflow.*`` tags; the others would speak about ids and files of its own store."""


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    value: float
    at_ms: int
    """Since the epoch."""
    step: int


@dataclass(frozen=True, slots=True)
class Content:
    """One MLflow run, whole."""

    name: str
    status: str
    started_ms: int
    ended_ms: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: tuple[Point, ...] = ()


def run_content(record: RunRecord, first: Seen = NOTHING) -> Content:
    """The parent: what all trials share, each claim's value trial by trial, and where trial 0 ran."""
    completed = any(trial.result.valid for trial in record.trials)
    return _fitted(
        Content(
            name=f"{record.ref} {record.commit[:7]}",
            status=FINISHED if completed else FAILED,
            started_ms=_ms(record.started_at),
            ended_ms=_ms(record.ended_at),
            params={**_shared_params(record), "n": str(record.spec.n)},
            tags={
                **surroundings.machine_tags(first.record),
                **_shared_tags(record),
                **_seed_tags(record),
            },
            points=_claims_by_trial(record),
        )
    )


def trial_content(
    record: RunRecord,
    trial: TrialRecord,
    numbers: Mapping[str, Mapping[str, float]],
    seen: Seen = NOTHING,
) -> Content:
    """A child. ``numbers`` holds every number of each metric file: file → name → value."""
    result = trial.result
    at_ms = _ms(trial.started_at + timedelta(seconds=result.seconds))
    return _fitted(
        Content(
            name=_trial_name(result.plan, result.attempt),
            status=_status(result.reason),
            started_ms=_ms(trial.started_at),
            ended_ms=at_ms,
            params={**_shared_params(record), "seed": str(result.plan.seed)},
            tags={
                **surroundings.machine_tags(seen.record),
                **_shared_tags(record),
                **_trial_tags(trial),
            },
            points=(*_trial_points(trial, numbers, at_ms), *_system_points(seen)),
        )
    )


def job_content(stored: StoredRun) -> Content:
    """What the job logged itself. Its tags are a stranger's: none may pass for one of ours."""
    job = stored.job
    points = (
        Point(name, value, at_ms, step)
        for name, values in job.metrics.items()
        for at_ms, value, step in values
    )
    return _fitted(
        Content(
            name=job.name,
            status=_STATUS_OF_STORED.get(stored.status, FAILED),
            started_ms=stored.started_ms,
            ended_ms=stored.ended_ms,
            params=dict(job.params),
            tags=strangers_tags(job.tags),
            points=tuple(points),
        )
    )


def verdict_tags(tags: Mapping[str, str], report: str) -> dict[str, str]:
    """The verdict's tags, and the report as the description that MLflow's page shows."""
    return _fit_values({**tags, "mlflow.note.content": report}, MAX_TAG)


def package_list(built: Built) -> str:
    """Like ``pip freeze``."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(built.packages.items()))


def _shared_params(record: RunRecord) -> dict[str, str]:
    params = {
        "command": shlex.join(record.spec.run.command),
        "workdir": record.spec.run.workdir,
        "timeout_seconds": f"{record.spec.run.timeout.total_seconds():g}",
        **record.params,
    }
    if record.built is not None:
        params["python"] = record.built.python
        params["lock"] = record.built.lock
    return params


def _shared_tags(record: RunRecord) -> dict[str, str]:
    url = without_credentials(record.repository_url) or record.repository
    tags = {
        "mlflow.source.name": url,
        "mlflow.source.type": "PROJECT",
        "mlflow.source.git.commit": record.commit,
        "mlflow.source.git.repoURL": url,
        "mlflow.user": record.who,
        **surroundings.git_tags(record),
        "reprise.repository": record.repository,
        "reprise.experiment": record.experiment,
        "reprise.commit": record.commit,
        "reprise.tree": record.tree,
        "reprise.ref": record.ref,
        "reprise.trigger": record.trigger,
        "reprise.git_state": "dirty" if record.dirty else "clean",
    }
    for name in ("backend", "isolation", "network"):
        if name in record.params:
            tags[f"reprise.{name}"] = record.params[name]
    return tags if record.built is None else tags | _environment_tags(record.built)


def _environment_tags(built: Built) -> dict[str, str]:
    tags = {
        "python_version": built.python,
        "reprise.environment": built.key,
        "reprise.lock": built.lock,
        "reprise.lock_sha256": built.lock_sha256,
        "reprise.packages": str(len(built.packages)),
    }
    if built.image is not None:
        tags["reprise.image"] = built.image.digest
    return tags if built.weak is None else tags | {"reprise.weak_pin": built.weak}


def _seed_tags(record: RunRecord) -> dict[str, str]:
    """``seed`` of trial 0, and all of them where there are several."""
    seeds = list(dict.fromkeys(str(trial.result.plan.seed) for trial in record.trials))
    return {"reprise.seed": seeds[0], "reprise.seeds": " ".join(seeds)} if seeds else {}


def _trial_tags(trial: TrialRecord) -> dict[str, str]:
    result = trial.result
    tags = {
        "reprise.seed": str(result.plan.seed),
        "reprise.probe": str(result.plan.probe).lower(),
        **({"reprise.control": shlex.join(result.plan.control)} if result.plan.control is not None else {}),
        "reprise.attempt": str(result.attempt),
        "reprise.reason": result.reason.value,
        "reprise.message": result.message,
        "reprise.exit_code": "" if result.exit_code is None else str(result.exit_code),
    }
    texts = {id_: value for id_, value in result.values.items() if isinstance(value, str)}
    digests = {path: digest for path, digest in result.artifacts.items() if digest is not None}
    return {
        **tags,
        **{f"reprise.claim.{id_}": text for id_, text in texts.items()},
        **{f"reprise.problem.{id_}": why for id_, why in result.problems.items()},
        **{f"reprise.sha256.{clean_name(path)}": digest for path, digest in digests.items()},
    }


def _trial_points(
    trial: TrialRecord, numbers: Mapping[str, Mapping[str, float]], at_ms: int
) -> Iterable[Point]:
    result = trial.result
    named = dict(_named_numbers(numbers))
    named |= {f"claim/{id_}": float(value) for id_, value in _numeric(result.values).items()}
    named["reprise/seconds"] = result.seconds
    named["reprise/cpu_seconds"] = result.cpu_seconds
    named["reprise/peak_memory_bytes"] = float(result.peak_memory_bytes)
    return (Point(name, value, at_ms, 0) for name, value in named.items())


def _system_points(seen: Seen) -> Iterable[Point]:
    """By MLflow's own names, which its page shows apart from a model's metrics."""
    for name, step, at_ms, value in seen.series.points():
        yield Point(f"{SYSTEM}/{name}", value, at_ms, step)


def _named_numbers(numbers: Mapping[str, Mapping[str, float]]) -> Iterable[tuple[str, float]]:
    """Numbers of a single metric file keep their own names; of several, the file's name comes first."""
    for file, values in numbers.items():
        prefix = f"{PurePosixPath(file).with_suffix('')}/" if len(numbers) > 1 else ""
        yield from ((prefix + name, value) for name, value in values.items())


def _claims_by_trial(record: RunRecord) -> tuple[Point, ...]:
    """The trial is the step. A probe never counts, nor does a control, so they are not here."""
    return tuple(
        Point(f"claim/{id_}", float(value), _ms(trial.started_at), trial.result.plan.index)
        for trial in record.trials
        if trial.result.plan.counts
        for id_, value in _numeric(trial.result.values).items()
    )


def _numeric(values: Mapping[str, int | float | str]) -> dict[str, float]:
    """What fits a double; an integer beyond it cannot be a metric."""
    return {
        name: float(value)
        for name, value in values.items()
        if not isinstance(value, str) and abs(value) <= 1.7e308
    }


def _trial_name(plan: TrialPlan, attempt: int) -> str:
    name = "control" if plan.control is not None else "probe" if plan.probe else f"trial {plan.index}"
    return name if attempt == 1 else f"{name} (attempt {attempt})"


def _status(reason: Reason) -> str:
    if reason is Reason.COMPLETED:
        return FINISHED
    return KILLED if reason in (Reason.CANCELLED, Reason.SUPERSEDED) else FAILED


def strangers_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """A job's own tags without those that would pass for MLflow's or ours."""
    kept = {name: value for name, value in tags.items() if not name.startswith(("mlflow.", "reprise."))}
    return kept | {name: tags[name] for name in _KEPT_TAGS if name in tags}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _fitted(content: Content) -> Content:
    """The same with names and values that MLflow takes."""
    params = fit_names(content.params)
    tags = fit_names(content.tags)
    return replace(
        content,
        name=fit_text(content.name, MAX_NAME),
        params=_fit_values({params[name]: value for name, value in content.params.items()}, MAX_PARAM),
        tags=_fit_values({tags[name]: value for name, value in content.tags.items()}, MAX_TAG),
        points=fitted_points(content.points),
    )


def fitted_points(points: Iterable[Point]) -> tuple[Point, ...]:
    points = tuple(points)
    names = fit_names({point.name for point in points})
    return tuple(_fit_point(point, names[point.name]) for point in points)


def _fit_values(values: Mapping[str, str], limit: int) -> dict[str, str]:
    return {name: fit_text(value, limit) for name, value in values.items()}


_INT64 = 2**63 - 1


def _fit_point(point: Point, name: str) -> Point:
    """Infinity goes as the largest double, as MLflow's own store keeps it; NaN is a value there."""
    value = point.value
    if math.isinf(value):
        value = math.copysign(1.7976931348623157e308, value)
    at_ms = min(max(point.at_ms, 0), _INT64)
    return Point(name, value, at_ms, min(max(point.step, -_INT64), _INT64))
