"""What people find in MLflow afterwards, read back with MLflow's own client from a real SQLite file."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from tests.records import (
    STARTED_MS,
    record,
    trial,
    write_dataset,
    write_model,
    write_store,
    write_surroundings,
)

from reprise.adapters.mlflow.client import Client, Found
from reprise.adapters.mlflow.content import Point
from reprise.adapters.mlflow.made import DatasetContent, ModelContent
from reprise.adapters.mlflow.names import clean_name
from reprise.adapters.mlflow.tracker import MlflowTracker
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import Reason, RunId
from reprise.ports import RunRecord, Tracked

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """In memory where there is such a folder: these tests commit some thousand times."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield f"sqlite:///{folder}/mlflow.db"


@pytest.fixture
def tracker(store: str) -> MlflowTracker:
    return MlflowTracker(store)


class Reader:
    """MLflow's client, for looking."""

    def __init__(self, store: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow.tracking import MlflowClient

        self.client: Any = MlflowClient(store)

    def runs(self, tracked: Tracked, run_id: str) -> list[Any]:
        query = f"tags.`reprise.run_id` = '{run_id}'"
        return list(self.client.search_runs([tracked.experiment_id], query))

    def children(self, tracked: Tracked, parent: str) -> dict[str, Any]:
        query = f"tags.`mlflow.parentRunId` = '{parent}'"
        return {run.info.run_name: run for run in self.client.search_runs([tracked.experiment_id], query)}

    def models(self, tracked: Tracked, run_id: str) -> list[Any]:
        query = f"tags.`reprise.run_id` = '{run_id}'"
        return list(self.client.search_logged_models([tracked.experiment_id], query))

    def files(self, run: str, folder: str = "") -> set[str]:
        listed = self.client.list_artifacts(run, folder or None)
        return {path for entry in listed for path in self._below(run, entry)}

    def _below(self, run: str, entry: Any) -> set[str]:
        return self.files(run, entry.path) if entry.is_dir else {entry.path}


@pytest.fixture
def reader(store: str, tracker: MlflowTracker) -> Reader:
    tracker.prepare()
    return Reader(store)


def full_record(run_id: str, folder: Path, *, steps: int = 20, jobs: str = "a") -> RunRecord:
    """A trial, its probe, and runs that the job logged in the trial."""
    trials = trial(folder / "0-1"), trial(folder / "1-1", 1, probe=True)
    for name in jobs:
        stored = write_store(folder / "0-1" / "mlruns", name, end_time="5000")
        (stored / "metrics" / "train").mkdir()
        lines = "".join(f"{1_000 + step} {1 / (step + 1)} {step}\n" for step in range(steps))
        (stored / "metrics" / "train" / "loss").write_text(lines)
        for kind, key, text in (("params", "lr", "0.1"), ("tags", "mlflow.runName", f"job {name}")):
            (stored / kind).mkdir()
            (stored / kind / key).write_text(text)
        (stored / "artifacts" / "plots").mkdir(parents=True)
        (stored / "artifacts" / "plots" / "loss.txt").write_text("a curve")
    write_surroundings(folder / "0-1")
    write_model(folder / "0-1" / "mlruns", "net", run=jobs[0])
    write_dataset(folder / "0-1" / "mlruns", "wine", run=jobs[0])
    return record(run_id, *trials)


def check_full(reader: Reader, tracked: Tracked, run_id: str, *, steps: int = 20, jobs: str = "a") -> None:
    """Exactly one of everything that `full_record` tells."""
    assert len(reader.runs(tracked, run_id)) == 3 + len(jobs)
    parent = reader.client.get_run(tracked.run_id)
    assert parent.info.status == "FINISHED"
    assert reader.files(tracked.run_id) == {"reprise.yaml", "environment.txt", *OF_MACHINE}
    children = reader.children(tracked, tracked.run_id)
    assert set(children) == {"trial 0", "probe"}
    child = children["trial 0"]
    assert child.data.metrics["claim/accuracy"] == 0.9325
    assert child.data.metrics["loss/train"] == 0.5
    assert reader.files(child.info.run_id) == {"log.txt", "files/metrics.json", "nvidia-smi.xml", *OF_MACHINE}
    check_surroundings(reader, parent, child)
    of_job = reader.children(tracked, child.info.run_id)
    assert set(of_job) == {f"job {name}" for name in jobs}
    for run in of_job.values():
        history = reader.client.get_metric_history(run.info.run_id, "train/loss")
        points = [(point.step, point.timestamp, point.value) for point in history]
        assert sorted(points) == [(step, 1_000 + step, 1 / (step + 1)) for step in range(steps)]
        assert run.data.params == {"lr": "0.1"}
        assert reader.files(run.info.run_id) == {"plots/loss.txt"}
    check_made(reader, tracked, run_id, of_job[f"job {jobs[0]}"])


OF_MACHINE = {"environment.json", "git_info.txt", "nvidia_gpu_info.txt"}


def check_surroundings(reader: Reader, parent: Any, child: Any) -> None:
    """Where it ran, on both; each point of a series once."""
    for run in (parent, child):
        assert run.data.tags["gpu_count"] == "1"
        assert run.data.tags["reprise.gpu"] == "NVIDIA A100"
        assert run.data.tags["git_branch"] == "v1.0"
    history = reader.client.get_metric_history(child.info.run_id, "system/cpu_utilization_percentage")
    points = [(point.step, point.timestamp, point.value) for point in history]
    assert sorted(points) == [(1, STARTED_MS + 1_000, 97.5), (2, STARTED_MS + 2_000, 98.5)]
    assert "system/cpu_utilization_percentage" not in parent.data.metrics


def check_made(reader: Reader, tracked: Tracked, run_id: str, run: Any) -> None:
    """One model and one dataset, beside the run that made and used them."""
    (model,) = reader.models(tracked, run_id)
    assert (model.name, str(model.status), model.source_run_id) == ("net", "READY", run.info.run_id)
    assert (model.params, model.tags["by"]) == ({"depth": "2"}, "me")
    (point,) = model.metrics
    assert (point.key, point.value, point.step, point.run_id) == ("of_model", 0.7, 3, run.info.run_id)
    (file,) = reader.client.list_logged_model_artifacts(model.model_id, "weights")
    assert file.path == "weights/w.txt"
    (output,) = run.outputs.model_outputs
    assert (output.model_id, output.step) == (model.model_id, 3)
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("wine", "abc12345")
    assert used.dataset.source == '{"uri": "data/wine.csv"}'
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "training"}


