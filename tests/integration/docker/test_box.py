"""The box itself: what the other tests here take for granted."""

import shlex
import subprocess
from pathlib import Path

import docker
from tests.integration.docker.box import Box, build

LIMIT = 120


def test_an_image_is_pulled_by_digest_and_runs_without_a_network(
    box: Box, engine: docker.DockerClient
) -> None:
    image = engine.images.pull(box.base)
    assert box.base in image.attrs["RepoDigests"]
    code = "import os, sys; print(sys.version_info[:2], os.listdir('/sys/class/net'))"
    said = engine.containers.run(box.base, ["python3", "-c", code], network_mode="none", remove=True)
    assert said.decode().strip() == "(3, 11) ['lo']"


def test_a_container_may_have_a_way_out(box: Box, engine: docker.DockerClient) -> None:
    said = engine.containers.run(
        box.base,
        ["python3", "-c", "import socket; print(sorted(name for _, name in socket.if_nameindex()))"],
        remove=True,
    )
    assert said.decode().strip() == "['eth0', 'lo']"
    route = engine.containers.run(box.base, ["cat", "/proc/net/route"], remove=True).decode().splitlines()
    assert route[1].split()[:2] == ["eth0", "00000000"]


def test_limits_hold(box: Box, engine: docker.DockerClient) -> None:
    container = engine.containers.create(
        box.base,
        ["python3", "-c", "bytearray(256 << 20)"],
        mem_limit="64m",
        memswap_limit="64m",
        pids_limit=16,
        nano_cpus=500_000_000,
        network_mode="none",
    )
    container.start()
    ended = container.wait(timeout=LIMIT)
    container.reload()
    assert (ended["StatusCode"], container.attrs["State"]["OOMKilled"]) == (137, True)
    limits = container.attrs["HostConfig"]
    assert (limits["Memory"], limits["PidsLimit"], limits["NanoCpus"]) == (64 << 20, 16, 500_000_000)
    container.remove()


def test_more_processes_than_allowed_are_refused(box: Box, engine: docker.DockerClient) -> None:
    code = "import subprocess, sys\nfor _ in range(20):\n  subprocess.Popen(['sleep', '30'])"
    container = engine.containers.create(box.base, ["python3", "-c", code], pids_limit=8, network_mode="none")
    container.start()
    assert container.wait(timeout=LIMIT)["StatusCode"] == 1
    assert b"BlockingIOError" in container.logs()
    container.remove(force=True)


def test_the_same_context_builds_to_the_same_digest(box: Box, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {box.base}\nRUN date +%N > /when && rm /when\n")
    digests = {build(box, tmp_path, f"{box.registry}/same:{name}", "--no-cache") for name in ("one", "two")}
    assert len(digests) == 1


def test_buildx_builds_with_the_same_buildkit(box: Box, engine: docker.DockerClient, tmp_path: Path) -> None:
    context, environment = tmp_path / "context", box.command_line(tmp_path / "docker")
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {box.bare}\nRUN true\n")
    name = f"{box.registry}/buildx"
    for words in (
        ["create", "--name", "ours", "--driver", "remote", box.buildkit],
        ["build", "--builder", "ours", "--push", "--provenance=false", "--tag", name, str(context)],
    ):
        done = subprocess.run(
            ["docker", "buildx", *words], env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        assert done.returncode == 0, done.stderr
    assert engine.images.pull(name, tag="latest").attrs["RepoTags"] == [f"{name}:latest"]


def test_a_build_step_reaches_the_package_index_as_this_machine_does(box: Box, tmp_path: Path) -> None:
    """With its settings and its certificates as secrets, so that neither gets into the image."""
    assert box.index.ca is not None
    settings = tmp_path / "index.env"
    settings.write_text("".join(f"export {n}={shlex.quote(v)}\n" for n, v in box.index.environment.items()))
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(
        f"FROM {box.base}\n"
        "RUN --mount=type=secret,id=ca,target=/run/ca.pem --mount=type=secret,id=index \\\n"
        "  . /run/secrets/index && export PIP_CERT=/run/ca.pem && python3 -m venv /tmp/venv && \\\n"
        "  /tmp/venv/bin/pip install --quiet --no-deps --target /packages six==1.17.0\n"
    )
    secrets = ["--secret", f"id=ca,src={box.index.ca}", "--secret", f"id=index,src={settings}"]
    assert build(box, context, f"{box.registry}/installed", *secrets).startswith("sha256:")


def test_a_bare_image_has_no_python(box: Box, engine: docker.DockerClient) -> None:
    said = engine.containers.run(box.bare, ["sh", "-c", "ls /bin"], remove=True, network_mode="none")
    assert "python" not in said.decode()
