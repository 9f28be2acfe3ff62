"""The only module that imports MLflow, and only when it is first used: the import takes two seconds.

A thin layer of what `tracker` needs from `MlflowClient`: bounded calls, silence on the terminal, and
our own errors. Works against a server and, for rehearsals, straight on an SQLite file.
"""

import os
import sqlite3
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from reprise.adapters.mlflow.addresses import hide_credentials, without_credentials
from reprise.adapters.mlflow.batches import split
from reprise.adapters.mlflow.content import Point
from reprise.adapters.mlflow.creation import discard_half_made, mark_whole
from reprise.adapters.mlflow.made import DatasetContent, ModelContent
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.locks import locked

SQLITE = "sqlite:///"
PAGE = 1_000
MODEL_PAGE = 50
DATASETS = 20
"""In one request; each may have 64 KiB of text several times."""
LOCK_SECONDS = 30.0
"""How long to wait for another writer of an SQLite store."""
CREATION_SECONDS = 120.0
"""How long to wait while another process creates the store's tables."""

_ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",  # its messages go where ours go, from warnings up
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",  # seconds to connect, and between two answers
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the engine tries again after that
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",  # seconds, doubled each time, plus up to one of jitter
}

_UNKNOWN = "UNAUTHENTICATED"
_REFUSALS = frozenset(
    {
        "BAD_REQUEST",
        "CUSTOMER_UNAUTHORIZED",
        "ENDPOINT_NOT_FOUND",
        "INVALID_PARAMETER_VALUE",
        "NOT_FOUND",
        "PERMISSION_DENIED",
        "RESOURCE_DOES_NOT_EXIST",
        _UNKNOWN,
    }
)
_EXISTS = "RESOURCE_ALREADY_EXISTS"

_importing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Found:
    """A run that MLflow has."""

    id: str
    tags: dict[str, str]
    params: frozenset[str]
    """Their names; MLflow never changes a parameter."""