def test_a_run_is_found_whole(tracker: MlflowTracker, reader: Reader, tmp_path: Path) -> None:
    tracked = tracker.record(full_record("whole", tmp_path, steps=1_500, jobs="ab"))
    check_full(reader, tracked, "whole", steps=1_500, jobs="ab")
    parent = reader.client.get_run(tracked.run_id)
    assert reader.client.get_experiment(tracked.experiment_id).name == "ann/paper/table-2"
    assert parent.info.start_time == STARTED_MS
    assert parent.data.tags["mlflow.source.git.commit"] == "c" * 40
    assert parent.data.params["command"] == "python train.py"


def test_the_verdict_and_the_report_are_added(tracker: MlflowTracker, reader: Reader, tmp_path: Path) -> None:
    tracked = tracker.record(record("judged", trial(tmp_path)))
    for verdict in ("inconclusive", "reproduced"):
        tracker.conclude(tracked, {"reprise.verdict": verdict}, "# Reproduced\n")
    tags = reader.client.get_run(tracked.run_id).data.tags
    assert tags["reprise.verdict"] == "reproduced"
    assert tags["mlflow.note.content"] == "# Reproduced\n"
    assert "report.md" in reader.files(tracked.run_id)


T = TypeVar("T")


class Killed(Exception):
    """Not an error that anything would handle."""


