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
from tests.box import daemons, packages, programs
from tests.box.index import Index, index_of

PROJECT = Path(__file__).parents[3]
ENDING_LIMIT = 60
BUILDING_LIMIT = 120


@dataclass(frozen=True)
class Box:
    """Addresses as settings take them."""

    folder: Path
    docker_host: str
    buildkit: str
    registry: str
    base: str
    """Debian with a Python, by digest, in the registry; there also as ``debian:bookworm``."""
    bare: str
    """A busybox and no Python, likewise; there also as ``bare:latest``."""
    buildctl: Path
    buildx: Path
    """A plugin of Docker's command line; see ``command_line``."""
    index: Index

    def engine(self) -> docker.DockerClient:
        """Close it."""
        return docker.DockerClient(base_url=self.docker_host, timeout=60)

    def command_line(self, folder: Path) -> dict[str, str]:
        """Variables for ``docker``, which keeps what it writes in ``folder`` and finds buildx there."""
        plugins = folder / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-buildx").symlink_to(self.buildx)
        paths = {"PATH": packages.SYSTEM_PATH, "HOME": str(folder), "DOCKER_CONFIG": str(folder)}
        return {**paths, "DOCKER_HOST": self.docker_host}

    def pid(self, name: str) -> int:
        """Of ``dockerd``, ``docker-registry`` or ``buildkitd``. Who kills one opens a box for that."""
        return int((self.folder / f"{name}.pid").read_text())

    def restart_buildkit(self) -> subprocess.Popen[bytes]:
        """After it was killed: with the same folder and address. Wait for it after the box has ended it."""
        built = programs.programs()
        daemon = daemons.start_buildkit(self.folder, built, self.registry)
        daemons.await_answer(daemon, lambda: daemons.buildkit_answers(self.folder, built))
        return daemon.process


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
    assert line, "the box ended without a word; what happened is above"
    facts: dict[str, str] = json.loads(line)
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


def build(box: Box, context: Path, name: str, *options: str) -> str:
    """Builds and pushes what a folder's Dockerfile says, without the project's builder: the digest."""
    facts = context / "facts.json"
    command: list[str | Path] = [
        box.buildctl, "--addr", box.buildkit, "build", "--frontend", "dockerfile.v0", *options,
        "--local", f"context={context}", "--local", f"dockerfile={context}",
        "--opt", "build-arg:SOURCE_DATE_EPOCH=1700000000", "--metadata-file", facts,
        "--output", f"type=image,name={name},push=true,rewrite-timestamp=true",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILDING_LIMIT)
    assert done.returncode == 0, done.stderr
    digest: str = json.loads(facts.read_text())["containerimage.digest"]
    return digest
