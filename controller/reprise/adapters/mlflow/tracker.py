"""The Tracker port on MLflow. One experiment per repository and experiment name, a run per run of
ours, below it one per trial, and below that those that the job logged itself.

A recording may be cut off anywhere and is then repeated whole: runs are found again by their tags, what
is logged twice is kept once, and a run that is marked complete is left alone.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reprise.adapters.mlflow import artifacts, content, seen
from reprise.adapters.mlflow.client import Client, Found
from reprise.adapters.mlflow.content import Content
from reprise.adapters.mlflow.filestore import StoredRun, read_job_runs, read_store
from reprise.adapters.mlflow.importing import COMPLETE, RUN_ID, TRIAL, Importing
from reprise.adapters.mlflow.logged import ARTIFACTS
from reprise.domain import environment
from reprise.domain.metrics import every_number
from reprise.domain.run import RunId
from reprise.domain.spec.model import FileMetric
from reprise.ports import JobRun, RunRecord, Tracked, TrialRecord

MLRUNS = "mlruns"
"""Folder in a trial's results with the file store that the job wrote."""
FILES = "files"
LOG = "log.txt"
MAX_METRIC_FILE_BYTES = 16_000_000
MAX_METRIC_FILES = 20

KIND = "reprise.kind"
JOB_RUN = "reprise.job_run"
PARENT = "mlflow.parentRunId"


@dataclass(frozen=True, slots=True)
class Key:
    """Which of our runs an MLflow run is. Kept as its tags."""

    run_id: RunId
    kind: str
    """``run``, ``trial`` or ``job``"""
    trial: str = ""
    """``<index>-<attempt>``"""
    job_run: str = ""

    def tags(self) -> dict[str, str]:
        tags = {RUN_ID: self.run_id, KIND: self.kind, TRIAL: self.trial, JOB_RUN: self.job_run}
        return {name: value for name, value in tags.items() if value}


class MlflowTracker:
    def __init__(
        self,
        uri: str | Callable[[], str],
        *,
        public_url: str | None = None,
        connect: Callable[[str], Client] = Client,
    ) -> None:
        """``uri`` of a server or ``sqlite:///…``, or what returns it or raises Retryable."""
        self._uri = uri
        self._public_url = public_url
        self._connect = connect
        self._clients: dict[str, Client] = {}
        self._opening = threading.Lock()

    def prepare(self) -> None:
        """Import MLflow and open the store now, so that the first `record` need not wait for it."""
        self._client()

    def record(self, record: RunRecord) -> Tracked:
        """Parent and child runs with everything in them. Once per run id, however often called.

        Each request is bounded by MLFLOW_HTTP_REQUEST_TIMEOUT (60 s) and tried three times.
        """
        client = self._client()
        experiment = client.ensure_experiment(f"{record.repository}/{record.experiment}")
        recording = _Recording(client, experiment, record.run_id)
        parent = recording.record(record)
        return Tracked(experiment, parent, self._url(experiment, parent))

    def conclude(self, tracked: Tracked, tags: dict[str, str], report: str) -> None:
        client = self._client()
        client.log_text(tracked.run_id, report, "report.md")
        client.log(tracked.run_id, {}, content.verdict_tags(tags, report), ())

    def job_runs(self, results: Path) -> tuple[JobRun, ...]:
        return read_job_runs(results / MLRUNS)

    def _client(self) -> Client:
        uri = self._uri if isinstance(self._uri, str) else self._uri()
        with self._opening:
            if uri not in self._clients:
                self._clients = {uri: self._connect(uri)}
            return self._clients[uri]

    def _url(self, experiment: str, run: str) -> str | None:
        if self._public_url is None:
            return None
        return f"{self._public_url.rstrip('/')}/#/experiments/{experiment}/runs/{run}"


