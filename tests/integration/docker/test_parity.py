"""`reprise run` on both backends: the same verdict, the same bytes; the records differ where they may."""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.examples import EXAMPLE
from tests.integration.docker.box import Box
from tests.rehearsals import Outcome, finish, start
from tests.repositories import make_repository

from reprise.domain.environment import flatten

BACKENDS = ("process", "docker")
METRICS = "runs/0-1/files/results/metrics.json"
MAY_DIFFER = {
    "container": "there is one, or there is none",
    "cpu.quota": "a container has the granted cores and no others",
    "in_process.processor_seconds": "a measurement",
    "memory.disk_free_bytes": "a measurement",
    "memory.limit_bytes": "a container has what the spec declares",
    "python.build": "the image's Python or the machine's",
    "python.compiler": "likewise",
    "python.environment": "the key of an image or of a virtual environment",
    "python.executable": "where it is",
    "python.version": "the image's Python or the machine's",
    "os": "the image's distribution or the machine's; the kernel is one",
    "run.backend": "it is the question",
    "run.cpu_seconds": "a measurement",
    "run.ended_at": "likewise",
    "run.environment.HOME": "where the trial's folders are",
    "run.environment.MLFLOW_TRACKING_URI": "likewise",
    "run.environment.PATH": "likewise",
    "run.environment.PYTHONPATH": "likewise",
    "run.environment.REPRISE_OUTPUT_DIR": "likewise",
    "run.environment.VIRTUAL_ENV": "likewise",
    "run.id": "two runs",
    "run.peak_memory_bytes": "a measurement",
    "run.seconds": "likewise",
    "run.started_at": "likewise",
}
"""Group or field → why. Everything else is equal: processor, BLAS and its kernel, packages, flags."""


@dataclass(frozen=True)
class Rehearsed:
    outcome: Outcome
    files: dict[str, bytes]
    """Of its evidence."""

    @property
    def record(self) -> dict[str, str]:
        return flatten(json.loads(self.files["runs/0-1/environment.json"]))

    @property
    def run(self) -> Any:
        return json.loads(self.files["run.json"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def rehearsed(box: Box, folder: Path) -> dict[str, Rehearsed]:
    """One state folder, one after the other: two jobs at once would measure each other."""
    files = {
        str(path.relative_to(EXAMPLE)): path.read_bytes().decode()
        for path in EXAMPLE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "results" not in path.parts
    }
    make_repository(folder / "example", files)
    return {backend: rehearse(box, folder, backend) for backend in BACKENDS}


def rehearse(box: Box, folder: Path, backend: str) -> Rehearsed:
    outcome = run(box, folder, "--backend", backend)
    with zipfile.ZipFile(outcome.result["evidence"]) as package:
        return Rehearsed(outcome, {name: package.read(name) for name in package.namelist()})


def run(box: Box, folder: Path, *words: str) -> Outcome:
    example = folder / "example"
    rehearsal = start(folder / "state", "run", example, "--json", *words, extra=settings(box))
    outcome = finish(rehearsal, seconds=400)
    assert outcome.code == 0, outcome.err + outcome.out
    return outcome


def settings(box: Box) -> dict[str, str]:
    return {
        "REPRISE_DOCKER__HOST": box.docker_host,
        "REPRISE_IMAGES__BUILDKIT": box.buildkit,
        "REPRISE_IMAGES__BASE": box.base,
        "REPRISE_IMAGES__REGISTRY": f"{box.registry}/parity",
        **box.index.environment,
        "PATH": f"{box.buildctl.parent}:{os.environ['PATH']}",
    }


def test_the_verdict_is_the_same(rehearsed: dict[str, Rehearsed]) -> None:
    process, docker = (rehearsed[backend].outcome.result for backend in BACKENDS)
    assert process["verdict"] == docker["verdict"] == "reproduced"
    assert process["level"] == docker["level"]
    assert process["claims"] == docker["claims"]
    seeds = [[(each["seed"], each["probe"]) for each in result["trials"]] for result in (process, docker)]
    assert seeds[0] == seeds[1]


def test_exact_claims_rest_on_the_same_bytes(rehearsed: dict[str, Rehearsed]) -> None:
    process, docker = (rehearsed[backend] for backend in BACKENDS)
    assert process.files[METRICS] == docker.files[METRICS]
    digests = [[trial["artifacts"] for trial in each.run["trials"]] for each in (process, docker)]
    assert digests[0] == digests[1]


def test_the_environment_records_differ_only_where_they_may(
    rehearsed: dict[str, Rehearsed], capsys: pytest.CaptureFixture[str]
) -> None:
    process, docker = (rehearsed[backend].record for backend in BACKENDS)
    different = {
        name: (process.get(name, "-"), docker.get(name, "-"))
        for name in sorted(process.keys() | docker.keys())
        if process.get(name) != docker.get(name)
    }
    with capsys.disabled():
        print(f"\nenvironment records of process and docker: {len(different)} fields differ")
        for name, (one, other) in different.items():
            print(f"  {name}: {one[:60]} | {other[:60]}")
    unexpected = [name for name in different if not _may(name)]
    assert unexpected == []
    assert docker["run.backend"] == "docker"
    assert any(name.startswith("blas.") for name in process), "nothing was compared"


def test_evidence_tells_the_image_and_what_it_was_built_from(rehearsed: dict[str, Rehearsed]) -> None:
    docker = rehearsed["docker"]
    image = docker.run["built"]["image"]
    assert image["digest"] in docker.record["container.image_digest"]
    (base,) = image["bases"]
    assert f"FROM {base['named'].partition('@')[0]}@{base['digest']}" in docker.files["Dockerfile"].decode()
    assert "backend docker, image" in docker.files["report.md"].decode()
    assert rehearsed["process"].run["built"]["image"] is None


def test_a_variation_reaches_the_container(box: Box, folder: Path, rehearsed: dict[str, Rehearsed]) -> None:
    result = run(box, folder, "--backend", "docker", "--vary", "hashseed=3").result
    before = rehearsed["docker"].outcome.result
    varied = result["varied"]
    assert (varied["factor"], varied["value"], varied["instead_of"]) == ("hashseed", "3", "0")
    assert varied["compared_with"].startswith(f"rehearsal {before['run_id']} of ")
    assert result["claims"] == before["claims"]
    (state,) = (folder / "state").glob(f"rehearsals/*/runs/{result['run_id']}")
    record = flatten(json.loads((state / "trials" / "0-1" / "environment.json").read_text()))
    assert record["in_process.environ.PYTHONHASHSEED"] == "3"
    assert record["container.image_digest"] == rehearsed["docker"].record["container.image_digest"]


def test_nothing_of_it_is_left_in_the_engine(box: Box, rehearsed: dict[str, Rehearsed]) -> None:
    client = box.engine()
    try:
        ran = rehearsed["docker"].outcome.result["run_id"]
        names = [each.name or "" for each in client.containers.list(all=True)]
        assert not [name for name in names if ran in name]
    finally:
        client.close()


def _may(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in MAY_DIFFER)
