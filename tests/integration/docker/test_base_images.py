"""The base images of runner-image/, made as its README says: pinned, built, pushed, and worked in.

Debian stands for the images of ``bases.txt``, whose registries not every machine reaches.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.docker import trials
from tests.integration.docker.box import PROJECT, Box

from reprise.domain.run import Reason

NAMES = ("cpu", "cuda", "rocm")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
"""Of this machine, for ``apt-get``; BuildKit keeps them out of the image."""
LIMIT = 120
USES = """\
import ctypes, ssl, venv
ctypes.CDLL("libgomp.so.1")
assert ssl.create_default_context().cert_store_stats()["x509_ca"]
"""


@pytest.fixture(scope="module")
def pinned(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bases")
    (folder / "bases.txt").write_text("".join(f"{name} {box.registry}/debian:bookworm\n" for name in NAMES))
    pin("--bases", folder / "bases.txt", "--pinned", folder / "bases.pinned.txt")
    return folder / "bases.pinned.txt"


@pytest.fixture(scope="module")
def docker(box: Box, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for ``docker buildx``."""
    variables = box.command_line(tmp_path_factory.mktemp("docker"))
    create = ["docker", "buildx", "create", "--use", "--name", "ours", "--driver", "remote", box.buildkit]
    said(create, variables)
    return variables


@pytest.mark.parametrize("name", NAMES)
def test_a_base_image_is_built_on_what_was_pinned_and_a_job_runs_in_it(
    box: Box, docker: dict[str, str], pinned: Path, tmp_path: Path, name: str
) -> None:
    base = pin("show", name, "--pinned", pinned)
    assert base == box.base.replace("@", ":bookworm@")
    image, facts = f"{box.registry}/reprise-base", tmp_path / "facts.json"
    proxies = {each: value for each, value in box.index.environment.items() if each.lower() in PROXIES}
    said(
        [
            *("docker", "buildx", "build", "--file", f"runner-image/{name}.Dockerfile"),
            *("--build-arg", f"BASE={base}", "--tag", f"{image}:{name}", "--push"),
            *(word for proxy in proxies for word in ("--build-arg", proxy)),
            *("--metadata-file", str(facts), "runner-image"),
        ],
        {**docker, **proxies},
    )
    digest = json.loads(facts.read_text())["containerimage.digest"]
    here = trials.here(tmp_path, box.docker_host, f"{image}@{digest}")
    assert here.finished(USES).reason is Reason.COMPLETED, here.log()
    here.close()


def test_without_a_base_nothing_is_built(docker: dict[str, str]) -> None:
    build = ["docker", "buildx", "build", "--file", "runner-image/cpu.Dockerfile", "runner-image"]
    done = subprocess.run(build, cwd=PROJECT, env=docker, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode != 0
    assert "base name (${BASE}) should not be blank" in done.stderr


def pin(*arguments: str | Path) -> str:
    return said([sys.executable, "runner-image/pin.py", *map(str, arguments)])


def said(command: list[str], variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