class Crashing(Client):
    """Dies after its n-th write, which is also before the next one."""

    def __init__(self, uri: str, at: int) -> None:
        super().__init__(uri)
        self._left = at

    def _write(self, write: Callable[[], T]) -> T:
        done = write()
        self._left -= 1
        if self._left == 0:
            raise Killed
        return done

    def create_run(self, experiment_id: str, name: str, started_ms: int, tags: Mapping[str, str]) -> Found:
        return self._write(lambda: super(Crashing, self).create_run(experiment_id, name, started_ms, tags))

    def log(
        self, run_id: str, params: Mapping[str, str], tags: Mapping[str, str], points: Sequence[Point]
    ) -> None:
        self._write(lambda: super(Crashing, self).log(run_id, params, tags, points))

    def log_file(self, run_id: str, file: Path, path: PurePosixPath) -> None:
        self._write(lambda: super(Crashing, self).log_file(run_id, file, path))

    def log_text(self, run_id: str, text: str, path: str) -> None:
        self._write(lambda: super(Crashing, self).log_text(run_id, text, path))

    def finish(self, run_id: str, status: str, ended_ms: int) -> None:
        self._write(lambda: super(Crashing, self).finish(run_id, status, ended_ms))

    def delete_run(self, run_id: str) -> None:
        self._write(lambda: super(Crashing, self).delete_run(run_id))

    def create_model(
        self, experiment_id: str, run_id: str, told: ModelContent, tags: Mapping[str, str]
    ) -> Found:
        return self._write(lambda: super(Crashing, self).create_model(experiment_id, run_id, told, tags))

    def log_model_file(self, model_id: str, file: Path, path: PurePosixPath) -> None:
        self._write(lambda: super(Crashing, self).log_model_file(model_id, file, path))

    def finish_model(self, model_id: str, run_id: str, told: ModelContent) -> None:
        self._write(lambda: super(Crashing, self).finish_model(model_id, run_id, told))

    def tag_model(self, model_id: str, tags: Mapping[str, str]) -> None:
        self._write(lambda: super(Crashing, self).tag_model(model_id, tags))

    def log_datasets(self, run_id: str, datasets: Sequence[DatasetContent]) -> None:
        self._write(lambda: super(Crashing, self).log_datasets(run_id, datasets))


def test_a_recording_that_dies_at_any_write_is_completed_by_its_repetition(
    store: str, reader: Reader, tmp_path: Path
) -> None:
    told = full_record("", tmp_path)
    for at in range(1, 100):
        named = replace(told, run_id=RunId(f"crash-{at}"))
        try:
            MlflowTracker(store, connect=partial(Crashing, at=at)).record(named)
        except Killed:
            check_full(reader, MlflowTracker(store).record(named), named.run_id)
        else:
            assert at > 15
            return
    pytest.fail("a recording needs more than 100 writes")


class Answerless(Client):
    """Creates runs, but its first answer is lost; what MLflow's own client does then is ask again."""

    lost = 0

    def create_run(self, experiment_id: str, name: str, started_ms: int, tags: Mapping[str, str]) -> Found:
        if not self.lost:
            self.lost += 1
            super().create_run(experiment_id, name, started_ms, tags)
        return super().create_run(experiment_id, name, started_ms, tags)

    def create_model(
        self, experiment_id: str, run_id: str, told: ModelContent, tags: Mapping[str, str]
    ) -> Found:
        super().create_model(experiment_id, run_id, told, tags)
        return super().create_model(experiment_id, run_id, told, tags)


def test_a_create_whose_answer_was_lost_leaves_no_second_run(
    store: str, reader: Reader, tmp_path: Path
) -> None:
    tracked = MlflowTracker(store, connect=Answerless).record(full_record("twice", tmp_path))
    check_full(reader, tracked, "twice")