class Client:
    """One tracking store. Thread-safe. Raises Retryable and Refused with sentences, nothing of MLflow's."""

    def __init__(self, uri: str, *, secret_changes: bool = False) -> None:
        """Imports MLflow; opens, and on SQLite creates, the store. Raises UserError for another uri.

        ``secret_changes``: a server that does not know us was started again and is asked anew, not a refusal.
        """
        if not uri.startswith((SQLITE, "http://", "https://")):
            raise UserError(
                f"the tracking uri {without_credentials(uri)} cannot be used: give an MLflow server "
                f"(http://… or https://…) or a file ({SQLITE}…)"
            )
        self._uri = uri
        self._secret_changes = secret_changes
        self._artifacts = None
        with _importing:
            _prepare_environment()
            if uri.startswith(SQLITE):
                self._artifacts = Path(uri.removeprefix(SQLITE)).absolute().parent / "artifacts"
            with _quiet(), _without("pandas"):
                from mlflow import entities, exceptions, tracking  # late: two seconds, 70 MB
                from mlflow.tracking._tracking_service import utils

            self._entities = entities
            self._error: type[Exception] = exceptions.MlflowException
            self._places: Any = utils._artifact_repos_cache
            self._forget_places()
            with self._translated(), _quiet(), _opening(uri):
                self._client: Any = tracking.MlflowClient(uri)

    def ensure_experiment(self, name: str) -> str:
        """Its id; created, or brought back when somebody deleted it."""
        with self._translated():
            found = self._client.get_experiment_by_name(name)
            if found is None:
                return self._create_experiment(name)
            if found.lifecycle_stage != "active":
                self._client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def _create_experiment(self, name: str) -> str:
        location = self._artifacts.as_uri() if self._artifacts else None
        tags = {"mlflow.experimentKind": "custom_model_development"}  # else its page asks people
        try:
            return str(self._client.create_experiment(name, artifact_location=location, tags=tags))
        except self._error as error:
            if getattr(error, "error_code", "") != _EXISTS:
                raise
            return str(self._client.get_experiment_by_name(name).experiment_id)

    def find_runs(self, experiment_id: str, tag: str, value: str) -> list[Found]:
        """Every run of an experiment whose tag has this value, deleted ones left out."""
        found: list[Found] = []
        token: str | None = None
        with self._translated():
            while True:
                page = self._client.search_runs(
                    [experiment_id], f"tags.`{tag}` = '{value}'", max_results=PAGE, page_token=token
                )
                found += [
                    Found(run.info.run_id, dict(run.data.tags), frozenset(run.data.params)) for run in page
                ]
                token = page.token
                if not token:
                    return found

    def create_run(self, experiment_id: str, name: str, started_ms: int, tags: Mapping[str, str]) -> Found:
        with self._translated():
            run = self._client.create_run(
                experiment_id, start_time=started_ms, tags=dict(tags), run_name=name
            )
        return Found(run.info.run_id, dict(tags), frozenset())

    def log(
        self, run_id: str, params: Mapping[str, str], tags: Mapping[str, str], points: Sequence[Point]
    ) -> None:
        """In batches. Equal points are kept once; tags are overwritten; parameters must be new."""
        kinds = self._entities
        for batch in split(params, tags, points):
            with self._translated():
                self._client.log_batch(
                    run_id,
                    metrics=[kinds.Metric(p.name, p.value, p.at_ms, p.step) for p in batch.points],
                    params=[kinds.Param(name, value) for name, value in batch.params.items()],
                    tags=[kinds.RunTag(name, value) for name, value in batch.tags.items()],
                )

    def log_file(self, run_id: str, file: Path, path: PurePosixPath) -> None:
        """One artifact; the last part of ``path`` is the file's own name."""
        folder = str(path.parent) if path.parent.parts else None
        with self._translated():
            self._client.log_artifact(run_id, str(file), folder)

    def log_text(self, run_id: str, text: str, path: str) -> None:
        with self._translated():
            self._client.log_text(run_id, text, path)

    def finish(self, run_id: str, status: str, ended_ms: int) -> None:
        with self._translated():
            self._client.set_terminated(run_id, status, ended_ms)

    def delete_run(self, run_id: str) -> None:
        """Into MLflow's bin. Already gone is fine."""
        try:
            with self._translated():
                self._client.delete_run(run_id)
        except Refused:
            return

    # --- models and datasets ------------------------------------------------------------------------

    def find_models(self, experiment_id: str, tag: str, value: str) -> list[Found]:
        """Every logged model of an experiment whose tag has this value."""
        found: list[Found] = []
        token: str | None = None
        with self._translated():
            while True:
                page = self._client.search_logged_models(
                    [experiment_id], f"tags.`{tag}` = '{value}'", max_results=MODEL_PAGE, page_token=token
                )
                found += [Found(each.model_id, dict(each.tags), frozenset(each.params)) for each in page]
                token = page.token
                if not token:
                    return found

    def create_model(
        self, experiment_id: str, run_id: str, told: ModelContent, tags: Mapping[str, str]
    ) -> Found:
        """With everything but its files and metrics; nothing of it can be lost on the way."""
        with self._translated():
            model = self._client.create_logged_model(
                experiment_id,
                told.name,
                source_run_id=run_id,
                tags={**told.tags, **tags},
                params=told.params,
                model_type=told.model_type or None,
            )
        return Found(model.model_id, dict(tags), frozenset(told.params))

    def log_model_file(self, model_id: str, file: Path, path: PurePosixPath) -> None:
        folder = str(path.parent) if path.parent.parts else None
        with self._translated():
            self._client.log_model_artifact(model_id, str(file), folder)

    def finish_model(self, model_id: str, run_id: str, told: ModelContent) -> None:
        """Its metrics, and the run that made it. Equal points are kept once."""
        kinds = self._entities
        for batch in split({}, {}, told.points):
            points = [kinds.Metric(p.name, p.value, p.at_ms, p.step, model_id=model_id) for p in batch.points]
            with self._translated():
                self._client.log_batch(run_id, metrics=points)
        with self._translated():
            outputs = self._client.get_run(run_id).outputs
            made = outputs.model_outputs if outputs is not None else ()
            if not any(each.model_id == model_id for each in made):  # MLflow takes it only once
                self._client.log_outputs(run_id, [kinds.LoggedModelOutput(model_id, told.step)])
            self._client.finalize_logged_model(model_id, "READY" if told.ready else "FAILED")

    def tag_model(self, model_id: str, tags: Mapping[str, str]) -> None:
        with self._translated():
            self._client.set_logged_model_tags(model_id, dict(tags))

    def delete_model(self, model_id: str) -> None:
        """Already gone is fine."""
        try:
            with self._translated():
                self._client.delete_logged_model(model_id)
        except Refused:
            return

    def log_datasets(self, run_id: str, datasets: Sequence[DatasetContent]) -> None:
        """Of the same name and digest only one is kept."""
        kinds = self._entities
        inputs = [
            kinds.DatasetInput(
                kinds.Dataset(
                    each.name, each.digest, each.source_type, each.source, each.schema, each.profile
                ),
                [kinds.InputTag(name, value) for name, value in each.tags.items()],
            )
            for each in datasets
        ]
        with self._translated():
            for start in range(0, len(inputs), DATASETS):
                self._client.log_inputs(run_id, inputs[start : start + DATASETS])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """OSError covers the errors of requests, which MLflow lets through when it moves artifacts."""
        try:
            yield
        except self._error as error:
            code = getattr(error, "error_code", "")
            refused = code in _REFUSALS and not (self._secret_changes and code == _UNKNOWN)
            raise self._told(refused, error) from error
        except OSError as error:
            status = getattr(getattr(error, "response", None), "status_code", 0)
            passing = {408, 429, 401} if self._secret_changes else {408, 429}
            raise self._told(400 <= status < 500 and status not in passing, error) from error

    def _forget_places(self) -> None:
        """MLflow keeps for each run where its files go, for the whole process: with the address, and so
        with the secret, of a server that was started again since."""
        self._places.clear()

    def _told(self, refused: bool, error: Exception) -> Refused | Retryable:
        where = without_credentials(self._uri)
        said = " ".join(hide_credentials(str(error), self._uri).split())[:300]
        if refused:
            return Refused(f"MLflow at {where} refused: {said}")
        self._forget_places()
        return Retryable(f"MLflow at {where} did not answer as it should: {said}")


