"""Reads the runs that a job logged with ``mlflow.*`` from the files that MLflow's file store left.

The files are a stranger's. They are parsed here, read-only and bounded, and not by MLflow's client,
which would follow an ``artifact_uri`` wherever it points. Layout: ``<experiment>/<run>/{meta.yaml,
metrics/…,params/…,tags/…}``; `logged` reads models and datasets; what was deleted is skipped.
"""

from dataclasses import dataclass, field
from pathlib import Path

from reprise.adapters.mlflow import logged
from reprise.adapters.mlflow.bounded import Bounded, whole
from reprise.adapters.mlflow.logged import META, StoredDataset, StoredModel
from reprise.domain.errors import UserError
from reprise.ports import JobRun

MAX_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A job's run with what only the tracker needs."""

    job: JobRun
    id: str
    """Its folder's name."""
    folder: Path
    status: int
    """MLflow's number: 3 finished, 4 failed, 5 killed."""
    started_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Stored:
    """All that a job logged in one trial."""

    runs: tuple[StoredRun, ...] = ()
    """Oldest first."""
    models: tuple[StoredModel, ...] = ()
    datasets: dict[str, tuple[StoredDataset, ...]] = field(default_factory=dict)
    """A run's id → what it used."""
    problems: tuple[str, ...] = ()
    """What could not be read, in sentences; it keeps nothing else back."""


def read_job_runs(folder: Path) -> tuple[JobRun, ...]:
    """The job's runs, oldest first; none when there is no such folder.

    Raises UserError with a sentence for the author when a file cannot be understood.
    """
    return tuple(stored.job for stored in _runs(Bounded(folder)))


def read_store(folder: Path) -> Stored:
    """Runs with ids, times and folders, and the models and datasets beside them. Never raises UserError."""
    reader = Bounded(folder)
    try:
        runs = _runs(reader)
    except UserError as error:
        return Stored(problems=(str(error),))
    try:
        return Stored(runs, _models(reader, runs), _datasets(reader, runs))
    except UserError as error:
        return Stored(runs, problems=(f"models and datasets: {error}",))


def _runs(reader: Bounded) -> tuple[StoredRun, ...]:
    found: list[StoredRun] = []
    for experiment in reader.folders(reader.root):
        for folder in reader.folders(experiment):
            stored = _run(reader, folder)
            if stored is not None:
                found.append(stored)
            if len(found) > MAX_RUNS:
                raise UserError(f"the job logged more than {MAX_RUNS:,} MLflow runs: log fewer")
    return tuple(sorted(found, key=lambda stored: (stored.started_ms, stored.id)))


def _models(reader: Bounded, runs: tuple[StoredRun, ...]) -> tuple[StoredModel, ...]:
    steps: dict[str, int] = {}
    for run in runs:
        steps |= logged.output_steps(reader, run.folder)
    found = [
        model
        for experiment in reader.folders(reader.root)
        for model in logged.read_models(reader, experiment, steps)
    ]
    if len(found) > logged.MAX_MODELS:
        raise UserError(f"the job logged more than {logged.MAX_MODELS:,} models: log fewer")
    return tuple(found)


def _datasets(reader: Bounded, runs: tuple[StoredRun, ...]) -> dict[str, tuple[StoredDataset, ...]]:
    found = {run.id: tuple(logged.read_datasets(reader, run.folder)) for run in runs}
    if sum(map(len, found.values())) > logged.MAX_DATASETS:
        raise UserError(f"the job logged more than {logged.MAX_DATASETS:,} datasets: log fewer")
    return found


def _run(reader: Bounded, folder: Path) -> StoredRun | None:
    """None when the folder is not a run (a model, a dataset) or the run was deleted."""
    if not reader.exists(folder / META):
        return None
    meta = _top_level(reader.text(folder / META))
    if meta.get("lifecycle_stage") != "active" or "run_id" not in meta:
        return None
    tags = reader.texts(folder / "tags")
    job = JobRun(
        name=tags.get("mlflow.runName") or folder.name,
        metrics=reader.metrics(folder / "metrics"),
        params=reader.texts(folder / "params"),
        tags=tags,
    )
    started_ms = whole(meta.get("start_time"), 0)
    ended_ms = whole(meta.get("end_time"), started_ms)
    status = whole(meta.get("status"), 0)
    return StoredRun(job, folder.name, folder, status, started_ms, max(started_ms, ended_ms))


def _top_level(text: str) -> dict[str, str]:
    """The plain ``key: value`` lines of a ``meta.yaml``. MLflow writes nothing deeper that matters here.

    Not a YAML parser on purpose: there is nothing in it that a hostile file could exhaust.
    """
    pairs = (line.partition(": ") for line in text.splitlines() if line[:1].isalpha())
    return {key: value.strip().strip("'\"") for key, colon, value in pairs if colon}
