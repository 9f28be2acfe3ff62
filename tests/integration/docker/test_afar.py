"""The Engine as if it were on another machine: it reads none of our folders, and we none of its."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs
from tests.contract import test_runner
from tests.fakes.runner import FakeJob
from tests.integration.docker import test_adoption, test_hostile, trials
from tests.integration.docker.box import Box
from tests.integration.docker.trials import Here

from reprise.containers.afar import Afar
from reprise.containers.engine import Engine
from reprise.containers.own_python import own_python
from reprise.containers.wish import Limits
from reprise.ports import JobRequest, Runner

JobMaker = Callable[[FakeJob], JobRequest]
LIMITS = Limits(memory_bytes=256_000_000, pids=64, disk_bytes=100_000_000, log_bytes=1_000_000)


def afar(state: Path, box: Box, **more: object) -> Here:
    engine = Engine(box.docker_host)
    place = Afar(engine, state, disk_bytes=100_000_000, python=own_python)
    return trials.here(state, box.docker_host, box.base, engine=engine, place=place, limits=LIMITS, **more)


@pytest.fixture
def here(box: Box, tmp_path: Path) -> Iterator[Here]:
    (tmp_path / "token").write_text("the controller's secret")
    made = afar(tmp_path, box, grace=timedelta(seconds=0.5))
    made.provider.request(jobs.RUN_ID, trials.spec())
    yield made
    made.close()


@pytest.fixture
def world(box: Box, tmp_path: Path) -> Iterator[tuple[Runner, JobMaker]]:
    here = afar(tmp_path, box)
    made: list[JobRequest] = []

    def make(does: FakeJob) -> JobRequest:
        wanted = trials.spec(artifacts=("out/a.txt", "out/b.txt"))
        job = here.job(test_runner.code_of(does), wanted, name=f"{len(made)}-1")
        made.append(job)
        return job

    yield here.runner, make
    here.close()


for promises in (test_runner, test_hostile, test_adoption):
    globals().update({name: each for name, each in vars(promises).items() if name.startswith("test_")})