def prepare_database(path: Path) -> None:
    """WAL, which MLflow would not choose: readers no longer block the writer. Raises Refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS)
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise Retryable(f"the MLflow store {path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Refused(f"the MLflow store {path} is damaged: move it away ({error})") from error


@contextmanager
def _opening(uri: str) -> Iterator[None]:
    """MLflow opens, and on SQLite creates, the store inside this."""
    if not uri.startswith(SQLITE):
        yield
        return
    database = Path(uri.removeprefix(SQLITE))
    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone_with(database):
        discard_half_made(database)
        prepare_database(database)
        yield
        mark_whole(database)


@contextmanager
def _alone_with(database: Path) -> Iterator[None]:
    """MLflow creates the tables of an SQLite file without asking whether another process just does."""
    with locked(database.with_name(f"{database.name}.lock"), timeout=CREATION_SECONDS):
        yield


def _prepare_environment() -> None:
    """MLflow has no other way to be told these. A proxy must not stand before our own loopback."""
    os.environ.update(_ALWAYS)
    for name, value in _UNLESS_SET.items():
        os.environ.setdefault(name, value)
    for name in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        if "*" not in hosts and "127.0.0.1" not in hosts:
            os.environ[name] = ",".join([*hosts, "127.0.0.1", "localhost"])


@contextmanager
def _without(package: str) -> Iterator[None]:
    """MLflow imports it wherever it is installed: 40 MB for data sets of a kind that we never log."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment] # Python's way to say that there is none
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow's modules warn about their own dependencies while they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
