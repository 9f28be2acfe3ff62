"""One box for all tests here: what it offers, and how it is asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from tests.box.index import Index, index_of

PROJECT = Path(__file__).parents[3]
ENDING_LIMIT = 60


@dataclass(frozen=True)
class Box:
    """Addresses as settings take them."""

    folder: Path
    docker_host: str
    buildkit: str
    registry: str
    base: str
    """Debian with a Python, by digest, in the registry."""
    bare: str
    """A busybox and no Python, likewise."""
    buildctl: Path
    buildx: Path
    """A plugin of Docker's command line: ``buildx.parents[1]`` is a folder for DOCKER_CONFIG."""
    index: Index

    def engine(self) -> docker.DockerClient:
        """Close it."""
        return docker.DockerClient(base_url=self.docker_host, timeout=60)


@contextmanager
def opened() -> Iterator[Box | str]:
    """A box, or the sentence that says why this machine cannot have one."""
    keeper = start_keeper()
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with keeper.stdin, keeper.stdout:
        try:
            yield read_facts(keeper.stdout.readline())
        finally:
            keeper.stdin.close()
            keeper.wait(ENDING_LIMIT)


def start_keeper() -> subprocess.Popen[bytes]:
    """In a session of its own: what is meant for the tests' process group does not reach it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.box"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def read_facts(line: bytes) -> Box | str:
    facts: dict[str, str] = json.loads(line or b'{"lacking": "the box ended without a word"}')
    if "lacking" in facts:
        return facts["lacking"]
    return Box(
        folder=Path(facts["folder"]),
        docker_host=facts["docker_host"],
        buildkit=facts["buildkit"],
        registry=facts["registry"],
        base=facts["base"],
        bare=facts["bare"],
        buildctl=Path(facts["buildctl"]),
        buildx=Path(facts["buildx"]),
        index=index_of(),
    )


def may_be_skipped() -> bool:
    """Where changes are judged, a box that cannot be had is a failure."""
    return not os.environ.get("CI")
