"""`reprise run --backend chameleon`: a lease, a job in a container there, a verdict, nothing left."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.docker.box import Box, opened
from tests.integration.openstack.box import CloudBox
from tests.openstack.nodes import Dress, Nodes
from tests.rehearsals import Outcome, finish, paper, start
from tests.sshd import recorded
from tests.sshd.machine import Machine

SITE = "CHI@UC"
"""One that the catalogue knows; its machines are the box's."""
PATIENCE = 300.0
ROOT_IS_IN_DOCKER = '#!/bin/sh\ncase "$*" in *-nG*) echo cc docker ;; *) exec /usr/bin/id "$@" ;; esac\n'


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with opened() as found:
        assert isinstance(found, Box), found
        found.folder.chmod(0o711)  # the node's user goes through it to the socket
        yield found


def dressed(machine: Machine, on: str) -> None:
    """As the catalogue promises it, with Docker."""
    gpus = 1 if on.startswith("gpu-") else 0
    programs = recorded.machine(gpus=gpus, memory_gib=192)
    for name, script in {**programs, "id": ROOT_IS_IN_DOCKER}.items():
        machine.program(name, script)


@contextmanager
def nodes_of(cloud: CloudBox, box: Box, dress: Dress = dressed) -> Iterator[Nodes]:
    nodes = Nodes(cloud.place, dress, engine=Path(box.docker_host.removeprefix("unix://")))
    nodes.start()
    try:
        yield nodes
    finally:
        nodes.close()


def settings(cloud: CloudBox, box: Box) -> dict[str, str]:
    secret = cloud.people["alice"].unrestricted
    credential = {
        "auth_url": cloud.auth_url,
        "application_credential_id": secret.id,
        "application_credential_secret": secret.secret,
        "region": cloud.region,
    }
    return {
        "REPRISE_CHAMELEON__CREDENTIALS": json.dumps({SITE: credential}),
        "REPRISE_CHAMELEON__WHOLE_OVERHEAD": "600",
        "REPRISE_DOCKER__HOST": box.docker_host,
        "REPRISE_IMAGES__BUILDKIT": box.buildkit,
        "REPRISE_IMAGES__BASE": box.base,
        "REPRISE_IMAGES__REGISTRY": f"{box.registry}/leased",
        **box.index.environment,
        "PATH": f"{box.buildctl.parent}:{os.environ['PATH']}",
    }


def spec(node_type: str) -> str:
    return (
        "version: 1\nname: paper\n"
        "run: {command: [python, train.py], seed: {arg: --seed}, timeout: 2m}\n"
        f"resources: {{node_type: [{node_type}], duration: 1m}}\n"
        "claims:\n  - id: accuracy\n    metric: {file: metrics.json, pointer: /accuracy}\n"
        '    published: {value: "0.93"}\n'
    )


def rehearse(cloud: CloudBox, box: Box, folder: Path, node_type: str) -> Outcome:
    files: dict[str, Any] = {"reprise.yaml": spec(node_type)}
    repository = paper(folder / "paper", **files)
    words = ("run", repository, "--backend", "chameleon", "--json")
    return finish(start(folder / "state", *words, extra=settings(cloud, box)), seconds=PATIENCE)


def test_a_lease_runs_the_job_and_nothing_is_left(cloud_box: CloudBox, box: Box, tmp_path: Path) -> None:
    with nodes_of(cloud_box, box):
        outcome = rehearse(cloud_box, box, tmp_path, "compute_skylake")
    assert outcome.code == 0, outcome.err + outcome.out
    assert outcome.result["verdict"] == "reproduced"
    assert cloud_box.left_over() == []
    [charge] = [one for one in cloud_box.charges() if one["ongoing"] is False]
    assert charge["rate"] == 1.0
