"""A rehearsal on a backend that does not work now says so at once: somebody is waiting for it."""

from pathlib import Path

import pytest
from tests.rehearsals import paper, reprise

pytestmark = pytest.mark.real


def test_an_engine_that_is_not_there_is_told_before_anything_begins(tmp_path: Path) -> None:
    socket = f"unix://{tmp_path}/none.sock"
    done = reprise(
        tmp_path / "state",
        *("run", "--backend", "docker", paper(tmp_path / "paper")),
        extra={"REPRISE_DOCKER__HOST": socket},
    )
    assert (done.code, done.out) == (4, "")
    assert f"the Docker Engine at {socket} did not answer" in done.err
    assert not list((tmp_path / "state").rglob("reprise.db"))


def test_docker_alone_is_looked_at_whatever_the_backends_are(tmp_path: Path) -> None:
    nothing = f"unix://{tmp_path}/none.sock"
    named = {
        "REPRISE_DOCKER__HOST": nothing,
        "REPRISE_IMAGES__BUILDKIT": nothing,
        "REPRISE_IMAGES__REGISTRY": "127.0.0.1:9/reprise",
    }
    done = reprise(tmp_path / "state", "doctor", "docker", "--json", extra=named)
    found = {each["name"]: each["ok"] for each in done.result["findings"]}
    assert (done.code, found) == (
        1,
        {"docker": False, "docker gpus": True, "buildkit": False, "registry": False},
    )