class _Recording:
    """One run of ours on its way into MLflow."""

    def __init__(self, client: Client, experiment: str, run_id: RunId) -> None:
        self._client = client
        self._experiment = experiment
        self._run_id = run_id
        self._known = self._find()
        self._kept: set[str] = set()
        self._importing = Importing(client, experiment, run_id)

    def record(self, record: RunRecord) -> str:
        """The parent's id. Its mark comes last: with it everything below is there too."""
        first = seen.first(record.trials)
        run = content.run_content(record, first)
        parent = self._ensure(Key(self._run_id, "run"), run, None)
        if COMPLETE in parent.tags:
            return parent.id
        for trial in record.trials:
            self._record_trial(record, trial, parent.id)
        self._client.log_text(parent.id, record.spec_text, "reprise.yaml")
        if record.built is not None:
            self._client.log_text(parent.id, content.package_list(record.built), "environment.txt")
        self._log_texts(parent, seen.texts(record, first))
        self._fill(parent, run)
        self._remove_strays()
        return parent.id

    def _record_trial(self, record: RunRecord, trial: TrialRecord, parent_id: str) -> None:
        name = f"{trial.result.plan.index}-{trial.result.attempt}"
        numbers = _numbers(_metric_files(record, trial.results / FILES))
        looked = seen.look(trial.results)
        told = content.trial_content(record, trial, numbers, looked)
        found = self._ensure(Key(self._run_id, "trial", name), told, parent_id)
        problems = self._record_job(trial.results / MLRUNS, name, found.id)
        if COMPLETE in found.tags:
            return
        if (trial.results / LOG).is_file():
            self._client.log_file(found.id, trial.results / LOG, PurePosixPath(LOG))
        self._log_texts(found, seen.texts(record, looked))
        if looked.smi is not None:
            self._client.log_file(found.id, looked.smi, PurePosixPath(environment.NVIDIA_SMI))
        problems = [*problems, *looked.problems]
        self._upload(found, artifacts.choose(trial.results / FILES, into=FILES), problems)
        self._fill(found, told)

    def _log_texts(self, found: Found, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self._client.log_text(found.id, text, name)

    def _record_job(self, folder: Path, trial: str, parent_id: str) -> list[str]:
        """What the job logged itself; returns what of it could not be taken, in sentences."""
        stored = read_store(folder)
        ours = {run.id: self._record_job_run(run, trial, parent_id) for run in stored.runs}
        for used_by, datasets in stored.datasets.items():
            self._importing.datasets(datasets, ours[used_by])
        for model in stored.models:
            self._importing.model(model, trial, ours.get(model.source_run, parent_id))
        return [f"{MLRUNS}: {problem}" for problem in (*stored.problems, *self._importing.told())]

    def _record_job_run(self, run: StoredRun, trial: str, parent_id: str) -> str:
        told = content.job_content(run)
        found = self._ensure(Key(self._run_id, "job", trial, run.id), told, parent_id)
        if COMPLETE not in found.tags:
            self._upload(found, artifacts.choose(run.folder / ARTIFACTS), [])
            self._fill(found, told)
        return found.id

    def _ensure(self, key: Key, told: Content, parent_id: str | None) -> Found:
        """Adopt or create; what carries our tags from its first moment can always be found again."""
        above = {} if parent_id is None else {PARENT: parent_id}
        found = self._known.get(key)
        if found is None:
            tags = key.tags() | above
            found = self._client.create_run(self._experiment, told.name, told.started_ms, tags)
        elif above.items() - found.tags.items():
            self._client.log(found.id, {}, above, ())
        self._kept.add(found.id)
        return found

    def _fill(self, found: Found, told: Content) -> None:
        params = {name: value for name, value in told.params.items() if name not in found.params}
        self._client.log(found.id, params, told.tags, told.points)
        self._client.finish(found.id, told.status, told.ended_ms)
        self._client.log(found.id, {}, {COMPLETE: "true"}, ())

    def _upload(self, found: Found, choice: artifacts.Choice, problems: list[str]) -> None:
        for file, path in choice.files:
            self._client.log_file(found.id, file, path)
        said = [*choice.left_out, *problems]
        if said:
            self._client.log_text(found.id, "\n".join(said) + "\n", "left-out.txt")

    def _find(self) -> dict[Key, Found]:
        """Of several with one key, the complete one, else always the same one."""
        runs = self._client.find_runs(self._experiment, RUN_ID, self._run_id)
        runs.sort(key=lambda run: (COMPLETE not in run.tags, run.id))
        found: dict[Key, Found] = {}
        for run in runs:
            found.setdefault(_key(run), run)
        return found

    def _remove_strays(self) -> None:
        """A create whose answer was lost may have made a second run; a repeat leaves none behind."""
        for run in self._client.find_runs(self._experiment, RUN_ID, self._run_id):
            if run.id not in self._kept:
                self._client.delete_run(run.id)
        self._importing.remove_strays()


def _key(run: Found) -> Key:
    tags = run.tags
    return Key(RunId(tags[RUN_ID]), tags.get(KIND, ""), tags.get(TRIAL, ""), tags.get(JOB_RUN, ""))


def _metric_files(record: RunRecord, files: Path) -> Iterable[tuple[str, Path]]:
    """The files that claims read; without claims, collected JSON files with "metric" in the name."""
    claimed = [claim.metric.file for claim in record.spec.claims if isinstance(claim.metric, FileMetric)]
    if claimed:
        return [(file, files / file) for file in dict.fromkeys(claimed)]
    named = (file for file, _ in artifacts.choose(files).files)
    found = [file for file in named if file.suffix == ".json" and "metric" in file.name]
    return [(file.relative_to(files).as_posix(), file) for file in found[:MAX_METRIC_FILES]]


def _numbers(files: Iterable[tuple[str, Path]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, file in files:
        if not file.is_symlink() and file.is_file() and file.stat().st_size <= MAX_METRIC_FILE_BYTES:
            found[name] = every_number(file.read_bytes())
    return found
