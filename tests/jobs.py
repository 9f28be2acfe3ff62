"""Specs and trials for tests of the process backend, and waiting for what real processes do."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from reprise.domain.run import RunId, Sha
from reprise.domain.spec import model
from reprise.ports import Built, Finished, JobRequest, Lost, Runner, Running

T = TypeVar("T")
COMMIT = Sha("c0ffee" + "0" * 34)
COMMITTED_AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
RUN_ID = RunId("run-1")


def spec(
    *command: str,
    metrics: tuple[str, ...] = (),
    artifacts: tuple[str, ...] = (),
    data: tuple[model.DataFile, ...] = (),
    workdir: str = ".",
    timeout_seconds: float = 30,
    seed: model.SeedRule | None = None,
    threads: int | None = None,
    network: model.Network = model.Network.FETCH_ONLY,
    cpus: int | None = None,
    memory_bytes: int | None = None,
    gpus: int = 0,
) -> model.Spec:
    return model.Spec(
        name="example",
        tags=("*",),
        run=model.RunRule(command or ("python", "job.py"), workdir, timedelta(seconds=timeout_seconds), seed),
        environment=model.EnvironmentRule(None, None, network),
        data=data,
        resources=model.Resources(cpus, memory_bytes, None, gpus),
        determinism=model.Determinism(threads, True),
        n=1,
        allow_failed=0,
        claims=tuple(_claim(index, file) for index, file in enumerate(metrics)),
        artifacts=tuple(model.Artifact(path, None, False) for path in artifacts),
    )


def _claim(index: int, file: str) -> model.Claim:
    published = model.Published("1.0", model.PublishedKind.SINGLE, None)
    metric = model.FileMetric(file, "/x", None)
    return model.Claim(f"claim-{index}", None, metric, published, model.Exact(), None)


def job(root: Path, wanted: model.Spec, *, name: str = "0-1", seed: int = 0) -> JobRequest:
    """A trial below ``root`` with an empty tree and an environment that has only ``python``."""
    folder = root / "work" / RUN_ID / "trials" / name
    tree = folder / "tree"
    tree.mkdir(parents=True)
    return JobRequest(
        folder=folder,
        results=root / "runs" / RUN_ID / "trials" / name,
        tree=tree,
        run_id=RUN_ID,
        commit=COMMIT,
        committed_at=COMMITTED_AT,
        spec=wanted,
        built=built(root / "environment"),
        seed=seed,
        cpus=2,
    )


def python_job(root: Path, code: str, wanted: model.Spec | None = None, *, name: str = "0-1") -> JobRequest:
    """A trial that runs this Python code from ``job.py``."""
    request = job(root, wanted or spec(), name=name)
    (request.tree / "job.py").write_text(code)
    return request


def built(location: Path, layer: str | None = None) -> Built:
    bin_folder = location / "bin"
    if not bin_folder.exists():
        bin_folder.mkdir(parents=True)
        (bin_folder / "python").symlink_to(os.path.realpath(sys.executable))
    return Built("key", str(location), layer, "3.11.2", "requirements.txt", "0" * 64, None, {})


def until(condition: Callable[[], T | None], *, seconds: float = 15) -> T:
    """The first true answer; a failure when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


def ended(runner: Runner, request: JobRequest, *, seconds: float = 15) -> Finished | Lost:
    deadline = time.monotonic() + seconds
    while isinstance(seen := runner.observe(request), Running):
        assert time.monotonic() < deadline, f"still running after {seconds} s"
        time.sleep(0.01)
    return seen


def finished(runner: Runner, request: JobRequest, *, seconds: float = 15) -> Finished:
    """Start the trial and wait for its end."""
    failed = runner.start(request)
    assert failed is None, failed
    end = ended(runner, request, seconds=seconds)
    assert isinstance(end, Finished), end
    return end


def remove_short_names(root: Path) -> None:
    """Links that trials below ``root`` have for their temporary folders, when nobody released them."""
    for link in Path(tempfile.gettempdir()).glob("reprise-*"):
        if link.is_symlink() and os.readlink(link).startswith(f"{root}/"):
            link.unlink()
