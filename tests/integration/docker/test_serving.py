"""`reprise serve` with both backends: each run where its commit belongs, neither takes the other's."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container
from tests.integration.docker import trials
from tests.integration.docker.box import Box
from tests.integration.docker.test_parity import settings
from tests.integration.spine import papers
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.town import Paper, Town, assert_told_once

from reprise import bootstrap
from reprise.containers import inside, names
from reprise.domain.backend import DOCKER, PROCESS
from reprise.domain.run import RunId
from reprise.engine.reaper import Reaper
from reprise.engine.world import World
from reprise.settings import Settings, Tracking
from reprise.settings.containers import Docker

pytestmark = pytest.mark.real

WAITS = """\
import os, time
print("waiting", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
"""


@dataclass(frozen=True)
class Serving:
    controller: Controller
    imaged: Paper
    """Its environment is a Dockerfile, which only containers can be made of."""
    plain: Paper
    """Its lock can be installed on either, so it goes to the default."""


@pytest.fixture
def serving(box: Box, tmp_path: Path) -> Iterator[Serving]:
    with closing(Town(tmp_path / "town")) as town:
        imaged, plain = town.repository("imaged"), town.repository("plain")
        controller = Controller(
            tmp_path / "controller",
            town,
            tmp_path / "cache",
            watch=f"{imaged.name},{plain.name}",
            REPRISE_BACKENDS="process,docker",
            **settings(box),
        )
        for paper in (imaged, plain):
            paper.hook(controller.url)
        with controller:
            until(lambda: len(controller.said("repository watched")) == 2)
            yield Serving(controller, imaged, plain)


def test_each_run_is_where_its_commit_belongs_and_a_live_one_is_nobodys_orphan(
    box: Box, engine: docker.DockerClient, serving: Serving
) -> None:
    controller = serving.controller
    on_docker = serving.imaged.push_tag(imaged(box), "v1")
    container = until(lambda: running(engine, controller.state), what=controller.log.read_text)

    on_process = serving.plain.push_tag(papers.tiny("plain"), "v2")
    beside = controller.await_run("v2")
    with world_of(box, controller) as world:
        give_back_what_is_nobodys(world)
    container.exec_run(["touch", "go"], workdir=str(inside.TREE))
    run = controller.await_run("v1")

    told = [(each["backend"], each["verdict"]) for each in (run, beside)]
    assert told == [(DOCKER, "reproduced"), (PROCESS, "reproduced")]
    assert_told_once(serving.imaged, on_docker)
    assert_told_once(serving.plain, on_process)
    assert left(engine, controller.state) == []


def imaged(box: Box) -> dict[str, str | bytes]:
    spec = papers.SPEC.replace("[python,", "[python3,").replace("timeout: 1m", "timeout: 10m")
    files = papers.paper(WAITS + papers.writes("0.97"), spec)
    del files["requirements.txt"]
    return {**files, "Dockerfile": f"FROM {box.base}\n"}


@contextmanager
def world_of(box: Box, controller: Controller) -> Iterator[World]:
    """Its parts once more, as `serve` makes them: its own reaper looks only once a minute."""
    made = bootstrap.controller(
        Settings(
            state_dir=controller.state,
            backends=(PROCESS, DOCKER),
            docker=Docker(host=box.docker_host),
            tracking=Tracking(uri=controller.store),
        )
    )
    try:
        yield made.world
    finally:
        made.stop()


def give_back_what_is_nobodys(world: World) -> None:
    """One run that nobody knows on each backend, and nothing else."""
    reaper, nobodys = Reaper(), RunId("r-nobody")
    for backend in world.backends.values():
        backend.provider.request(nobodys, trials.spec())
    assert reaper.reap(world) == ()
    assert reaper.reap(world) == (nobodys, nobodys)
    assert reaper.reap(world) == ()


def running(engine: docker.DockerClient, state: Path) -> Container | None:
    """The container of the one trial."""
    found: list[Container] = engine.containers.list(filters=ours(state))
    return found[0] if found else None


def left(engine: docker.DockerClient, state: Path) -> list[str]:
    found = [
        *engine.containers.list(all=True, filters=ours(state)),
        *engine.networks.list(filters=ours(state)),
        *engine.volumes.list(filters=ours(state)),
    ]
    return [str(each.attrs) for each in found]


def ours(state: Path) -> dict[str, str | list[str] | bool]:
    return {"label": [f"{name}={value}" for name, value in names.of_state(state).items()]}
