"""What every Provider and every Runner promises, on a real Engine: those of tests/contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.contract import test_provider, test_runner
from tests.fakes.runner import FakeJob
from tests.integration.docker import trials
from tests.integration.docker.box import Box

from reprise.ports import JobRequest, Provider, Runner

JobMaker = Callable[[FakeJob], JobRequest]


@pytest.fixture
def provider(box: Box, tmp_path: Path) -> Iterator[Provider]:
    here = trials.here(tmp_path, box.docker_host, box.base)
    yield here.provider
    here.close()


@pytest.fixture
def world(box: Box, tmp_path: Path) -> Iterator[tuple[Runner, JobMaker]]:
    here = trials.here(tmp_path, box.docker_host, box.base)
    made: list[JobRequest] = []

    def make(does: FakeJob) -> JobRequest:
        wanted = trials.spec(artifacts=("out/a.txt", "out/b.txt"))
        job = here.job(test_runner.code_of(does), wanted, name=f"{len(made)}-1")
        made.append(job)
        return job

    yield here.runner, make
    here.close()


for promises in (test_provider, test_runner):
    globals().update({name: each for name, each in vars(promises).items() if name.startswith("test_")})
