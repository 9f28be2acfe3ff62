"""The files are a stranger's: real ones are read completely, hostile ones are refused or skipped."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.records import write_dataset, write_model, write_store

from reprise.adapters.mlflow import bounded, filestore
from reprise.adapters.mlflow.filestore import read_job_runs, read_store
from reprise.domain.errors import UserError

JOB = """
import mlflow
from mlflow.entities import Dataset, DatasetInput
mlflow.set_experiment("mine/exp")
with mlflow.start_run(run_name="outer") as run:
    mlflow.log_params({"lr": 0.1, "note": "two\\nlines"})
    mlflow.set_tag("who", "me")
    for step in range(5):
        mlflow.log_metric("train/loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"bad": float("nan"), "large": float("inf")})
    mlflow.log_text("hi", "notes/a.txt")
    dataset = DatasetInput(Dataset("data", "digest", "local", "src"), [])
    mlflow.tracking.MlflowClient().log_inputs(run.info.run_id, datasets=[dataset])
    model = mlflow.initialize_logged_model(name="net")
    mlflow.finalize_logged_model(model.model_id, "READY")
    mlflow.log_metric("of_model", 0.7, step=3, model_id=model.model_id)
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_metric("acc", 0.5)
with mlflow.start_run(run_name="gone") as gone:
    pass
mlflow.delete_run(gone.info.run_id)
with mlflow.start_run(run_name="broken"):
    mlflow.end_run("FAILED")
mlflow.delete_experiment(mlflow.create_experiment("deleted"))
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What MLflow itself wrote, in the way that a trial has it write."""
    folder = tmp_path_factory.mktemp("job") / "mlruns"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "MLFLOW_TRACKING_URI": folder.as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    subprocess.run(
        [sys.executable, "-c", JOB],
        env=variables,
        cwd=folder.parent,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return folder


def test_what_mlflow_wrote_is_read_completely(real: Path) -> None:
    outer, inner, broken = read_store(real).runs
    assert [outer.job.name, inner.job.name, broken.job.name] == ["outer", "inner", "broken"]
    loss = outer.job.metrics["train/loss"]
    assert [(value, step) for _, value, step in loss] == [(1 / (step + 1), step) for step in range(5)]
    assert abs(loss[0][0] - time.time() * 1000) < 600_000
    assert math.isnan(outer.job.metrics["bad"][0][1])
    assert math.isinf(outer.job.metrics["large"][0][1])
    assert outer.job.metrics["of_model"][0][1:] == (0.7, 3)
    assert outer.job.params == {"lr": "0.1", "note": "two\nlines"}
    assert outer.job.tags["who"] == "me"
    assert (outer.folder / "artifacts" / "notes" / "a.txt").read_text() == "hi"
    assert (outer.status, broken.status) == (3, 4)
    assert 0 < outer.started_ms <= inner.started_ms <= outer.ended_ms


def test_the_models_and_datasets_that_mlflow_wrote_are_read_with_their_runs(real: Path) -> None:
    stored = read_store(real)
    outer = stored.runs[0]
    (model,) = stored.models
    assert (model.name, model.ready, model.source_run) == ("net", True, outer.id)
    assert [point[1:] for point in model.metrics["of_model"]] == [(0.7, 3)]
    (used,) = stored.datasets[outer.id]
    assert (used.name, used.digest, used.source_type, used.source) == ("data", "digest", "local", "src")
    assert stored.problems == ()


@pytest.mark.parametrize("place", ["datasets", "datasets/d1", "datasets/d1/meta.yaml"])
def test_a_dataset_behind_a_link_is_not_read(tmp_path: Path, place: str) -> None:
    write_store(tmp_path / "mlruns")
    write_dataset(tmp_path / "mlruns", "wine", run="a1")
    linked = tmp_path / "mlruns" / "1" / place
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    stored = read_store(tmp_path / "mlruns")
    assert stored.datasets.get("a1", ()) == ()
    assert [run.id for run in stored.runs] == ["a1"]


def test_a_model_that_cannot_be_read_keeps_no_run_back(tmp_path: Path) -> None:
    write_store(tmp_path)
    model = write_model(tmp_path, "net", run="a1")
    (model / "metrics" / "of_model").write_text("what?\n")
    stored = read_store(tmp_path)
    assert ([run.id for run in stored.runs], stored.models) == (["a1"], ())
    assert "is not `timestamp value step`" in stored.problems[0]
    assert len(read_job_runs(tmp_path)) == 1


def test_a_job_that_logged_nothing_has_no_runs(tmp_path: Path) -> None:
    assert read_job_runs(tmp_path / "mlruns") == ()


def test_runs_are_given_oldest_first(tmp_path: Path) -> None:
    write_store(tmp_path, "b", start_time="2000")
    write_store(tmp_path, "c", start_time="1000")
    write_store(tmp_path, "a", start_time="3000")
    assert [run.id for run in read_store(tmp_path).runs] == ["c", "b", "a"]


def test_deleted_runs_and_experiments_models_and_stray_files_are_skipped(tmp_path: Path) -> None:
    write_store(tmp_path, "deleted", lifecycle_stage="deleted")
    write_store(tmp_path / ".trash", "in-the-bin")
    (tmp_path / "models" / "registered").mkdir(parents=True)
    (tmp_path / "models" / "registered" / "meta.yaml").write_text("name: registered\n")
    (tmp_path / "1" / "stray.txt").write_text("?")
    assert read_job_runs(tmp_path) == ()


def test_values_with_text_after_the_step_and_without_step_are_read(tmp_path: Path) -> None:
    folder = write_store(tmp_path)
    (folder / "metrics" / "acc").write_text("10 0.5\n20 0.6 4 m-123 data digest\n")
    assert read_job_runs(tmp_path)[0].metrics == {"acc": ((10, 0.5, 0), (20, 0.6, 4))}


@pytest.mark.parametrize("line", ["", "x 0.5 1", "10", "10 half 1", "10 0.5 one", "9" * 5_000 + " 1 1"])
def test_a_line_that_is_no_value_is_named(tmp_path: Path, line: str) -> None:
    (write_store(tmp_path) / "metrics" / "acc").write_text(f"10 0.5 0\n{line}\n")
    with pytest.raises(UserError, match=r"1/a1/metrics/acc line 2 is not `timestamp value step`"):
        read_job_runs(tmp_path)


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_link, make_pipe])
@pytest.mark.parametrize("where", ["metrics/x", "params/x", "tags/x", "meta.yaml"])
def test_links_and_pipes_are_refused_without_waiting(
    tmp_path: Path, where: str, make: Callable[[Path], None]
) -> None:
    path = write_store(tmp_path) / where
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    make(path)
    with pytest.raises(UserError, match="is not a regular file"):
        read_job_runs(tmp_path)


def test_linked_folders_are_not_entered(tmp_path: Path) -> None:
    elsewhere = write_store(tmp_path / "elsewhere")
    (tmp_path / "mlruns" / "1").mkdir(parents=True)
    (tmp_path / "mlruns" / "1" / "a1").symlink_to(elsewhere)
    (tmp_path / "mlruns" / "2").symlink_to(elsewhere.parent)
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")
    assert read_job_runs(tmp_path / "mlruns") == ()
    assert read_job_runs(tmp_path / "linked") == ()


def test_a_forged_artifact_uri_is_not_looked_at(tmp_path: Path) -> None:
    write_store(tmp_path, artifact_uri="file:///etc")
    (stored,) = read_store(tmp_path).runs
    assert stored.folder == tmp_path / "1" / "a1"


def test_odd_bytes_and_names_are_read_as_text(tmp_path: Path) -> None:
    folder = write_store(tmp_path, start_time="'12'", status="many", end_time="-4")
    (folder / "params").mkdir()
    (folder / "params" / "x").write_bytes(b"\xff\x00")
    Path(os.fsdecode(os.fsencode(folder / "params") + b"/\xff")).write_text("odd")
    (stored,) = read_store(tmp_path).runs
    assert stored.job.params == {"x": "\ufffd\0", "?": "odd"}
    assert (stored.started_ms, stored.ended_ms, stored.status) == (12, 12, 0)


def test_too_many_runs_are_named(tmp_path: Path) -> None:
    for number in range(filestore.MAX_RUNS + 1):
        folder = tmp_path / "1" / str(number)
        folder.mkdir(parents=True)
        (folder / "meta.yaml").write_text(f"lifecycle_stage: active\nrun_id: {number}\n")
    with pytest.raises(UserError, match="more than 1,000 MLflow runs"):
        read_job_runs(tmp_path)


def test_too_many_values_are_named(tmp_path: Path) -> None:
    folder = write_store(tmp_path)
    half = "1 0.5 1\n" * (bounded.MAX_POINTS // 2 + 1)
    (folder / "metrics" / "a").write_text(half)
    (folder / "metrics" / "b").write_text(half)
    with pytest.raises(UserError, match="more than 1,000,000 metric values"):
        read_job_runs(tmp_path)


def test_a_sparse_giant_is_not_read_into_memory(tmp_path: Path) -> None:
    folder = write_store(tmp_path)
    (folder / "params").mkdir()
    with (folder / "params" / "x").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(UserError, match="larger than 65,536 bytes"):
        read_job_runs(tmp_path)


def test_endlessly_deep_names_are_refused(tmp_path: Path) -> None:
    folder = write_store(tmp_path) / "metrics"
    for _ in range(200):
        folder /= "d"
        folder.mkdir()
    with pytest.raises(UserError, match="name of more than 250 characters"):
        read_job_runs(tmp_path)