def test_odd_names_and_values_are_recorded_and_never_fail(
    tracker: MlflowTracker, reader: Reader, tmp_path: Path
) -> None:
    stored = write_store(tmp_path / "mlruns", end_time="5000")
    (stored / "metrics" / "f1@k ü").write_text(
        "1 nan 0\n2 inf 1\n2 -inf 2\n2 -inf 2\n99999999999999999999 1 -3\n"
    )
    for kind in ("params", "tags"):
        (stored / kind).mkdir()
        (stored / kind / "empty").write_text("")
        (stored / kind / "large\nname").write_text("é" * 20_000)
        (stored / kind / "nul").write_bytes(b"\0\xff")
    (stored / "tags" / "reprise.run_id").write_text("forged")
    (stored / "artifacts").mkdir()
    (stored / "artifacts" / "a#b").write_text("x")
    model = write_model(tmp_path / "mlruns", "a.b", run=stored.name)
    (model / "metrics" / "of model@").write_text("1 nan 0\n")
    (model / "params" / "large\nname").write_text("é" * 20_000)
    (model / "tags" / "reprise.run_id").write_text("forged")
    data = write_dataset(tmp_path / "mlruns", "d" * 600, run=stored.name)
    (data / "meta.yaml").write_text((data / "meta.yaml").read_text().replace("abc12345", "0" * 100))
    tracked = tracker.record(record("odd", trial(tmp_path)))
    (child,) = reader.children(tracked, tracked.run_id).values()
    (run,) = reader.children(tracked, child.info.run_id).values()
    assert len(reader.client.get_metric_history(run.info.run_id, clean_name("f1@k ü"))) == 4
    assert len(run.data.params["large_name"]) == 6_000
    assert run.data.tags["reprise.run_id"] == "odd"
    assert reader.files(run.info.run_id) == {"left-out.txt"}
    (made,) = reader.models(tracked, "odd")
    assert (made.name, len(made.params["large_name"])) == ("a_b", 6_000)
    assert made.tags["reprise.run_id"] == "odd"
    (used,) = run.inputs.dataset_inputs
    assert (len(used.dataset.name), len(used.dataset.digest)) == (500, 36)


def test_unreadable_files_of_a_job_are_named_beside_the_rest(
    tracker: MlflowTracker, reader: Reader, tmp_path: Path
) -> None:
    (write_store(tmp_path / "mlruns") / "metrics" / "acc").write_text("what?\n")
    with pytest.raises(UserError, match="is not `timestamp value step`"):
        tracker.job_runs(tmp_path)
    tracked = tracker.record(record("unreadable", trial(tmp_path)))
    (child,) = reader.children(tracked, tracked.run_id).values()
    told = {"git_info.txt", "log.txt", "files/metrics.json", "left-out.txt"}
    assert reader.files(child.info.run_id) == told


def test_a_failed_run_is_shown_as_failed(tracker: MlflowTracker, reader: Reader, tmp_path: Path) -> None:
    failed = trial(tmp_path, reason=Reason.COMMAND_FAILED, values={})
    tracked = tracker.record(record("failed", failed))
    (child,) = reader.children(tracked, tracked.run_id).values()
    assert reader.client.get_run(tracked.run_id).info.status == "FAILED"
    assert (child.info.status, child.data.tags["reprise.reason"]) == ("FAILED", "command_failed")


def test_a_deleted_experiment_is_brought_back(tracker: MlflowTracker, reader: Reader, tmp_path: Path) -> None:
    told = record("restored-1", trial(tmp_path), experiment="deleted")
    tracked = tracker.record(told)
    reader.client.delete_experiment(tracked.experiment_id)
    again = tracker.record(replace(told, run_id=RunId("restored-2")))
    assert again.experiment_id == tracked.experiment_id


def test_recording_prints_nothing_and_leaves_nothing_where_it_runs(
    tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    tracker.conclude(tracker.record(record("silent", trial(tmp_path / "0-1"))), {}, "")
    assert capfd.readouterr() == ("", "")
    assert list(Path.cwd().iterdir()) == []


def test_a_server_that_is_not_there_is_asked_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracker = MlflowTracker("http://ann:secret@127.0.0.1:9")
    with pytest.raises(Retryable, match=r"MLflow at http://127\.0\.0\.1:9 did not answer") as raised:
        tracker.record(record("nowhere", trial(tmp_path)))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "uri", ["file:///tmp/mlruns", "mlruns", "postgresql://ann:secret@db/x", "databricks"]
)
def test_another_kind_of_store_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give an MLflow server") as raised:
        MlflowTracker(uri).prepare()
    assert "secret" not in str(raised.value)


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database at all, and long enough to be read as one" * 10)
    with pytest.raises(Refused, match=r"mlflow\.db is damaged: move it away"):
        MlflowTracker(f"sqlite:///{tmp_path}/mlflow.db").prepare()
