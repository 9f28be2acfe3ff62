"""`reprise serve` that is killed on the way to a leased machine and on it: one lease, one verdict."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docker.models.containers import Container
from tests.integration.docker.box import Box
from tests.integration.openstack.box import CloudBox
from tests.integration.openstack.leased import CPU, nodes_of, settings
from tests.integration.spine import papers
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.town import Paper, Town, assert_told_once

from reprise.containers import inside

PATIENCE = 240.0
WAITS = """\
import os, time
print("waiting", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
"""
RESOURCES = f"resources: {{node_type: [{CPU}], duration: 1m}}\n"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with closing(Town(tmp_path / "town")) as made:
        yield made


def test_a_controller_killed_before_and_during_the_lease_goes_on_with_it(
    cloud_box: CloudBox, box: Box, town: Town, tmp_path: Path
) -> None:
    paper = town.repository("leased")
    controller = serving(cloud_box, box, town, paper, tmp_path)
    with nodes_of(cloud_box, box), closing(box.engine()) as engine:

        def job() -> Container | None:
            return next(iter(engine.containers.list()), None)

        with controller:
            sha = paper.push_tag(leased(), "v1")
            until(cloud_box.left_over, seconds=PATIENCE, what=controller.log.read_text)
            controller.kill()
            controller.start()
            container = until(job, seconds=PATIENCE, what=controller.log.read_text, pause=0.3)
            assert len(cloud_box.charges()) == 1
            controller.kill()
            container.exec_run(["touch", "go"], workdir=str(inside.TREE))
            controller.start()
            run = controller.await_run("v1")
            assert run["verdict"] == "reproduced"
            assert_told_once(paper, sha)
    assert cloud_box.left_over() == []
    assert [one["ongoing"] for one in cloud_box.charges()] == [False]


def serving(cloud: CloudBox, box: Box, town: Town, paper: Paper, folder: Path) -> Controller:
    made = Controller(
        folder / "controller",
        town,
        folder / "cache",
        watch=paper.name,
        REPRISE_BACKENDS="chameleon",
        **settings(cloud, box),
    )
    paper.hook(made.url)
    return made


def leased() -> dict[str, str | bytes]:
    return papers.paper(WAITS + papers.writes("0.97"), papers.SPEC.replace("1m}", "10m}") + RESOURCES)
