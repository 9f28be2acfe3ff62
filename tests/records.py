"""A run's record for tests of trackers: small, whole, and with every field that matters set."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reprise.domain.run import Reason, RunId, Sha, TrialPlan, TrialResult, Value
from reprise.domain.spec.model import (
    Claim,
    Determinism,
    EnvironmentRule,
    Exact,
    FileMetric,
    Network,
    Published,
    PublishedKind,
    Resources,
    RunRule,
    SeedRule,
    Spec,
)
from reprise.ports import Built, RunRecord, TrialRecord

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED_MS = int(STARTED.timestamp() * 1000)

BUILT = Built(
    key="3f" * 32,
    location="/nowhere/env",
    layer=None,
    python="3.11.7",
    lock="uv.lock",
    lock_sha256="d" * 64,
    weak=None,
    packages={"numpy": "2.3.0", "scikit-learn": "1.7.0"},
)


def claim(id_: str, file: str = "metrics.json") -> Claim:
    published = Published("0.93", PublishedKind.SINGLE, None)
    return Claim(id_, None, FileMetric(file, f"/{id_}", None), published, Exact(), None)


def spec(*claims: Claim) -> Spec:
    return Spec(
        name="table-2",
        tags=("*",),
        run=RunRule(("python", "train.py"), ".", timedelta(hours=2), SeedRule("--seed", None, 7)),
        environment=EnvironmentRule(None, None, Network.FETCH_ONLY),
        data=(),
        resources=Resources(None, None, None),
        determinism=Determinism(None, True),
        n=1,
        allow_failed=0,
        claims=claims,
        artifacts=(),
    )


def trial(
    results: Path,
    index: int = 0,
    *,
    probe: bool = False,
    attempt: int = 1,
    reason: Reason = Reason.COMPLETED,
    values: dict[str, Value] | None = None,
) -> TrialRecord:
    """A trial that wrote a log and ``metrics.json`` with its values into ``results``."""
    values = {"accuracy": 0.9325} if values is None else values
    (results / "files").mkdir(parents=True, exist_ok=True)
    (results / "log.txt").write_text("epoch 1\n")
    (results / "files" / "metrics.json").write_text(json.dumps({**values, "loss": {"train": 0.5}}))
    result = TrialResult(
        plan=TrialPlan(index, 7 + index, probe),
        attempt=attempt,
        reason=reason,
        message="" if reason is Reason.COMPLETED else "it failed",
        exit_code=0 if reason is Reason.COMPLETED else 1,
        seconds=2.5,
        cpu_seconds=2.0,
        peak_memory_bytes=100_000_000,
        values=values,
        problems={},
        artifacts={"metrics.json": "a" * 64},
    )
    return TrialRecord(result, results, STARTED + timedelta(seconds=10 * index))


def record(run_id: str, *trials: TrialRecord, experiment: str = "table-2") -> RunRecord:
    return RunRecord(
        run_id=RunId(run_id),
        repository="ann/paper",
        experiment=experiment,
        commit=Sha("c" * 40),
        tree="e" * 40,
        ref="v1.0",
        trigger="push",
        who="ann",
        dirty=False,
        started_at=STARTED,
        ended_at=STARTED + timedelta(minutes=1),
        spec=spec(claim("accuracy")),
        spec_text="version: 1\nrun: {command: python train.py}\n",
        built=BUILT,
        trials=trials,
        params={"isolation": "none"},
        repository_url="https://forge.example/ann/paper.git",
    )


def write_surroundings(results: Path) -> None:
    """What a runner leaves of a machine with a GPU, and series of three samples."""
    machine = {"gpu": [{"name": "NVIDIA A100"}], "cuda": {"driver": "550.54"}, "cpu": {"model": "EPYC"}}
    (results / "environment.json").write_text(json.dumps(machine))
    (results / "nvidia-smi.xml").write_text("<nvidia_smi_log/>")
    at_ms = [STARTED_MS, STARTED_MS + 1_000, STARTED_MS + 2_000]
    series = {"cpu_utilization_percentage": [None, 97.5, 98.5]}
    text = json.dumps({"version": 1, "at_ms": at_ms, "series": series})
    (results / "system-metrics.json").write_text(text)


def write_store(mlruns: Path, run: str = "a1", *, experiment: str = "1", **meta: str) -> Path:
    """The folder of a run in MLflow's file store, without any metric yet."""
    folder = mlruns / experiment / run
    (folder / "metrics").mkdir(parents=True)
    told = {"lifecycle_stage": "active", "run_id": run, "start_time": "1000", "status": "3", **meta}
    (folder / "meta.yaml").write_text("".join(f"{key}: {value}\n" for key, value in told.items()))
    return folder


def write_model(mlruns: Path, name: str, *, run: str, experiment: str = "1", status: str = "2") -> Path:
    """The folder of a model that this run made at step 3, as MLflow's file store keeps it."""
    folder = mlruns / experiment / "models" / f"m-{name}"
    texts = {
        folder / "meta.yaml": f"model_id: m-{name}\nname: {name}\nmodel_type: null\n"
        f"source_run_id: {run}\nstatus: {status}\nstatus_message: null\n",
        folder / "params" / "depth": "2",
        folder / "tags" / "by": "me",
        folder / "metrics" / "of_model": f"1000 0.7 3 {run}\n",
        folder / "artifacts" / "weights" / "w.txt": "1 2 3",
        mlruns / experiment / run / "outputs" / f"m-{name}" / "meta.yaml": f"destination_id: m-{name}\n"
        f"destination_type: MODEL_OUTPUT\nsource_id: {run}\nsource_type: RUN_OUTPUT\nstep: 3\ntags: {{}}\n",
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def write_dataset(mlruns: Path, name: str, *, run: str, experiment: str = "1") -> Path:
    """The folder of a dataset that this run trained on."""
    folder = mlruns / experiment / "datasets" / "d1"
    link = mlruns / experiment / run / "inputs" / "i1"
    texts = {
        folder / "meta.yaml": f"digest: abc12345\nname: {name}\nprofile: '{{\"rows\": 178}}'\n"
        f"schema: '{{}}'\nsource: '{{\"uri\": \"data/{name}.csv\"}}'\nsource_type: local\n",
        link / "meta.yaml": f"destination_id: {run}\ndestination_type: RUN\nsource_id: d1\n"
        "source_type: DATASET\ntags:\n  mlflow.data.context: training\n",
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
