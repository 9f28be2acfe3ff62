"""Two backends work in one state folder, and neither takes what is the other's for its own."""

from pathlib import Path

from tests.jobs import spec

from reprise.adapters.docker.provider import DockerProvider
from reprise.adapters.process.provider import ProcessProvider
from reprise.containers.engine import Engine
from reprise.domain.run import RunId

RUN = RunId("run-1")


def test_a_run_in_a_container_is_no_orphan_of_the_process_backend(tmp_path: Path) -> None:
    containers = DockerProvider(Engine(f"unix://{tmp_path}/none.sock"), state=tmp_path, cpus=1)
    processes = ProcessProvider(tmp_path)
    containers.request(RUN, spec())
    before = sorted(tmp_path.rglob("*"))

    assert processes.owned() == ()
    processes.release(RUN)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_of_the_process_backend_has_no_folder_in_the_other(tmp_path: Path) -> None:
    processes = ProcessProvider(tmp_path)
    processes.request(RUN, spec())
    DockerProvider(Engine(f"unix://{tmp_path}/none.sock"), state=tmp_path, cpus=1).request(
        RunId("run-2"), spec()
    )

    assert processes.owned() == (RUN,)
